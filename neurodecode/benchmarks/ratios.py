"""Ratios of times: how they are summed up over repeats, and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.report.model import Claim, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


def ratio_cells(ratios: Sequence[MetricRow], model: str, split: str) -> tuple[str, str]:
    """Return median and range of one ratio for a table; results that differ have none."""
    for row in ratios:
        if (row.model, row.split) == (model, split):
            return f"{row.value:.2f}", f"{row.ci_low:.2f} to {row.ci_high:.2f}"
    return "results differ", ""


def ratios_over_repeats(
    facts: Iterable[Mapping[str, Any]], *, repeats: int, seed: int
) -> list[MetricRow]:
    """Return median and range of every ratio whose results agreed in all repeats.

    Parameters
    ----------
    facts : iterable of mapping
        What the jobs evaluated; ``rows`` are those of :func:`ratio_of_repeat`.
    repeats, seed : int
        Of the experiment.
    """
    values: dict[tuple[str, str], list[float]] = {}
    for found in facts:
        for row in found["rows"]:
            values.setdefault((row["model"], row["split"]), []).append(row["value"])
    return [
        ratio_over_repeats(ratios, model=model, split=split, seed=seed)
        for (model, split), ratios in values.items()
        if len(ratios) == repeats
    ]


def agreement(key: str, text: str, gap: float | None, tolerance: float) -> Claim:
    """Answer whether results are equal within a tolerance."""
    verdict: Verdict = "holds" if agrees(gap, tolerance) else "fails"
    said = "not comparable" if gap is None else f"{gap:.1e} at most"
    return Claim(key, f"{text} within {tolerance:g}", "parity", said, verdict)
