"""People to be decoded, as their files are: a table, group tables, a FreeSurfer folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.local_files import folder_with, participants_files
from neurodecode.datasets.morphometry import folder as with_people
from neurodecode.datasets.morphometry import local, simulated
from neurodecode.datasets.morphometry.checks import require_distinct
from neurodecode.datasets.morphometry.freesurfer import has_subjects, read_freesurfer
from neurodecode.datasets.morphometry.group_tables import find_group_tables, table_head
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT
from neurodecode.datasets.morphometry.visits import SCAN
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd


def read_people(
    path: Path, *, trained: Mapping[str, Any] | None = None, **options: Any
) -> pd.DataFrame:
    """Return a table with a row per person, or per scan where a table of visits names them.

    Parameters
    ----------
    path : Path
        A CSV or TSV file as :func:`neurodecode.datasets.morphometry.local.read_table` reads it; a
        group table or a folder as
        :func:`~neurodecode.datasets.morphometry.freesurfer.read_freesurfer` does, with
        ``people.csv`` or ``visits.csv`` beside, or ``participants.tsv`` beside or above, where
        covariates are needed; also the data set that has that folder in ``derivatives/``.
    trained : mapping, optional
        Options of the training's reader, of which those are taken that fit: names and codes of
        columns. A table need not say the groups.
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
    path = (folder_with(path, has_subjects) if path.is_dir() else None) or path
    reader, people = _reader_of(path)
    known = {} if people is None else _names_of(people, trained or {})
    table = reader(path, **{"missing": "keep", **known, **options})
    if SCAN in table:
        named = table[table[SCAN].fillna("").ne("")]
        require_distinct(named[SCAN], where=str(path), kind="scan")
        return named.set_index(SCAN)
    return table.rename_axis(SUBJECT)


def _reader_of(path: Path) -> tuple[Any, Path | None]:
    """Return what reads a file or folder, and the table of people whose columns have names."""
    if path.is_file():
        return (local.read_table, path) if table_head(path) is None else (read_freesurfer, None)
    if (path / simulated.VISITS).is_file():
        return with_people.read_table, None
    if not (has_subjects(path) or find_group_tables(path)):
        tables = list(path.glob("*.csv"))
        return local.read_table, tables[0] if len(tables) == 1 else None
    if (path / with_people.PEOPLE).is_file() or participants_files(path):
        return with_people.read_table, with_people.people_table(path)
    return read_freesurfer, None


def _names_of(table: Path, trained: Mapping[str, Any]) -> dict[str, Any]:
    """Return the training's names and codes of columns, without a group that is not here."""
    columns, codes = dict(trained.get("columns") or {}), dict(trained.get("codes") or {})
    if columns.get(GROUP, GROUP) not in read_csv(table):
        columns.pop(GROUP, None)
        codes.pop(GROUP, None)
    return {"columns": columns, "codes": codes}
