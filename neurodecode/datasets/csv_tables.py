"""Comma-separated tables of published recordings, packed or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

_BROKEN = (pd.errors.ParserError, pd.errors.EmptyDataError, OSError, EOFError, ValueError)


def read_csv(path: Path, *, text: bool = False) -> pd.DataFrame:
    """Read a whole ``.csv``, ``.csv.gz`` or, separated by tabs, ``.tsv``.

    Parameters
    ----------
    path : Path
    text : bool, default False
        Leave all entries as they are written, empty ones as "".

    Raises
    ------
    DataFault
        If it is missing, an error page, cut short, or no table.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="put it there again")
    sniff(path)
    separator = "\t" if ".tsv" in path.suffixes else ","
    try:
        if text:
            return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
        return pd.read_csv(path, sep=separator)
    except _BROKEN as error:
        raise DataFault(f"not a whole CSV file: {error}", where=str(path)) from error
