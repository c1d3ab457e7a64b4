"""Tables of visits: what a study knows of a person on a day, scans and diagnoses together.

One row per visit: ``subject``; ``day`` since entry; ``impaired`` (0 healthy, 1 mild cognitive
impairment or dementia, NaN not stated) and ``diagnosis_day``, on which that was found; ``scan``
(name of the image, empty where there is none), ``field_strength`` (T), covariates and measures of
the scan. Visits without a scan count for the diagnosis, scans without a diagnosis borrow the one of
the nearest visit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.morphometry.checks import (
    noted,
    require_columns,
    require_numbers,
    row_name,
)
from neurodecode.datasets.morphometry.names import SUBJECT
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS_PER_YEAR = 365.25

DAY, IMPAIRED, DIAGNOSED, SCAN, FIELD = (
    "day", "impaired", "diagnosis_day", "scan", "field_strength",
)  # fmt: skip
VISIT_COLUMNS = (SUBJECT, DAY, IMPAIRED, DIAGNOSED, SCAN, FIELD)


def join_nearest(
    scans: pd.DataFrame,
    clinic: pd.DataFrame,
    columns: Sequence[str],
    *,
    most_days: float = 365.0,
) -> pd.DataFrame:
    """Give each scan what the nearest clinic visit of its person says, and keep all visits.

    Parameters
    ----------
    scans : DataFrame
        With ``subject``, ``day`` and ``scan``.
    clinic : DataFrame
        With ``subject``, ``day`` and ``columns``.
    columns : sequence of str
        What is taken over, as ``impaired``.
    most_days : float, default 365.0
        A visit further off, before or after, says nothing about a scan.

    Returns
    -------
    DataFrame
        The scans, with ``diagnosis_day``, the day of the visit that was taken; and below them the
        clinic visits, which have no scan. Of two visits equally near the earlier one counts.

    Raises
    ------
    ConfigFault
        If ``most_days`` is negative.
    """
    if most_days < 0:
        raise ConfigFault(f"most_days {most_days:g}", fix="give 0 or more")
    visits = clinic[[SUBJECT, "day", *columns]].assign(diagnosis_day=clinic["day"])
    visits = visits[visits[list(columns)].notna().any(axis=1) & visits["day"].notna()]
    known = scans.assign(day=scans["day"].astype(float)).sort_values("day", kind="stable")
    joined = pd.merge_asof(
        known,
        visits.astype({"day": float}).sort_values("day", kind="stable"),
        on="day",
        by=SUBJECT,
        direction="nearest",
        tolerance=most_days,  # type: ignore[arg-type]  # a number, as the days are
    )
    both = pd.concat([joined, visits], ignore_index=True)
    both["scan"] = both["scan"].fillna("")
    return sorted_visits(both)


def sorted_visits(visits: pd.DataFrame) -> pd.DataFrame:
    """Sort visits by subject and day, scans first on a day."""
    order = visits.assign(_without=visits[SCAN] == "")
    sorted_rows = order.sort_values([SUBJECT, DAY, "_without"], kind="stable")
    return sorted_rows.drop(columns="_without").reset_index(drop=True)


def check_visits(visits: pd.DataFrame, *, where: str = "") -> pd.DataFrame:
    """Check a table of visits and fill in what has a default.

    ``diagnosis_day`` is ``day`` where it is absent or empty; ``scan`` is empty where missing.

    Raises
    ------
    DataFault
        If a column is missing (with the nearest one), a subject is empty, a day or diagnosis is
        no number, ``impaired`` is neither 0 nor 1, a scan is named twice or has no day, or a
        person is both healthy and impaired on one day.
    """
    require_columns(visits, (SUBJECT, DAY, IMPAIRED, SCAN), where=where)
    if visits.empty:
        raise DataFault("the table of visits is empty", where=where)
    visits = visits.copy()
    if DIAGNOSED not in visits:
        visits[DIAGNOSED] = visits[DAY]
    numbers = [DAY, IMPAIRED, DIAGNOSED, *([FIELD] if FIELD in visits else [])]
    visits = require_numbers(visits, numbers, where=where)
    visits[DIAGNOSED] = visits[DIAGNOSED].fillna(visits[DAY])
    visits[SCAN] = visits[SCAN].fillna("").astype(str)
    unnamed = visits[SUBJECT].isna().to_numpy(bool)
    if unnamed.any():
        raise DataFault(f"row {np.flatnonzero(unnamed)[0] + 2}: no subject", where=where)
    visits[SUBJECT] = visits[SUBJECT].astype(str)
    _refuse(visits, ~visits[IMPAIRED].isin([0, 1]) & visits[IMPAIRED].notna(),
            "impaired is neither 0, 1 nor empty", where)  # fmt: skip
    _refuse(visits, visits[SCAN].ne("") & visits[DAY].isna(), "a scan without a day", where)
    _refuse(visits, visits[SCAN].ne("") & visits.duplicated([SUBJECT, SCAN]),
            "this scan is named twice", where, "keep one row of each scan")  # fmt: skip
    _require_one_state(visits, where)
    return visits


def diagnoses(visits: pd.DataFrame) -> pd.DataFrame:
    """Return the stated diagnoses, ``subject``, ``diagnosis_day``, ``impaired``, each one once."""
    stated = visits[[SUBJECT, DIAGNOSED, IMPAIRED]].dropna()
    return stated.drop_duplicates().sort_values([SUBJECT, DIAGNOSED]).reset_index(drop=True)


def without_duplicate_scans(visits: pd.DataFrame) -> pd.DataFrame:
    """Keep the last row of each scan, as of tables that were processed again, with a note."""
    again = visits[SCAN].ne("") & visits.duplicated([SUBJECT, SCAN], keep="last")
    if not again.any():
        return visits
    kept = visits[~again].reset_index(drop=True)
    return noted(kept, f"{int(again.sum())} scans are there twice; the last row of each is kept")


def _refuse(
    visits: pd.DataFrame, wrong: pd.Series[bool], problem: str, where: str, fix: str = ""
) -> None:
    places = np.flatnonzero(wrong.to_numpy(bool))
    if not places.size:
        return
    row = visits.iloc[int(places[0])]
    more = f" (and {places.size - 1} more)" if places.size > 1 else ""
    at = f"{row_name(visits, int(places[0]))}, day {row[DAY]:g}, scan '{row[SCAN]}'"
    raise DataFault(f"{at}: {problem}{more}", where=where, fix=fix or "mend the row")


def _require_one_state(visits: pd.DataFrame, where: str) -> None:
    stated = diagnoses(visits)
    both = stated[stated.duplicated([SUBJECT, DIAGNOSED])]
    if len(both):
        subject, day = both[SUBJECT].iloc[0], both[DIAGNOSED].iloc[0]
        what = f"subject {subject} is both healthy and impaired on day {day:g}"
        raise DataFault(what, where=where, fix="keep the diagnosis that holds")
