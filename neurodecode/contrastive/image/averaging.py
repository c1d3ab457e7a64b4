"""Estimates of single trials, averaged over repetitions, and over participants as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVERYBODY = "all"


@dataclass(frozen=True)
class Queries:
    """Estimates to be ranked.

    Attributes
    ----------
    table : DataFrame
        ``average, participant, image, category, n_trials``, a row per query.
    estimates : Tensor, shape (n_queries, F)
    likelihood : ndarray, shape (n_queries, n_candidates), or None
        Log-likelihoods of the optimal decoder.
    """

    table: pd.DataFrame
    estimates: torch.Tensor
    likelihood: NDArray[np.float64] | None


def average_estimates(
    trials: pd.DataFrame, estimates: torch.Tensor, likelihood: NDArray[np.float64] | None = None
) -> Iterator[Queries]:
    """Yield single trials; means over each participant's repetitions; means of these over all.

    What would repeat the level before is left out: repetitions where every picture was shown
    once, participants where there is one. Estimates are averaged, not signals; log-likelihoods
    are summed.

    Parameters
    ----------
    trials : DataFrame
        ``participant, image, category`` and, where known, ``block``: a row per trial.
    estimates : Tensor, shape (n_trials, F)
    likelihood : ndarray, shape (n_trials, n_candidates), optional
    """
    columns = [name for name in ("participant", "image", "category", "block") if name in trials]
    single = trials[columns].assign(average="single", n_trials=1)
    yield Queries(single.reset_index(drop=True), estimates, likelihood)
    level = Queries(single, estimates, likelihood)
    repeated = single.duplicated(["participant", "image"]).any()
    if repeated:
        level = _grouped(level, ["participant", "image"], "repetitions")
        yield level
    if len(set(single["participant"])) > 1:
        yield _grouped(level, ["image"], "participants")


def _grouped(queries: Queries, keys: list[str], average: str) -> Queries:
    groups = queries.table.groupby(keys, sort=False)
    number = torch.from_numpy(groups.ngroup().to_numpy().astype(np.int64))
    first = groups.head(1).assign(average=average, n_trials=groups["n_trials"].sum().to_numpy())
    if "participant" not in keys:
        first = first.assign(participant=EVERYBODY)
    n = len(first)
    total = torch.zeros(n, queries.estimates.shape[1]).index_add_(0, number, queries.estimates)
    count = torch.zeros(n).index_add_(0, number, torch.ones(len(number)))
    likelihood = None
    if queries.likelihood is not None:
        likelihood = np.zeros((n, queries.likelihood.shape[1]))
        np.add.at(likelihood, number.numpy(), queries.likelihood)
    return Queries(first.reset_index(drop=True), total / count[:, None], likelihood)
