"""People to be decoded, as their files are: a table, group tables, a FreeSurfer folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.datasets.morphometry import folder as with_people
from neurodecode.datasets.morphometry import local, simulated
from neurodecode.datasets.morphometry.checks import require_distinct
from neurodecode.datasets.morphometry.freesurfer import read_freesurfer
from neurodecode.datasets.morphometry.group_tables import find_group_tables, table_head
from neurodecode.datasets.morphometry.names import SUBJECT
from neurodecode.datasets.morphometry.visits import SCAN
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def read_people(path: Path, **options: Any) -> pd.DataFrame:
    """Return a table with a row per person, or per scan where a table of visits names them.

    Parameters
    ----------
    path : Path
        A CSV or TSV file as :func:`neurodecode.datasets.morphometry.local.read_table` reads it; a
        group table or a folder as
        :func:`~neurodecode.datasets.morphometry.freesurfer.read_freesurfer` does, with
        ``people.csv`` or ``visits.csv`` beside where covariates are needed.
    **options
        Of the reader: ``units="convert"``; of a CSV file ``columns`` and ``codes``.

    Returns
    -------
    DataFrame
        Index ``subject`` or ``scan``; values that are missing, negative, or a thickness of zero
        are NaN.

    Raises
    ------
    DataFault
        If nothing is there, a table is broken or in another unit, or a name occurs twice.
    """
    if not path.exists():
        raise DataFault("file or folder not found", where=str(path),
                        fix="give a CSV file or a FreeSurfer folder")  # fmt: skip
    table = _reader_of(path)(path, **{"missing": "keep", **options})
    if SCAN in table:
        named = table[table[SCAN].fillna("").ne("")]
        require_distinct(named[SCAN], where=str(path), kind="scan")
        return named.set_index(SCAN)
    return table.rename_axis(SUBJECT)


def _reader_of(path: Path) -> Any:
    if path.is_file():
        return local.read_table if table_head(path) is None else read_freesurfer
    if any((path / name).is_file() for name in (with_people.PEOPLE, simulated.VISITS)):
        return with_people.read_table
    measured = any(path.glob("*/stats/aseg.stats")) or find_group_tables(path)
    return read_freesurfer if measured else local.read_table
