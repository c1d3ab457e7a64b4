r"""Scores of the ranks of seen pictures, each with its chance level.

With N candidates: top-k accuracy, chance :math:`k / N`; median relative rank, the median of
:math:`(r - 1) / N` for ranks r from 1, chance :math:`(N - 1) / 2N`.

A label says what was averaged before ranking, because averaging helps: single trials, each
participant's repetitions, or those of all participants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import gammaln

from neurodecode.contrastive.image.averaging import EVERYBODY
from neurodecode.contrastive.image.config_evaluation import AVERAGES, SETS
from neurodecode.evaluation.bootstrap import bootstrap_ci, mean_ci
from neurodecode.evaluation.group_scores import finite_or_none, side_of, value_of_ranks
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.paired import paired_test

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from neurodecode.contrastive.image.config_evaluation import ImageEvaluation

MEDIAN_RANK = "median relative rank"
UNIT_NAMES = {"image": "picture", "block": "time block"}
"""What is resampled, in words."""


def metric_names(evaluation: ImageEvaluation) -> list[str]:
    """Return the names of all scores, the headline's first."""
    others = [k for k in evaluation.top_k if k != evaluation.headline_k]
    return [*(f"top-{k} accuracy" for k in (evaluation.headline_k, *others)), MEDIAN_RANK]


def split_label(which: str, average: str) -> str:
    """Return how scores name a test set and what was averaged."""
    return f"{which} set, {AVERAGES[average]}"


def headline_label(evaluation: ImageEvaluation, labels: set[str]) -> str:
    """Return the label of the headline among those that a run has.

    Where nothing is repeated, or nobody else is there, the level before takes its place.
    """
    for which in (evaluation.headline_set, *SETS):
        present = [average for average in AVERAGES if split_label(which, average) in labels]
        if present:
            return split_label(which, nearest_average(evaluation.headline_average, present))
    raise AssertionError(f"no score under any of the labels {sorted(labels)}")


def nearest_average(wanted: str, present: Collection[str]) -> str:
    """Return the wanted level of averaging, or the nearest one before it that is there."""
    order = list(AVERAGES)
    place = order.index(wanted)
    return next(name for name in (*order[place::-1], *order[place + 1 :]) if name in present)


def query_values(predictions: pd.DataFrame, metric: str) -> NDArray[np.float64]:
    """Return the score of each query: hit or miss, or the relative rank."""
    return _values(predictions["rank"].to_numpy(float), predictions, metric)


def chance_of(predictions: pd.DataFrame, metric: str) -> float:
    """Return the expected score of random ranks."""
    n = int(predictions["n_candidates"].iloc[0])
    if metric == MEDIAN_RANK:
        return (n - 1) / (2 * n)
    return min(1.0, _k_of(metric) / n)


def metric_rows(
    predictions: pd.DataFrame, evaluation: ImageEvaluation, *, seed: int, by_block: bool = False
) -> list[MetricRow]:
    """Score every model, participant, test set, average and metric.

    Intervals of a participant's accuracies are over pictures; where these are known and few, over
    recordings or stretches of them. What is averaged over participants
    has intervals and tests over pictures: it says nothing of other people. Of several seeds, the
    scores of a picture are averaged first, as published.

    Parameters
    ----------
    predictions : DataFrame
        Of :func:`retrieve_pictures`, with ``model`` and ``seed``.
    by_block : bool, default=False
        Single trials are resampled by ``block`` instead of picture.
    """
    rows = []
    keys = ["model", "set", "average", "participant"]
    for (model, which, average, participant), part in predictions.groupby(keys, sort=False):
        label = split_label(str(which), str(average))
        for metric in metric_names(evaluation):
            everybody = participant == EVERYBODY
            unit = "block" if by_block and average == "single" else "image"
            found = _scored(part, metric, evaluation, seed, unit)
            rows.append(
                MetricRow(
                    metric=metric, chance=chance_of(part, metric), split=label, model=str(model),
                    level="group" if everybody else "subject", unit=UNIT_NAMES[unit],
                    subject=None if everybody else str(participant),
                    seed=int(part["seed"].iloc[0]), n=part[unit].nunique(),
                    p_value=_p_over_pictures(part, metric, seed) if everybody else None, **found,
                )
            )  # fmt: skip
    return rows


def _scored(
    part: pd.DataFrame, metric: str, evaluation: ImageEvaluation, seed: int, unit: str
) -> dict[str, Any]:
    """Return value, interval and ceiling."""
    values = query_values(part, metric)
    ceiling = None
    if "optimal_rank" in part and part["optimal_rank"].notna().all():
        best = _values(part["optimal_rank"].to_numpy(float), part, metric)
        ceiling = float(np.median(best) if metric == MEDIAN_RANK else best.mean())
    options: dict[str, Any] = {"n_resamples": evaluation.n_bootstrap, "random_state": seed}
    if metric == MEDIAN_RANK:
        if (part["participant"] != EVERYBODY).any():
            return {"value": float(np.median(values)), "ceiling": ceiling}
        ranks = _by_picture(values, part)
        ci = bootstrap_ci(np.median, ranks, method="percentile", **options)
    else:
        clusters = part[unit].to_numpy()
        ci = mean_ci(values, clusters, cluster_unit=UNIT_NAMES[unit], **options)
    bounds = {"ci_low": finite_or_none(ci.low), "ci_high": finite_or_none(ci.high)}
    return {"value": ci.estimate, "ceiling": ceiling, **bounds}


def _p_over_pictures(part: pd.DataFrame, metric: str, seed: int) -> float | None:
    values = _by_picture(query_values(part, metric), part)
    test = paired_test(values, np.full(len(values), chance_of(part, metric)),
                       alternative=side_of(metric), random_state=seed)  # fmt: skip
    return finite_or_none(test.p_value)


def _by_picture(values: NDArray[np.float64], part: pd.DataFrame) -> NDArray[np.float64]:
    """Return the mean score of each picture."""
    means = pd.Series(values).groupby(part["image"].to_numpy(), sort=False).mean()
    return np.asarray(means, dtype=np.float64)


def _values(ranks: NDArray[Any], predictions: pd.DataFrame, metric: str) -> NDArray[np.float64]:
    if metric == MEDIAN_RANK:
        relative: NDArray[np.float64] = (ranks - 1) / predictions["n_candidates"].to_numpy(float)
        return relative
    return value_of_ranks(ranks, metric)


def _k_of(metric: str) -> int:
    return int(metric.split()[0].removeprefix("top-"))


def k_way_accuracy(ranks: NDArray[Any], n_candidates: int, k: int) -> float:
    r"""Return the expected top-1 accuracy among the true picture and k - 1 others drawn at random.

    .. math:: \frac1n \sum_i \binom{N - r_i}{k - 1} \Big/ \binom{N - 1}{k - 1}

    Parameters
    ----------
    ranks : ndarray, shape (n_queries,)
        1: best of all N candidates.
    n_candidates : int
        N.
    k : int
        From 1 to N; chance is 1 / k.
    """
    below = n_candidates - np.asarray(ranks, dtype=float)
    enough = below >= k - 1
    logs = np.where(
        enough,
        gammaln(below + 1) - gammaln(np.where(enough, below - k + 2, 1))
        - gammaln(n_candidates) + gammaln(n_candidates - k + 1),
        -np.inf,
    )  # fmt: skip
    return float(np.exp(logs).mean())
