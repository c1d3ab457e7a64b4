"""Ratios of times: how they are summed up over repeats, and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.report.model import Claim, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

SPEED_UP = "speed_up"
AS_FAST = 1.0
"""The chance level of a ratio of times: as fast as the peer."""
SPREAD = "smallest to largest"
"""Two to five repeats have no interval worth the name; their range is given."""
VERDICTS = (
    "holds: the smallest ratio of all repeats reaches the figure claimed; fails: the largest does "
    "not; not shown: some do."
)


def agrees(gap: float | None, tolerance: float) -> bool:
    """Return whether results are equal within the tolerance; never when nothing was compared."""
    return gap is not None and bool(gap <= tolerance)


def ratio_of_repeat(
    value: float, *, model: str, split: str, repeat: str | int, seed: int
) -> MetricRow:
    """Return the ratio of one job, whose numerator and denominator were timed in turn."""
    return MetricRow(
        metric=SPEED_UP, value=value, chance=AS_FAST, n=1, unit="repeat", level="session",
        split=split, model=model, subject="main", session=f"repeat-{repeat}", seed=seed,
    )  # fmt: skip


def ratio_over_repeats(values: Sequence[float], *, model: str, split: str, seed: int) -> MetricRow:
    """Return median and range of the ratios of all repeats."""
    return MetricRow(
        metric=SPEED_UP, value=float(np.median(values)), chance=AS_FAST, n=len(values),
        unit="repeat", level="subject", split=split, model=model, subject="main", seed=seed,
        ci_low=float(np.min(values)), ci_high=float(np.max(values)),
    )  # fmt: skip


def reached(
    key: str, text: str, found: Sequence[MetricRow], target: float, note: str = ""
) -> Claim:
    """Answer whether a ratio reaches a figure; without a ratio it was not tested."""
    if not found:
        return Claim(key, text, "parity", "-", "not tested", "results do not agree: no ratio")
    row = found[0]
    low, high = row.ci_low or 0.0, row.ci_high or 0.0
    verdict: Verdict = "holds" if low >= target else "fails" if high < target else "not shown"
    return Claim(key, text, "parity", f"{row.value:.2f} [{low:.2f}, {high:.2f}]", verdict, note)
