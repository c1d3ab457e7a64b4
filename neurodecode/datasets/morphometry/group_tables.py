"""Tables that ``asegstats2table`` and ``aparcstats2table`` write: a row per subject.

Separated by tabs (or commas, semicolons, spaces, as the tools' ``--delimiter`` says). The head of
the first column tells what the table is: ``Measure:volume`` for volumes of ``aseg``,
``lh.aparc.thickness`` for the cortex; its entries are the subjects. Tables of other atlases
(``lh.aparc.a2009s.thickness``) are not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.datasets.morphometry.checks import require_distinct, require_numbers
from neurodecode.datasets.morphometry.names import (
    ETIV_NAMES,
    SUBJECT,
    WHOLE_BRAIN,
    measure_name,
    structure_name,
)
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

ENDINGS = (".tsv", ".csv", ".txt", ".dat", ".table", ".stats")
_ASEG = re.compile(r"measure:\s*(\w+)$", re.IGNORECASE)
_APARC = re.compile(r"([lr]h)\.aparc\.(volume|thickness|area)$")
_BROKEN = (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError)


def find_group_tables(folder: Path) -> dict[str, Path]:
    """Return the group tables of a folder by the head of their first column, that of aseg first.

    Raises
    ------
    DataFault
        If two files have the same head.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        head = table_head(path) if path.is_file() and path.suffix in ENDINGS else None
        if head is None:
            continue
        if head in found:
            what = f"{found[head].name} and {path.name} are both tables of {head}"
            raise DataFault(what, where=str(folder), fix="keep one of them")
        found[head] = path
    return dict(sorted(found.items(), key=lambda entry: (not _ASEG.match(entry[0]), entry[0])))


def table_head(path: Path) -> str | None:
    """Return the head of the first column if a file is a group table of aseg or aparc."""
    with path.open("rb") as file:
        line = file.readline(1 << 16).decode("utf-8", errors="replace").lstrip("\ufeff")
    head = re.split(r"[\t,; ]", line.strip(), maxsplit=1)[0].strip('"')
    return head.lower() if _ASEG.match(head) or _APARC.match(head.lower()) else None


def read_group_table(path: Path, *, whole_brain: bool = False) -> pd.DataFrame:
    """Read one table.

    Parameters
    ----------
    path : Path
    whole_brain : bool, default False
        Keep sums and means over the brain.

    Returns
    -------
    DataFrame
        Index ``subject``; measures by our names, and ``etiv`` in mm3 where the table has it.

    Raises
    ------
    DataFault
        If the file is no such table, cut short, not of volumes where it is of ``aseg``, or names
        a subject twice.
    """
    sniff(path)
    head = table_head(path)
    if head is None:
        raise DataFault("no table of asegstats2table or aparcstats2table", where=str(path),
                        fix="its first head is Measure:volume or lh.aparc.thickness")  # fmt: skip
    aseg = _ASEG.match(head)
    if aseg and aseg[1] != "volume":
        raise DataFault(f"a table of '{aseg[1]}'", where=str(path),
                        fix="run asegstats2table with --meas volume")  # fmt: skip
    try:
        table = pd.read_csv(path, sep=_separator(path), index_col=0, dtype={0: str})
    except _BROKEN as error:
        raise DataFault(f"not a whole table: {error}", where=str(path)) from error
    table.index = table.index.map(lambda name: str(name).strip()).rename(SUBJECT)
    require_distinct(table.index, where=str(path), kind="subject")
    columns = _columns(table, aseg=bool(aseg), whole_brain=whole_brain)
    if not any(name != "etiv" for name in columns.values()):
        raise DataFault("no measure of the atlas", where=str(path), fix="take the aparc table")
    named = table[list(columns)].rename(columns=columns)
    return require_numbers(named, list(columns.values()), where=str(path))


def join_group_tables(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Join tables by subject; someone whom a table lacks has NaN there.

    eTIV is that of the first table with one: all tools copy the same number.
    """
    joined = pd.DataFrame()
    for table in tables.values():
        fresh = table.drop(columns=[name for name in table if name in joined])
        joined = joined.join(fresh, how="outer") if len(joined.columns) else fresh
    return joined.rename_axis(SUBJECT)


def _columns(table: pd.DataFrame, *, aseg: bool, whole_brain: bool) -> dict[str, str]:
    """Return ours by theirs of the columns to keep; the first of two that say the same."""
    found: dict[str, str] = {}
    etiv = next((name for name in ETIV_NAMES if name in table), None)
    for column in map(str, table.columns):
        name = "etiv" if column == etiv else _measure(column, aseg, whole_brain)
        if name is not None and name not in found.values():
            found[column] = name
    return found


def _measure(column: str, aseg: bool, whole_brain: bool) -> str | None:
    if column in ETIV_NAMES:
        return None
    if column in WHOLE_BRAIN:
        return WHOLE_BRAIN[column] if whole_brain else None
    name = measure_name(column)
    # what aseg names with a dash or underscore is a structure, sums are written in camel case
    if name is None and aseg and re.search(r"[-_]|^CSF$", column) and "to-eTIV" not in column:
        return f"{structure_name(column)}_volume"
    return name


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        line = file.readline()
    for separator in ("\t", ",", ";"):
        if separator in line:
            return separator
    return r"\s+"
