"""Any table of measures or visits: a CSV file, and which of its columns is what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.morphometry.checks import (
    Missing,
    Units,
    recoded,
    require_columns,
    require_distinct,
    require_numbers,
    tidy,
)
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT, kind_of, measure_name
from neurodecode.datasets.morphometry.visits import SCAN, VISIT_COLUMNS
from neurodecode.faults import ConfigFault, DataFault, unknown

SEXES: dict[object, int] = {"f": 0, "m": 1, "female": 0, "male": 1}
"""Codes of ``sex`` that need no mapping, letter case apart; so do 0 and 1."""

KNOWN = (*VISIT_COLUMNS, "age", "sex", "etiv", "site", "group")
_NUMBERS = tuple(name for name in KNOWN if name not in (SUBJECT, SCAN, "site", "sex"))


def read_table(
    root: Path,
    *,
    file: str = "",
    columns: Mapping[str, str] | None = None,
    codes: Mapping[str, Mapping[Any, int]] | None = None,
    missing: Missing = "stop",
    units: Units = "stop",
) -> pd.DataFrame:
    """Read a table with a mapping of columns.

    Parameters
    ----------
    root : Path
        Folder of the file, or the file.
    file : str, default ""
        Name of the file below ``root``; empty takes the only ``.csv`` there.
    columns : dict of str to str, default None
        Their column by our name: ``subject``; ``age``, ``sex``, ``etiv``, ``site``, ``group``;
        ``day``, ``impaired``, ``scan``, ``field_strength`` for visits; or a measure, such as
        ``left_hippocampus_volume``. Columns that have our name, or FreeSurfer's name of a
        measure (``Left-Hippocampus``, ``lh_entorhinal_thickness``), need no entry.
    codes : dict of str to dict, default None
        Our number by their code: ``{sex: {1: 1, 2: 0}, impaired: {CN: 0, MCI: 1, AD: 1}}``.
    missing, units
        See :func:`~neurodecode.datasets.morphometry.checks.tidy`.

    Returns
    -------
    DataFrame
        Visits where there is a ``scan``, else a subject table with index ``subject``.

    Raises
    ------
    ConfigFault
        If the mapping has an unknown name of ours, or two files are there to choose from.
    DataFault
        If the file or a mapped column is missing (with the nearest one), a code is unknown, a
        value is no number, or a subject without ``scan`` is there twice.
    """
    columns, codes = dict(columns or {}), dict(codes or {})
    for name in columns:
        if name not in KNOWN and not kind_of(name):
            raise ConfigFault(unknown("column", name, KNOWN),
                              fix="measures end in _volume, _thickness or _area")  # fmt: skip
    path = _file(Path(root), file)
    where = str(path)
    table = _renamed(read_csv(path), columns, where)
    require_columns(table, (SUBJECT,), where=where)
    for name, meaning in codes.items():
        require_columns(table, (name,), where=where)
        table[name] = recoded(table[name], meaning, column=columns.get(name, name), where=where)
    if "sex" in table and "sex" not in codes:
        known = {**SEXES, 0: 0, 1: 1}
        table["sex"] = recoded(table["sex"], known, column=columns.get("sex", "sex"), where=where)
    numbers = [name for name in _NUMBERS if name in table]
    table = require_numbers(table, numbers, where=where).astype({SUBJECT: str})
    if GROUP in table and table[GROUP].notna().all():
        table[GROUP] = table[GROUP].astype(int)
    scanned = table[SCAN].fillna("").ne("") if SCAN in table else pd.Series(True, table.index)
    without = table[~scanned]  # visits that only say how somebody was, and have no measures
    table = tidy(table[scanned], where=where, missing=missing, units=units)
    if SCAN in table:
        notes = table.attrs
        table = pd.concat([table, without.reindex(columns=table.columns)]).sort_index()
        table.attrs = notes
        return table
    require_distinct(table[SUBJECT], where=where, kind="subject")
    return table.set_index(SUBJECT)


def _renamed(raw: pd.DataFrame, columns: Mapping[str, str], where: str) -> pd.DataFrame:
    """Return the columns that are something to us, under our names."""
    require_columns(raw, list(columns.values()), where=where)
    taken = {theirs: ours for ours, theirs in columns.items()}
    for column in map(str, raw.columns):
        ours = column if column in KNOWN or kind_of(column) else None
        found = measure_name(column) or ours
        if column not in taken and found and found not in taken.values():
            taken[column] = found
    return raw[list(taken)].rename(columns=taken)


def _file(root: Path, name: str) -> Path:
    if root.is_file():
        return root
    if name:
        if not (root / name).is_file():
            present = sorted(path.name for path in root.glob("*.csv*"))
            raise DataFault(unknown("file", name, present), where=str(root))
        return root / name
    found = sorted(root.glob("*.csv"))
    if len(found) != 1:
        what = f"{len(found)} files *.csv"
        raise ConfigFault(what, where=str(root), fix="name one: options={file: NAME}")
    return found[0]
