"""One line of ``metrics.json``: a score that cannot be built without its chance level."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterable

Level = Literal["trial", "session", "subject", "group"]


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """A score with its chance level, interval and origin.

    Attributes
    ----------
    metric : str
        Name in ``METRICS``.
    value : float
        The score.
    chance : float
        Expected score without information. There is no default: a score without a chance
        level cannot be built.
    n : int
        Number of units that ``value`` rests on.
    unit : str
        What was resampled for the interval: "trial" or "subject".
    level : {"trial", "session", "subject", "group"}
        What the row describes.
    split : str
        Protocol.
    model : str
        Decoder.
    subject, session : str or None
        None where the row is over all of them.
    seed : int or None
        Seed of the run.
    ci_low, ci_high : float or None
        Bounds of the 95 % confidence interval.
    p_value : float or None
        Permutation p-value of "no better than chance".
    chance_95 : float or None
        Score that chance stays at or below 95 times in 100 with these trials.
    ceiling : float or None
        Best score that any decoder could reach, known for simulated data.
    """

    metric: str
    value: float
    chance: float
    n: int
    unit: str
    level: Level
    split: str
    model: str
    subject: str | None = None
    session: str | None = None
    seed: int | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    chance_95: float | None = None
    ceiling: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("chance level", self.chance), ("value", self.value)):
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise DataFault(
                    f"metric '{self.metric}' has no {name}",
                    where=f"model {self.model}, split {self.split}",
                    fix="every score is reported with its chance level",
                )


def metric_frame(rows: Iterable[MetricRow]) -> pd.DataFrame:
    """Return rows as a table, one column per field of :class:`MetricRow`."""
    return pd.DataFrame([asdict(row) for row in rows], columns=list(MetricRow.__dataclass_fields__))
