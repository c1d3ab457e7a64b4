r"""Scores of ranks: top-k accuracy and mean reciprocal rank, each with its chance level.

With N candidates, chance is :math:`k / N` for top-k accuracy and :math:`H_N / N` for the mean
reciprocal rank (:math:`H_N` the N-th harmonic number).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.paired import paired_test

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.contrastive.speech.config import SpeechEvaluation

WORD = "word "


def metric_names(evaluation: SpeechEvaluation) -> list[str]:
    """Return the names of all scores, the headline's first: segment and word level."""
    others = [k for k in evaluation.top_k if k != evaluation.headline_k]
    own = [f"top-{k} accuracy" for k in (evaluation.headline_k, *others)]
    own.append("mean reciprocal rank")
    return [*own, *(WORD + name for name in own)]


def values_of(predictions: pd.DataFrame, metric: str) -> NDArray[np.float64]:
    """Return the score of each query: hit or miss, or the reciprocal rank."""
    name = metric.removeprefix(WORD)
    ranks = predictions["word_rank" if metric.startswith(WORD) else "rank"].to_numpy(float)
    return value_of_ranks(ranks, name)


def value_of_ranks(ranks: NDArray[Any], metric: str) -> NDArray[np.float64]:
    """Return hit or miss within the k best, or the reciprocal of the rank."""
    if metric == "mean reciprocal rank":
        reciprocal: NDArray[np.float64] = 1 / ranks
        return reciprocal
    return (ranks <= int(metric.split()[0].removeprefix("top-"))).astype(float)


def chance_of(predictions: pd.DataFrame, metric: str) -> float:
    """Return the expected score of random ranks.

    At word level the candidates are the distinct words of the test segments.
    """
    n = int(predictions["n_candidates"].iloc[0])
    if metric.startswith(WORD):
        n = int(predictions["n_words"].iloc[0])
    name = metric.removeprefix(WORD)
    if name == "mean reciprocal rank":
        return float((1 / np.arange(1, n + 1)).sum() / n)
    return min(1.0, int(name.split()[0].removeprefix("top-")) / n)


def participant_rows(
    predictions: pd.DataFrame, evaluation: SpeechEvaluation, *, seed: int
) -> list[MetricRow]:
    """Score every model, participant and metric; intervals over sentences.

    Parameters
    ----------
    predictions : DataFrame
        One row per query: ``model, participant, sentence, rank, word_rank, n_candidates, n_words``
        and, for simulations, ``optimal_rank``.
    """
    rows = []
    for (model, participant), part in predictions.groupby(["model", "participant"], sort=False):
        for metric in metric_names(evaluation):
            values = values_of(part, metric)
            ci = mean_ci(
                values, part["sentence"].to_numpy(), n_resamples=evaluation.n_bootstrap,
                random_state=seed, cluster_unit="sentence",
            )  # fmt: skip
            ceiling = None
            if "optimal_rank" in part and not metric.startswith(WORD):
                ceiling = float(value_of_ranks(part["optimal_rank"].to_numpy(), metric).mean())
            rows.append(
                MetricRow(
                    metric=metric, value=ci.estimate, chance=chance_of(part, metric),
                    n=len(part), unit=ci.unit, level="subject", split=part["split"].iloc[0],
                    model=str(model), subject=str(participant), seed=int(part["seed"].iloc[0]),
                    ci_low=_finite(ci.low), ci_high=_finite(ci.high), ceiling=ceiling,
                )
            )  # fmt: skip
    return rows


def group_rows(subject_rows: pd.DataFrame, *, n_resamples: int, seed: int) -> list[MetricRow]:
    """Average over participants (first over seeds), interval and sign-flip test over them.

    Parameters
    ----------
    subject_rows : DataFrame
        Rows of :func:`participant_rows`.
    """
    rows = []
    averaged = over_seeds(subject_rows)
    for (model, metric), part in averaged.groupby(["model", "metric"], sort=False):
        values, chance = part["value"].to_numpy(float), part["chance"].to_numpy(float)
        ci = mean_ci(values, n_resamples=n_resamples, expand=True, random_state=seed,
                     unit="participant")  # fmt: skip
        test = paired_test(values, chance, alternative="greater", random_state=seed)
        ceiling = part["ceiling"].dropna()
        rows.append(
            MetricRow(
                metric=str(metric), value=ci.estimate, chance=float(chance.mean()), n=len(part),
                unit="participant", level="group", split=part["split"].iloc[0], model=str(model),
                ci_low=_finite(ci.low), ci_high=_finite(ci.high), p_value=_finite(test.p_value),
                ceiling=float(ceiling.mean()) if len(ceiling) == len(part) else None,
            )
        )  # fmt: skip
    return rows


def over_seeds(subject_rows: pd.DataFrame) -> pd.DataFrame:
    """Average each model's, participant's and metric's score over seeds."""
    keys = ["model", "metric", "subject", "split"]
    return subject_rows.groupby(keys, sort=False, as_index=False)[
        ["value", "chance", "ceiling"]
    ].mean()


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
