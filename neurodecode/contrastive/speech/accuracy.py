r"""Scores of ranks: top-k accuracy and mean reciprocal rank, each with its chance level.

With N candidates, chance is :math:`k / N` for top-k accuracy and :math:`H_N / N` for the mean
reciprocal rank (:math:`H_N` the N-th harmonic number).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.group_scores import finite_or_none, value_of_ranks
from neurodecode.evaluation.metric_row import MetricRow

if TYPE_CHECKING:
    import pandas as pd
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
                    ci_low=finite_or_none(ci.low), ci_high=finite_or_none(ci.high), ceiling=ceiling,
                )
            )  # fmt: skip
    return rows
