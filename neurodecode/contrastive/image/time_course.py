"""When a picture can be found: scores of sliding and growing windows, with their significance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.contrastive.image.averaging import EVERYBODY
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.group_scores import value_of_ranks
from neurodecode.evaluation.time_clusters import time_clusters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.contrastive.image.config import ImageConfig

KINDS = ("sliding", "growing")
PARTICIPANTS_TO_TEST = 8
"""With fewer, sign flips over participants are too few and pictures are flipped instead."""
COLUMNS = [
    "kind", "model", "start", "stop", "value", "ci_low", "ci_high", "chance", "relative_rank",
    "p_cluster",
]  # fmt: skip


def window_values(predictions: pd.DataFrame, metric: str, unit: str) -> pd.DataFrame:
    """Return the mean score of each participant or picture at each window.

    Parameters
    ----------
    predictions : DataFrame
        Of one kind, model, set; what is averaged over participants is left out.
    metric : str
        "top-k accuracy", or "relative rank" (0: best).
    unit : {"participant", "image"}

    Returns
    -------
    DataFrame, units as rows and windows (start, stop) as columns, by time
    """
    each = predictions[predictions["participant"] != EVERYBODY]
    average = "repetitions" if (each["average"] == "repetitions").any() else "single"
    each = each[each["average"] == average]
    ranks = each["rank"].to_numpy(float)
    if metric == "relative rank":
        values = (ranks - 1) / each["n_candidates"].to_numpy(float)
    else:
        values = value_of_ranks(ranks, metric)
    found = each.assign(score=values).pivot_table(
        index=unit, columns=["start", "stop"], values="score", aggfunc="mean"
    )
    return found.sort_index(axis=1, level=["stop", "start"])


def time_course(predictions: pd.DataFrame, config: ImageConfig) -> pd.DataFrame:
    """Return the score of every window and model with its interval and its cluster.

    Accuracies of the headline's k are shown, with an interval over participants (over pictures
    where there is one). Whether they are above chance is tested on relative ranks, whose
    distribution under chance is symmetric: over participants if there are eight or more, else
    over pictures.

    Returns
    -------
    DataFrame
        ``kind, model, start, stop, value, ci_low, ci_high, chance, relative_rank, p_cluster`` (of
        the cluster the window belongs to, 1 outside clusters).
    """
    chosen = config.evaluation
    metric = f"top-{chosen.headline_k} accuracy"
    tables = []
    mine = predictions[predictions["kind"].isin(KINDS)]
    mine = mine[mine["set"] == headline_set(mine, chosen.headline_set)]
    for (kind, model), part in mine.groupby(["kind", "model"], sort=False):
        n_candidates = int(part["n_candidates"].iloc[0])
        participants = window_values(part, metric, "participant")
        shown = participants if len(participants) > 1 else window_values(part, metric, "image")
        intervals = [
            mean_ci(column, expand=True, n_resamples=chosen.n_bootstrap, random_state=config.seed)
            for column in shown.to_numpy(float).T
        ]
        tables.append(
            pd.DataFrame(
                {
                    "kind": kind,
                    "model": model,
                    "start": shown.columns.get_level_values("start"),
                    "stop": shown.columns.get_level_values("stop"),
                    "value": [ci.estimate for ci in intervals],
                    "ci_low": [ci.low for ci in intervals],
                    "ci_high": [ci.high for ci in intervals],
                    "chance": min(1.0, chosen.headline_k / n_candidates),
                    "relative_rank": window_values(part, "relative rank", "image").mean().array,
                    "p_cluster": _clusters(part, n_candidates, config),
                }
            )
        )
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=COLUMNS)


def headline_set(predictions: pd.DataFrame, wanted: str) -> str:
    """Return the test set that is shown: the wanted one where there is such."""
    sets = set(predictions["set"].dropna()) if len(predictions) else {wanted}
    return wanted if wanted in sets else sorted(sets)[0]


def unit_of_test(predictions: pd.DataFrame) -> str:
    """Return what signs are flipped of: "participant" or "image"."""
    n = predictions.loc[predictions["participant"] != EVERYBODY, "participant"].nunique()
    return "participant" if n >= PARTICIPANTS_TO_TEST else "image"


def _clusters(part: pd.DataFrame, n_candidates: int, config: ImageConfig) -> NDArray[np.float64]:
    """Return the p-value of the cluster of each window, 1 outside."""
    ranks = window_values(part, "relative rank", unit_of_test(part)).dropna()
    gains = (n_candidates - 1) / (2 * n_candidates) - ranks.to_numpy(float)
    p_values = np.ones(gains.shape[1])
    clusters = time_clusters(
        gains, n_permutations=config.evaluation.n_permutations, seed=config.seed
    )
    for first, last, p in clusters[["first", "last", "p"]].to_numpy(float):
        p_values[int(first) : int(last) + 1] = p
    return p_values
