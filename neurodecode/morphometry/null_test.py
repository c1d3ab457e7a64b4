"""The null test: noise must score at chance, and by how much a leak lifts it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.morphometry.nested import MODEL, nested_search
from neurodecode.morphometry.settings import SearchSettings
from neurodecode.morphometry.summary import replicate_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDERS = {"selection in folds": False, "selection before folds (leaks)": True}
"""When measures are ranked, and whether that is leaky."""
NULL_SETTINGS = SearchSettings(
    harmonisations=("raw",), classifiers=("gaussian nb",), n_replicates=1, search="preset"
)
"""The 20 best measures of ReliefF and Gaussian naive Bayes, five folds, once per draw."""


def noise_cohort(
    n_subjects: int, n_measures: int, random_state: int
) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Draw measures that are independent standard normal, and two groups of equal size.

    Returns
    -------
    table : DataFrame, shape (n_subjects, n_measures)
    groups : ndarray, shape (n_subjects,)
    """
    rng = np.random.default_rng([random_state, n_subjects, n_measures])
    names = [f"noise_{i:03d}_volume" for i in range(n_measures)]
    people = [f"noise-{i:03d}" for i in range(n_subjects)]
    table = pd.DataFrame(rng.standard_normal((n_subjects, n_measures)), people, names)
    return table, rng.permutation(np.arange(n_subjects) % 2).astype(np.intp)


def null_test(
    n_draws: int = 30,
    *,
    n_subjects: int = 160,
    n_measures: int = 180,
    settings: SearchSettings = NULL_SETTINGS,
    cohort: tuple[pd.DataFrame, NDArray[np.intp]] | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Score pure noise with the selection inside the folds, and before them.

    Parameters
    ----------
    n_draws : int, default=30
        Cohorts of noise.
    n_subjects, n_measures : int, default=160, 180
    settings : SearchSettings
        ``leaky_selection`` is set by the test.
    cohort : (DataFrame, ndarray), optional
        Subject table and groups; the groups are shuffled in each draw, in the place of noise.
    random_state : int, default=0

    Returns
    -------
    DataFrame
        One row per draw, order of the steps (:data:`ORDERS`) and model: ``draw``, ``order``,
        ``classifier``, ``harmonisation``, ``roc_auc`` and ``accuracy``; chance is 0.5 in both.
    """
    rows = []
    for draw in range(n_draws):
        table, groups = (
            noise_cohort(n_subjects, n_measures, random_state + draw)
            if cohort is None else _shuffled(*cohort, random_state + draw)
        )  # fmt: skip
        for order, leaky in ORDERS.items():
            own = replace(settings, leaky_selection=leaky, seed=settings.seed + draw)
            found = replicate_scores(nested_search(table, groups, own))
            means = found.groupby(MODEL, sort=False)[["roc_auc", "accuracy"]].mean()
            rows.append(means.reset_index().assign(draw=draw, order=order))
    columns = ["draw", "order", *MODEL, "roc_auc", "accuracy"]
    return pd.concat(rows, ignore_index=True)[columns]


def _shuffled(
    table: pd.DataFrame, groups: NDArray[np.intp], seed: int
) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    return table, np.random.default_rng(seed).permutation(groups)
