"""Scores of a run that trains on several folds: averaged, with intervals over folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.group_scores import finite_or_none
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.mindbridge.study import in_fold

if TYPE_CHECKING:
    from collections.abc import Sequence

DEPENDENT = "one subject, folds share training data, so that p and interval are approximate"


def fold_unit(trials: pd.DataFrame, folds: Sequence[int]) -> str:
    """Return "run" where each fold tests one run of every subject, else "fold"."""
    for fold in folds:
        tested = in_fold(trials, fold).query("part == 'test'")
        if tested[["participant", "run"]].drop_duplicates()["participant"].duplicated().any():
            return "fold"
    return "run"


def folds_note(folds: Sequence[int], unit: str) -> list[str]:
    """Say what scores and intervals are over; nothing where the run has one fold."""
    if not folds:
        return []
    what = "another run" if unit == "run" else "other runs"
    return [
        f"{len(folds)} folds, each trained anew and tested on {what} of every subject. Scores are "
        f"means over folds; a subject's interval is over {unit}s, which share training data, so "
        "that it is approximate."
    ]


def pooled_rows(
    predictions: pd.DataFrame, unit: str, n_bootstrap: int, *, seed: int
) -> list[MetricRow]:
    """Return a row per model, subject, direction and seed: the mean over folds.

    Intervals resample folds, expanded for few of them.

    Parameters
    ----------
    predictions : DataFrame
        Of all units; synthesised signals and new subjects are left out.
    unit : str
        From :func:`fold_unit`.
    n_bootstrap : int
    seed : int
        Of the bootstrap.
    """
    rows = []
    models = predictions[predictions["kind"] == "model"]
    keys = ["model", "subject", "metric", "seed"]
    for (model, subject, metric, number), part in models.groupby(keys, sort=False):
        folds = part.groupby("fold")[["hit", "chance", "optimal_hit"]].mean()
        ci = mean_ci(folds["hit"], n_resamples=n_bootstrap, expand=True, random_state=seed,
                     unit=unit)  # fmt: skip
        rows.append(
            MetricRow(
                metric=str(metric), value=ci.estimate, chance=float(folds["chance"].mean()),
                n=len(folds), unit=unit, level="subject", split=part["split"].iloc[0],
                model=str(model), subject=str(subject), seed=int(str(number)),
                ci_low=finite_or_none(ci.low), ci_high=finite_or_none(ci.high),
                ceiling=finite_or_none(folds["optimal_hit"].mean()),
            )
        )  # fmt: skip
    return rows


def compare_over_folds(predictions: pd.DataFrame, reference: str, unit: str) -> pd.DataFrame:
    """Compare a model with the others over the folds of one subject, averaged over seeds.

    Parameters
    ----------
    predictions : DataFrame
        Of one direction and one subject.
    reference : str
        The model that the others are compared with.
    unit : str
        From :func:`fold_unit`.

    Returns
    -------
    DataFrame
        As :func:`~neurodecode.evaluation.comparison.compare_reference`.
    """
    models = predictions[predictions["kind"] == "model"]
    each = models.groupby(["model", "fold"], sort=False)["hit"].mean().reset_index()
    scores = each.rename(columns={"fold": "subject", "hit": "value"})
    table = compare_reference(scores, reference, random_state=0, unit=unit)
    return table.assign(note=DEPENDENT)
