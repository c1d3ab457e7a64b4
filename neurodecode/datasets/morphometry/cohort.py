"""Who is compared: people who stay healthy, and people who become impaired within some years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.morphometry.checks import KEPT_NOTES, one_class, require_columns
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT
from neurodecode.datasets.morphometry.visits import (
    DAY,
    DAYS_PER_YEAR,
    DIAGNOSED,
    FIELD,
    IMPAIRED,
    SCAN,
    check_visits,
    diagnoses,
)
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

Reverters = Literal["exclude", "converter", "stable"]
REVERTERS: tuple[str, ...] = ("exclude", "converter", "stable")
FIELD_TOLERANCE_T = 0.3
"""Scanners of 2.9 T are called 3 T."""

STABLE, CONVERTER = 0, 1

_NO_SCAN, _NO_FIELD, _NO_HEALTHY = (
    "no scan", "no scan at {field:g} T", "no scan while healthy",
)  # fmt: skip
_ALONE, _REVERTED = "no diagnosis after the scan", "impaired, then healthy again"
_LATE, _SHORT = "impaired later than {years:g} years", "followed for less than {least:g} years"
STEPS = (_NO_SCAN, _NO_FIELD, _NO_HEALTHY, _ALONE, _REVERTED, _LATE, _SHORT)
"""Reasons to leave somebody out, in the order in which they are looked for."""


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """People with one scan each, and how they were chosen.

    Attributes
    ----------
    table : DataFrame
        Index ``subject``; ``group`` (0 stable control, 1 converter), ``scan``, ``follow_up``
        (years from the scan to the last diagnosis), ``years_to_impairment`` (NaN for controls),
        covariates and measures of the scan.
    flow : DataFrame
        Columns ``step``, ``dropped`` and ``left``: how many people each step left out.
    reasons : Series
        Why, by subject, of everybody who was left out.
    """

    table: pd.DataFrame
    flow: pd.DataFrame
    reasons: pd.Series[str]

    @property
    def n_stable(self) -> int:
        """Number of stable controls."""
        return int((self.table[GROUP] == STABLE).sum())

    @property
    def n_converters(self) -> int:
        """Number of converters."""
        return int((self.table[GROUP] == CONVERTER).sum())


@dataclass(frozen=True)
class _Rules:
    years: float
    least: float
    reverters: Reverters
    field: float | None

    def words(self, step: str) -> str:
        return step.format(field=self.field, years=self.years, least=self.least)


def build_cohort(
    visits: pd.DataFrame,
    *,
    years: float = 5.0,
    minimum_follow_up: float | None = None,
    reverters: Reverters = "exclude",
    field_strength: float | None = 3.0,
    where: str = "",
) -> Cohort:
    """Choose stable controls and controls who become impaired, each with one healthy scan.

    The scan is a person's earliest one at the field strength with a healthy diagnosis. A
    *converter* (1) is found impaired within ``years`` of it; a *stable control* (0) is healthy
    in all diagnoses, over ``minimum_follow_up`` years or more. Who is neither is left out.

    Parameters
    ----------
    visits : DataFrame
        As :mod:`~neurodecode.datasets.morphometry.visits` says: ``subject``, ``day``,
        ``impaired``, ``scan``, and ``field_strength`` if that is asked for.
    years : float, default 5.0
        Of the paper; 3 tells how far the result hangs on it.
    minimum_follow_up : float, default None
        Of the controls, in years; None takes ``years``. Yearly visits are rarely on the day, 4.8
        takes a fifth one that came early.
    reverters : {"exclude", "converter", "stable"}, default "exclude"
        People who are impaired and healthy again afterwards: leave them out, count them as
        anybody who was impaired, or go by their last diagnosis where that is healthy.
    field_strength : float, default 3.0
        In T, within 0.3 T; None takes all scanners.
    where : str
        File for messages.

    Returns
    -------
    Cohort

    Raises
    ------
    ConfigFault
        If a number is out of its range or the policy is unknown.
    DataFault
        As :func:`~neurodecode.datasets.morphometry.visits.check_visits`; if nobody has a diagnosis
        on two days (follow-up unknown), a ``group`` in the table differs within a person, or a
        group ends up empty, with what the steps left out.
    """
    rules = _rules(years, minimum_follow_up, reverters, field_strength)
    if field_strength is not None:
        require_columns(visits, (FIELD,), where=where)
    checked = check_visits(visits, where=where)
    stated = diagnoses(checked)
    _require_follow_up(stated, where)
    _require_one_group(checked, where)
    chosen: list[pd.Series] = []
    reasons: dict[str, str] = {}
    by_person = dict(list(stated.groupby(SUBJECT)))
    for subject, rows in checked.groupby(SUBJECT, sort=True):
        found = _decide(rows, by_person.get(subject, stated.iloc[:0]), rules)
        if isinstance(found, str):
            reasons[str(subject)] = found
        else:
            chosen.append(found)
    flow = _flow(checked[SUBJECT].nunique(), reasons, rules)
    table = _table(chosen, checked)
    _require_both(table, flow, where)
    return Cohort(table=table, flow=flow, reasons=pd.Series(reasons, dtype=str, name="reason"))


def _rules(years: float, least: float | None, reverters: Reverters, field: float | None) -> _Rules:
    least = years if least is None else least
    if not years > 0:
        raise ConfigFault(f"years {years:g}", fix="give 3 or 5")
    if least < 0:
        raise ConfigFault(f"minimum_follow_up {least:g}", fix="give 0 or more years")
    if reverters not in REVERTERS:
        raise ConfigFault(unknown("policy of reverters", reverters, REVERTERS))
    return _Rules(years, least, reverters, field)


def _decide(rows: pd.DataFrame, stated: pd.DataFrame, rules: _Rules) -> pd.Series | str:
    """Return the scan of one person with group and follow-up, or why there is none."""
    scans = rows[rows[SCAN] != ""].sort_values(DAY, kind="stable")
    if scans.empty:
        return _NO_SCAN
    if rules.field is not None:
        scans = scans[(scans[FIELD] - rules.field).abs() <= FIELD_TOLERANCE_T]
    if scans.empty:
        return _NO_FIELD
    healthy = scans[scans[IMPAIRED] == 0]
    if healthy.empty:
        return _NO_HEALTHY
    scan = healthy.iloc[0]
    days = stated[DIAGNOSED].to_numpy(float)
    impaired = stated[IMPAIRED].to_numpy(bool)
    if not (days > scan[DIAGNOSED]).any():
        return _ALONE
    outcome = _outcome((days - scan[DAY]) / DAYS_PER_YEAR, impaired, rules)
    if isinstance(outcome, str):
        return outcome
    after = (days - scan[DAY]) / DAYS_PER_YEAR
    onset = after[impaired & (after > 0)].min() if outcome == CONVERTER else np.nan
    facts = {GROUP: outcome, "follow_up": after.max(), "years_to_impairment": onset}
    return pd.concat([scan, pd.Series(facts)])


def _outcome(after: NDArray[np.float64], impaired: NDArray[np.bool_], rules: _Rules) -> int | str:
    """Return the group of somebody, from diagnoses in order at years after the scan."""
    reverted = bool((impaired[:-1] & ~impaired[1:]).any())
    if reverted and rules.reverters == "exclude":
        return _REVERTED
    forgiven = reverted and rules.reverters == "stable" and not impaired[-1]
    onsets = after[impaired & (after > 0)]
    if onsets.size and not forgiven:
        return CONVERTER if onsets.min() <= rules.years else _LATE
    return STABLE if after.max() >= rules.least else _SHORT


def _flow(n_people: int, reasons: dict[str, str], rules: _Rules) -> pd.DataFrame:
    rows, left = [{"step": "people in the table", "dropped": 0, "left": n_people}], n_people
    for step in STEPS:
        dropped = sum(reason == step for reason in reasons.values())
        if step == _NO_FIELD and rules.field is None:
            continue
        left -= dropped
        rows.append({"step": rules.words(step), "dropped": dropped, "left": left})
    reasons.update({subject: rules.words(reason) for subject, reason in reasons.items()})
    return pd.DataFrame(rows)


def _table(chosen: list[pd.Series], visits: pd.DataFrame) -> pd.DataFrame:
    if not chosen:
        return pd.DataFrame({GROUP: pd.Series(dtype=int)})
    table = pd.DataFrame(chosen).set_index(SUBJECT).infer_objects()
    types = visits.drop(columns=[SUBJECT, *({GROUP} & set(visits))]).dtypes
    table = table.astype({name: kind for name, kind in types.items() if name in table})
    table[GROUP] = table[GROUP].astype(int)
    table.attrs = {KEPT_NOTES: visits.attrs.get(KEPT_NOTES, ())}
    return table.drop(columns=[IMPAIRED, DIAGNOSED])


def _require_follow_up(stated: pd.DataFrame, where: str) -> None:
    if stated.empty or stated.groupby(SUBJECT)[DIAGNOSED].nunique().max() < 2:
        what = "follow-up unknown: nobody has diagnoses on two days"
        raise DataFault(what, where=where, fix="add the table of later diagnoses")


def _require_one_group(visits: pd.DataFrame, where: str) -> None:
    if GROUP not in visits:
        return
    n_groups = visits.groupby(SUBJECT)[GROUP].nunique()
    if (n_groups > 1).any():
        what = f"subject {n_groups.idxmax()} is in both groups"
        raise DataFault(what, where=where, fix="give everybody one group, or leave the column out")


def _require_both(table: pd.DataFrame, flow: pd.DataFrame, where: str) -> None:
    try:
        one_class(table, where=where)
    except DataFault as fault:
        lost = flow[flow["dropped"] > 0]
        steps = "; ".join(f"{row.step}: {row.dropped}" for row in lost.itertuples())
        what = f"{fault.what}; left out: {steps or 'nobody'}"
        raise DataFault(
            what, where=where, fix="loosen years, follow-up or field strength"
        ) from None
