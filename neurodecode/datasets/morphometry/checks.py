"""What a table of measures has to be: units by their range, missing values by policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_tables import nearest_column
from neurodecode.datasets.morphometry.magnitudes import typical
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT, kind_of, measure_columns
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Missing = Literal["stop", "drop_subject", "drop_measure", "keep"]
"""What to do about values that are missing, negative, or of a region that failed its check."""

Units = Literal["stop", "convert"]
"""What to do about measures in other units than mm, mm2 and mm3."""

MISSING: tuple[str, ...] = ("stop", "drop_subject", "drop_measure", "keep")
UNITS: tuple[str, ...] = ("stop", "convert")
KEPT_NOTES = "notes"
"""Key of ``DataFrame.attrs`` with the notes of a reader, one line each."""

_UNITS_OF = {
    "volume": {"mm3": 0, "cm3": -3, "litres": -6},
    "thickness": {"mm": 0, "cm": -1, "um": 3},
    "area": {"mm2": 0, "cm2": -2},
}
_FAR = 1.3  # decades from every unit
_SHOWN = 5


def tidy(
    table: pd.DataFrame, *, where: str, missing: Missing = "stop", units: Units = "stop"
) -> pd.DataFrame:
    """Check a subject or visits table: names, numbers, units, then missing values.

    Parameters
    ----------
    table : DataFrame
        With measures as columns, in any units that :func:`check_units` knows.
    where : str
        File for messages.
    missing : {"stop", "drop_subject", "drop_measure", "keep"}, default "stop"
        See :func:`apply_missing`.
    units : {"stop", "convert"}, default "stop"
        See :func:`check_units`.

    Raises
    ------
    ConfigFault
        If a policy is unknown.
    DataFault
        As the two functions; or if a measure is no number, or a name occurs twice.
    """
    if missing not in MISSING:
        raise ConfigFault(unknown("policy of missing values", missing, MISSING))
    if units not in UNITS:
        raise ConfigFault(unknown("policy of units", units, UNITS))
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataFault(f"two columns are {twice[0]}", where=where, fix="remove one of them")
    table = require_numbers(table, measure_columns(table), where=where)
    table = check_units(table, where=where, units=units)
    return apply_missing(table, where=where, missing=missing)


def require_columns(table: pd.DataFrame, columns: Sequence[str], *, where: str) -> None:
    """Require columns; the nearest one that is there is suggested.

    Raises
    ------
    DataFault
        For the first one that is missing.
    """
    for column in columns:
        if column not in table:
            free = table.drop(columns=[name for name in columns if name in table])
            fix = nearest_column(column, free)
            raise DataFault(f"no column '{column}'", where=where, fix=fix)


def require_numbers(table: pd.DataFrame, columns: Sequence[str], *, where: str) -> pd.DataFrame:
    """Return the table with some columns as numbers, NaN where empty.

    Raises
    ------
    DataFault
        If an entry is text, with the subject.
    """
    found_numbers = {}
    for column in columns:
        found = pd.to_numeric(table[column], errors="coerce")
        wrong = (found.isna() & table[column].notna()).to_numpy(bool)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            what = f"{row_name(table, row)}: {column} '{table[column].iloc[row]}' is not a number"
            raise DataFault(what, where=where, fix="mend the entry, or leave it empty")
        found_numbers[column] = found.astype(float)
    numbers = pd.DataFrame(found_numbers, index=table.index)
    rest = table.drop(columns=list(columns))
    joined = pd.concat([rest, numbers], axis=1)[list(table.columns)]
    joined.attrs = table.attrs
    return joined


def require_distinct(labels: pd.Index | pd.Series[str], *, where: str, kind: str) -> None:
    """Raise DataFault where a label occurs twice."""
    series = pd.Series(labels)
    twice = series[series.duplicated()]
    if len(twice):
        what = f"{kind} {twice.iloc[0]} occurs twice"
        others = set(twice) - {twice.iloc[0]}
        more = f" (and {len(others)} others)" if others else ""
        raise DataFault(what + more, where=where, fix="keep one row of each")


def check_units(table: pd.DataFrame, *, where: str, units: Units = "stop") -> pd.DataFrame:
    """Recognise measures in other units than mm, mm2 and mm3 by their median.

    The median of a column over a plausible mean
    (:func:`~neurodecode.datasets.morphometry.magnitudes.typical`) is a power of ten near 1 in the
    right unit, near 1e-3 for a volume in cm3, and so on; columns without a plausible mean are of
    the unit of most of their kind. eTIV counts as a volume of its own.

    Returns
    -------
    DataFrame
        With ``units="convert"`` the columns in mm, mm2, mm3, and a note.

    Raises
    ------
    DataFault
        With ``units="stop"``: which columns are in which unit; with both, if a column fits none.
    """
    found = {name: unit for name in [*measure_columns(table), *_etiv(table)]
             if (unit := _unit(name, table[name], where))}  # fmt: skip
    for name in measure_columns(table):
        if name not in found:
            peers = [u for other, u in found.items() if kind_of(other) == kind_of(name)]
            if peers:
                found[name] = max(set(peers), key=peers.count)
    wrong = {name: unit for name, unit in found.items() if unit[1] != 0}
    if not wrong:
        return table
    name, (spelt, _) = next(iter(wrong.items()))
    more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
    what = f"{name}{more} looks like {spelt}: its median is {table[name].median():.4g}"
    if units == "stop":
        fix = "give units=convert, or the table in mm, mm2 and mm3"
        raise DataFault(what, where=where, fix=fix)
    converted = table.copy()
    for name, (_, power) in wrong.items():
        converted[name] = table[name] * 10.0**-power
    return noted(converted, f"{what}; converted")


def apply_missing(table: pd.DataFrame, *, where: str, missing: Missing = "stop") -> pd.DataFrame:
    """Treat measures that are absent, negative, or a thickness or area of zero.

    Parameters
    ----------
    missing : {"stop", "drop_subject", "drop_measure", "keep"}, default "stop"
        Stop; leave out rows or columns that lack a value; or keep it as NaN. Columns that lack
        all of their values are left out by "drop_subject", too, rows without any by
        "drop_measure".

    Raises
    ------
    DataFault
        With "stop" for the first such value; or if nothing is left.
    """
    columns = measure_columns(table)
    values = table[columns]
    positive = [name for name in columns if kind_of(name) in ("thickness", "area")]
    lacking = values.isna() | (values < 0)
    lacking[positive] |= values[positive] == 0
    if not lacking.to_numpy().any():
        return table
    if missing == "stop":
        row, column = (int(place) for place in np.argwhere(lacking.to_numpy())[0])
        value = float(values.to_numpy(float)[row, column])
        state = "is missing" if np.isnan(value) else f"is {value:g}"
        what = f"{row_name(table, row)}: {columns[column]} {state}"
        more = f" (and {int(lacking.to_numpy().sum()) - 1} more values)"
        raise DataFault(what + more, where=where,
                        fix="give missing=drop_subject, drop_measure or keep")  # fmt: skip
    table = table.copy()
    table[columns] = values.mask(lacking)
    if missing == "keep":
        return noted(table, f"{int(lacking.to_numpy().sum())} values are missing")
    return _dropped(table, lacking, missing, where)


def noted(table: pd.DataFrame, note: str) -> pd.DataFrame:
    """Add a line to ``table.attrs["notes"]`` and return the table."""
    table.attrs = {**table.attrs, KEPT_NOTES: (*table.attrs.get(KEPT_NOTES, ()), note)}
    return table


def recoded(
    values: pd.Series[str], codes: Mapping[Any, int], *, column: str, where: str
) -> pd.Series[float]:
    """Return coded values as numbers, NaN where empty; 1, 1.0 and "1" are one code.

    Raises
    ------
    DataFault
        For a value without a code, with the codes that there are.
    """
    plain = {_plain(code): number for code, number in codes.items()}
    spelt = values.map(_plain, na_action="ignore")
    wrong = spelt.notna() & ~spelt.isin(list(plain))
    if wrong.any():
        shown = ", ".join(map(str, codes))
        raise DataFault(f"{column} '{values[wrong].iloc[0]}' is none of {shown}", where=where)
    return spelt.map(plain).astype(float)


def row_name(table: pd.DataFrame, row: int) -> str:
    """Return what a row is called in messages: its subject, and its place where that is none."""
    if SUBJECT in table:
        return f"subject {table[SUBJECT].iloc[row]}"
    if table.index.name == SUBJECT:
        return f"subject {table.index[row]}"
    return f"row {row + 2}"


def one_class(table: pd.DataFrame, *, where: str) -> None:
    """Raise DataFault unless ``group`` has people of both kinds."""
    counts = table[GROUP].value_counts()
    for group, name in {0: "control", 1: "case"}.items():
        if counts.get(group, 0) == 0:
            what = f"no {name} is left (group {group}), {len(table)} people in all"
            raise DataFault(what, where=where, fix="loosen the filters")


def _etiv(table: pd.DataFrame) -> list[str]:
    return ["etiv"] if "etiv" in table else []


def _unit(name: str, values: pd.Series[float], where: str) -> tuple[str, int] | None:
    """Return the unit of a column and its power of ten; None where nothing is known."""
    expected, known = typical(name), values[values > 0]
    if expected is None or known.empty:
        return None
    power = float(np.log10(known.median() / expected))
    units = _UNITS_OF["volume" if name == "etiv" else str(kind_of(name))]
    unit = min(units, key=lambda entry: abs(units[entry] - power))
    if abs(units[unit] - power) > _FAR:
        what = f"{name}: its median {known.median():.4g} fits no unit, {expected:g} is usual"
        raise DataFault(what, where=where, fix="mend or leave out the column")
    return unit, units[unit]


def _dropped(
    table: pd.DataFrame, lacking: pd.DataFrame, missing: Missing, where: str
) -> pd.DataFrame:
    if missing == "drop_subject":
        empty = [str(name) for name in lacking.columns[lacking.all()]]
        bad = lacking.drop(columns=empty).any(axis=1).to_numpy(bool)
    else:
        bad = lacking.all(axis=1).to_numpy(bool)
        empty = [str(name) for name in lacking.columns[lacking[~bad].any()]]
    kept = table[~bad].drop(columns=empty)
    if kept.empty or len(empty) == lacking.shape[1]:
        raise DataFault("nothing is left without missing values", where=where,
                        fix="choose fewer measures, or give missing=keep")  # fmt: skip
    names = [row_name(table, int(row)) for row in np.flatnonzero(bad)]
    left_out = [*names[:_SHOWN], *empty[:_SHOWN]]
    more = len(names) + len(empty) - len(left_out)
    line = ", ".join(left_out) + (f" and {more} more" if more else "")
    return noted(kept, f"left out for missing values: {line}")


def _plain(code: object) -> str:
    text = str(code).strip().lower()
    return text.removesuffix(".0")
