"""The tab-separated tables of BIDS: text stays text, numbers are checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def read_table(path: Path) -> pd.DataFrame:
    """Read a tab-separated table as text; only ``n/a`` means "missing".

    Raises
    ------
    DataFault
        If the file is not a table.
    """
    try:
        table = pd.read_csv(
            path, sep="\t", dtype=str, keep_default_na=False, na_values=["n/a"], quoting=3,
            encoding="utf-8-sig",
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataFault("not a tab-separated table", where=str(path)) from error
    return table.apply(lambda column: column.map(_unquoted, na_action="ignore"))


def read_events(path: Path) -> pd.DataFrame:
    """Read an ``events.tsv`` as text, with ``onset`` and ``duration`` as numbers.

    Only ``n/a`` means "missing": the words "nan", "null" and "none" stay words.

    Raises
    ------
    DataFault
        If the file is not a table with an onset column, or a time is not a number.
    """
    events = read_table(path)
    for column in ("onset", "duration", "sound_time", "sentence_index"):
        if column in events:
            events[column] = numbers(events[column], path)
    if "onset" not in events:
        raise DataFault("no column 'onset'", where=str(path), fix=nearest_column("onset", events))
    return events


def events_of_type(
    events: pd.DataFrame, trial_type: str | Sequence[str] | None, path: Path
) -> pd.DataFrame:
    """Return the events of some types; all of them where none is named.

    Raises
    ------
    DataFault
        If there is no such column or no such event, with those that there are.
    """
    if trial_type is None:
        return events
    if "trial_type" not in events:
        hint = nearest_column("trial_type", events)
        raise DataFault("no column 'trial_type'", where=str(path), fix=hint)
    wanted = [trial_type] if isinstance(trial_type, str) else list(trial_type)
    trials = events[events["trial_type"].isin(wanted)]
    if trials.empty:
        counts = events["trial_type"].value_counts()
        found = ", ".join(f"{kind} ({count})" for kind, count in counts.head(20).items())
        guess = nearest(wanted[0], map(str, counts.index)) if wanted else None
        raise DataFault(
            f"no event with trial_type '{', '.join(wanted)}', found: {found or 'none'}",
            where=str(path),
            fix=f"did you mean '{guess}'?" if guess else "",
        )
    return trials


def nearest_column(column: str, table: pd.DataFrame) -> str:
    """Word what to do about an absent column: the nearest one, or those that there are."""
    guess = nearest(column, [str(name) for name in table.columns])
    return f"is '{guess}' meant?" if guess else f"it has {', '.join(map(str, table.columns))}"


def numbers(column: pd.Series[str], path: Path) -> pd.Series[float]:
    """Return a column of :func:`read_table` as numbers, NaN where missing.

    Raises
    ------
    DataFault
        If an entry is not a number, with its line in the file.
    """
    found = pd.to_numeric(column, errors="coerce")
    wrong = found.isna() & column.notna()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        what = f"row {row + 2}: {column.name} '{column.iloc[row]}' is not a number"
        raise DataFault(what, where=str(path))
    return found.astype(float)


def _unquoted(field: str) -> str:
    """Return a field without the quotes of writers that quote; MNE-BIDS writes none.

    A reader that knows quotes would swallow lines where a spoken word begins with one.
    """
    return field[1:-1].replace('""', '"') if _QUOTED.fullmatch(field) else field
