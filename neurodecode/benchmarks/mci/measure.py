"""Carries out one job of the benchmark of ``mci``: results first, then seconds per fold."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.benchmarks.machine import describe_machine, one_blas_thread
from neurodecode.benchmarks.mci.config import settings_of
from neurodecode.benchmarks.mci.plain import plain_nested_search
from neurodecode.morphometry import SearchSettings, nested_search
from neurodecode.morphometry.null_test import noise_cohort

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.benchmarks.config import BenchConfig

KEYS = ["classifier", "harmonisation", "replicate", "fold"]


def measure_unit(
    config: BenchConfig,
    unit: str,
    stores: Sequence[Path],  # noqa: ARG001 - as other methods; people are drawn, none is read
) -> dict[str, Any]:
    """Time both programs; add ``machine`` and ``summary``.

    Ours does ``timed_replicates`` replicates on its workers, the plain loop ``timed_folds`` outer
    folds of the first one in this process; scores of those folds are compared.
    """
    workers, repeat = map(int, unit.split("-")[2::2])
    asked = settings_of(config).nested
    settings = SearchSettings(
        harmonisations=("z-score",),
        classifiers=asked.classifiers,
        n_replicates=asked.timed_replicates,
        n_outer=asked.outer_folds,
        n_inner=asked.inner_folds,
        n_candidates=asked.candidates,
        n_jobs=workers,
        seed=config.seed + repeat,
    )
    table, groups = simulated_people(asked.n_people, asked.n_measures, config.seed + repeat)
    with one_blas_thread():
        machine = describe_machine()
        start = time.perf_counter()
        ours = nested_search(table, groups, settings)
        seconds = time.perf_counter() - start
        folds = range(min(asked.timed_folds, asked.outer_folds))
        start = time.perf_counter()
        plain = plain_nested_search(table, groups, settings, folds=folds)
        plain_seconds = time.perf_counter() - start
    per_fold = seconds / (asked.timed_replicates * asked.outer_folds)
    return {
        "machine": machine,
        "gaps": gaps_of(ours.predictions, ours.chosen, plain),
        "seconds_per_fold": {"ours": per_fold, "plain": plain_seconds / len(folds)},
        "summary": f"{per_fold:.2f} s per outer fold, the plain loop "
        f"{plain_seconds / len(folds):.1f} s",
    }


def simulated_people(
    n_people: int, n_measures: int, seed: int
) -> tuple[pd.DataFrame, NDArray[np.intp]]:
    """Return noise of two groups, with the covariates that harmonisation reads."""
    table, groups = noise_cohort(n_people, n_measures, seed)
    rng = np.random.default_rng([seed, n_people])
    covariates = {
        "age": rng.normal(72, 6, n_people), "sex": rng.integers(0, 2, n_people),
        "etiv": rng.normal(1.5e6, 1.2e5, n_people),
    }  # fmt: skip
    return table.assign(**covariates), groups


def gaps_of(
    predictions: pd.DataFrame, chosen: pd.DataFrame, plain: pd.DataFrame
) -> dict[str, float]:
    """Return the largest differences of scores of people left out, and of inner scores.

    Infinite where a person or fold of the plain loop is missing.
    """
    both = plain.merge(predictions, on=[*KEYS, "subject"], suffixes=("_plain", ""))
    first = plain.drop_duplicates(KEYS)[[*KEYS, "inner"]]
    inner = first.merge(chosen, on=KEYS, suffixes=("_plain", ""))
    if len(both) < len(plain) or len(inner) < len(first):
        return {"scores": float("inf"), "inner": float("inf")}
    return {
        "scores": float((both["score"] - both["score_plain"]).abs().max()),
        "inner": float((inner["inner"] - inner["inner_plain"]).abs().max()),
    }
