"""Scores of ranks, averaged over seeds and participants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.paired import paired_test

if TYPE_CHECKING:
    from numpy.typing import NDArray


def value_of_ranks(ranks: NDArray[Any], metric: str) -> NDArray[np.float64]:
    """Return hit or miss within the k best ("top-k accuracy"), or the reciprocal of the rank.

    Parameters
    ----------
    ranks : ndarray
        1: best.
    metric : str
        "top-k accuracy" with a number k, or "mean reciprocal rank".
    """
    if metric == "mean reciprocal rank":
        reciprocal: NDArray[np.float64] = 1 / ranks
        return reciprocal
    return (ranks <= int(metric.split()[0].removeprefix("top-"))).astype(float)


def side_of(metric: str) -> Literal["greater", "less"]:
    """Return on which side of chance a score is better: a relative rank is best at 0."""
    return "less" if metric.endswith("relative rank") else "greater"


def group_rows(
    subject_rows: pd.DataFrame, *, n_resamples: int, seed: int, unit: str = "participant"
) -> list[MetricRow]:
    """Average over participants (first over seeds), interval and sign-flip test over them.

    With one participant, the group is that participant, with the interval of their own row (of
    the first seed) and without a test.

    Parameters
    ----------
    subject_rows : DataFrame
        Rows of level "subject"; ranks among the metrics are better when lower.
    """
    rows = []
    averaged = over_seeds(subject_rows)
    keys = ["model", "metric", "split"]
    for (model, metric, split), part in averaged.groupby(keys, sort=False):
        if len(part) == 1:
            own = subject_rows[(subject_rows[keys] == [model, metric, split]).all(axis=1)]
            rows.append(_alone(own.iloc[0], float(part["value"].iloc[0])))
            continue
        values, chance = part["value"].to_numpy(float), part["chance"].to_numpy(float)
        ci = mean_ci(values, n_resamples=n_resamples, expand=True, random_state=seed,
                     unit=unit)  # fmt: skip
        test = paired_test(values, chance, alternative=side_of(str(metric)), random_state=seed)
        ceiling = part["ceiling"].dropna()
        rows.append(
            MetricRow(
                metric=str(metric), value=ci.estimate, chance=float(chance.mean()), n=len(part),
                unit=unit, level="group", split=part["split"].iloc[0], model=str(model),
                ci_low=finite_or_none(ci.low), ci_high=finite_or_none(ci.high),
                p_value=finite_or_none(test.p_value),
                ceiling=float(ceiling.mean()) if len(ceiling) == len(part) else None,
            )
        )  # fmt: skip
    return rows


def _alone(own: pd.Series[Any], value: float) -> MetricRow:
    """Return the group row of a single participant."""
    low, high, ceiling = (
        None if pd.isna(own.get(name)) else float(own[name])
        for name in ("ci_low", "ci_high", "ceiling")
    )
    return MetricRow(
        metric=str(own["metric"]), value=value, chance=float(own["chance"]), n=int(own["n"]),
        unit=str(own["unit"]), level="group", split=own["split"], model=str(own["model"]),
        ci_low=low, ci_high=high, ceiling=ceiling,
    )  # fmt: skip


def over_seeds(subject_rows: pd.DataFrame) -> pd.DataFrame:
    """Average each model's, participant's and metric's score over seeds."""
    keys = ["model", "metric", "subject", "split"]
    return subject_rows.groupby(keys, sort=False, as_index=False)[
        ["value", "chance", "ceiling"]
    ].mean()


def finite_or_none(value: float) -> float | None:
    """Return the value, or None where it is NaN or infinite."""
    return float(value) if np.isfinite(value) else None
