"""Comma-separated tables of published recordings, packed or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

_BROKEN = (pd.errors.ParserError, pd.errors.EmptyDataError, OSError, EOFError, ValueError)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a whole ``.csv`` or ``.csv.gz``.

    Raises
    ------
    DataFault
        If it is an error page, cut short, or no table.
    """
    sniff(path)
    try:
        return pd.read_csv(path)
    except _BROKEN as error:
        raise DataFault(f"not a whole CSV file: {error}", where=str(path)) from error
