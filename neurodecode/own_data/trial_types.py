"""Which events of a study are trials, where others (rests, answers) stand in the same table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from neurodecode.own_data.survey import Study, counted

if TYPE_CHECKING:
    from neurodecode.own_data.recordings import Header


def trial_types(
    study: Study, headers: Sequence[Header], columns: Sequence[str]
) -> tuple[list[str] | None, tuple[str, ...]]:
    """Return the types of the events that name what was shown, where others name nothing.

    Parameters
    ----------
    study : Study
        Its ``data.events``, or its loader's ``trial_type``, is taken where it is given.
    headers : sequence of Header
    columns : sequence of str
        Columns that may name what was shown; the first that a table has is taken.

    Returns
    -------
    types : list of str or None
        For ``data.events``; None: all events are trials, or the types do not tell which are.
    notes : tuple of str
        What was taken and left out, where that was chosen here.
    """
    wanted = study.data.get("events")
    if wanted is not None or study.options.get("trial_type") is not None:
        return ([wanted] if isinstance(wanted, str) else wanted), ()
    named, bare = _counts(headers, columns)
    if not named or not bare or set(named) & set(bare):
        return None, ()
    note = f"trials are the events that name what was shown, {counted(named)}; left out: "
    return list(named), (f"{note}{counted(bare)}",)


def _counts(headers: Sequence[Header], columns: Sequence[str]) -> tuple[Counter[str], Counter[str]]:
    """Count types with and without something shown; an event without a type has the type ""."""
    named: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    for header in headers:
        table = header.events
        column = None if table is None else next((c for c in columns if c in table), None)
        if table is None or column is None or "trial_type" not in table:
            continue
        types, shown = table["trial_type"].fillna("").astype(str), table[column].notna()
        named.update(types[shown])
        bare.update(types[~shown])
    return named, bare
