r"""Scores of diagnoses of people: rates, intervals over people, and shuffles of the groups.

Answers of all folds are pooled, one per person; AUC compares only people of one fold, because the
decision values of two folds come from two models:

.. math:: \mathrm{AUC} = \frac{\sum_f U_f}{\sum_f n_f^+ n_f^-}
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from neurodecode.evaluation.chance import chance_level
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.metrics import METRICS, Metric, batch_score
from neurodecode.evaluation.permutation import permutation_p
from neurodecode.evaluation.tally import stratified_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BALANCED, AUC = "balanced_accuracy", "roc_auc"
LEVEL = 0.95


def _recall(code: int) -> Metric:
    """Return the share of one group that is recognised."""

    def rate(confusion: Floats) -> Floats:
        row = confusion[..., code, :]
        total = row.sum(axis=-1)
        out = np.full(total.shape, np.nan)
        return np.asarray(np.divide(row[..., code], total, out=out, where=total > 0))

    return Metric(("specificity", "sensitivity")[code], rate)


RATES: dict[str, Metric] = {
    BALANCED: METRICS[BALANCED],
    "accuracy": METRICS["accuracy"],
    "sensitivity": _recall(1),
    "specificity": _recall(0),
    AUC: METRICS[AUC],
}
"""Scores of diagnoses; the first is what a report is about. Group 1 are the cases."""


@dataclass(frozen=True)
class DiagnosisSettings:
    """How scores get their interval and p-value.

    Attributes
    ----------
    n_resamples : int
        Bootstrap samples of people, drawn within each site.
    n_permutations : int
        Shuffles of the groups; 0: no p-value.
    seed : int
    """

    n_resamples: int = 2000
    n_permutations: int = 1000
    seed: int = 0


def score_diagnoses(answers: pd.DataFrame, settings: DiagnosisSettings) -> list[MetricRow]:
    """Return a row per score of one model under one protocol.

    Parameters
    ----------
    answers : DataFrame
        A row per person: ``subject, site, fold, y_true, y_pred, score`` (of being a case),
        ``model, split``. Groups are 0 and 1.
    settings : DiagnosisSettings

    Returns
    -------
    list of MetricRow
        Level "group", unit "subject". Chance: of accuracy the share of the larger group; of
        sensitivity and specificity the share of such answers; else 0.5. Scores that need a group
        that is not there are left out. p: groups are shuffled within folds, so what a model knows
        of a site counts; :func:`p_within_sites` says what is left.
    """
    labels = answers["y_true"].to_numpy(int)
    if np.unique(labels).size < 2:
        return _one_group(answers, labels)
    rng = np.random.default_rng(settings.seed)
    sites = np.unique(answers["site"].to_numpy(str), return_inverse=True)[1]
    weights = stratified_weights(sites, settings.n_resamples, rng)
    shuffled = _shuffles(labels, answers["fold"], settings)
    rows = []
    for name in RATES:
        value = float(values_of(name, answers, labels[None])[0])
        if np.isnan(value):
            continue  # AUC where no fold has both groups
        drawn = values_of(name, answers, labels[None], weights)
        low, high = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        null = values_of(name, answers, shuffled) if len(shuffled) else np.zeros(0)
        p = permutation_p(value, null) if null.size and name in (BALANCED, AUC) else None
        rows.append(_row(answers, name, value, _chance(name, answers), (low, high), p))
    return rows


def fold_score(answers: pd.DataFrame, metric: str, settings: DiagnosisSettings) -> MetricRow:
    """Return one score of the answers to one fold, always with an interval.

    Where the people are of one group, or a score is not defined, it is the accuracy, whose interval
    is then the exact one of a binomial share (Clopper and Pearson).

    Parameters
    ----------
    answers, settings
        As in :func:`score_diagnoses`.
    metric : str
        Of :data:`RATES`.
    """
    rows = {row.metric: row for row in score_diagnoses(answers, settings)}
    row = rows.get(metric, rows["accuracy"])
    if row.ci_low is not None:
        return row
    hits = round(row.value * row.n)
    low, high = stats.binomtest(hits, row.n).proportion_ci(LEVEL)
    return replace(row, ci_low=float(low), ci_high=float(high))


def p_within_sites(answers: pd.DataFrame, settings: DiagnosisSettings) -> float | None:
    """Return the p-value of balanced accuracy when groups are shuffled within each site.

    A model that knows no more than each site's share of cases is not below 0.05 by it. None
    without permutations or with a single group.
    """
    labels = answers["y_true"].to_numpy(int)
    shuffled = _shuffles(labels, answers["fold"] + " " + answers["site"], settings)
    if not len(shuffled) or np.unique(labels).size < 2:
        return None
    observed = float(values_of(BALANCED, answers, labels[None])[0])
    return permutation_p(observed, values_of(BALANCED, answers, shuffled))


def balanced_hits(answers: pd.DataFrame) -> NDArray[np.float64]:
    r"""Return values per person whose mean is the balanced accuracy.

    .. math:: h_i = \frac{n}{2 n_{g(i)}} [\hat y_i = y_i]

    Two models can so be compared over people with paired tests of means.
    """
    labels = answers["y_true"].to_numpy(int)
    counts = np.bincount(labels, minlength=2)
    hits = (answers["y_pred"].to_numpy(int) == labels).astype(float)
    return np.asarray(hits * labels.size / (2 * counts[labels]))


def values_of(
    name: str, answers: pd.DataFrame, labels: NDArray[np.intp], weights: Floats | None = None
) -> NDArray[np.float64]:
    """Score many labellings or weightings of the same answers; see ``metrics.batch_score``."""
    if name != AUC:
        return batch_score(RATES[name], labels, answers["y_pred"].to_numpy(int), 2, weights)
    scores = answers["score"].to_numpy(float)
    earned, pairs = np.zeros(1), np.zeros(1)
    for rows in answers.reset_index(drop=True).groupby("fold", sort=False).indices.values():
        mine = labels[:, rows]
        mass = np.ones(mine.shape) if weights is None else weights[:, rows]
        n_pairs = (mass * (mine == 1)).sum(axis=1) * (mass * (mine == 0)).sum(axis=1)
        auc = batch_score(RATES[AUC], mine, scores[rows], 2, None if weights is None else mass)
        earned = earned + np.where(n_pairs > 0, np.nan_to_num(auc) * n_pairs, 0.0)
        pairs = pairs + n_pairs
    return np.asarray(np.divide(earned, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0))


def _shuffles(
    labels: NDArray[np.intp], blocks: pd.Series, settings: DiagnosisSettings
) -> NDArray[np.intp]:
    """Return labellings (n_permutations, n), shuffled within blocks."""
    rng = np.random.default_rng(settings.seed)
    shuffled = np.tile(labels, (settings.n_permutations, 1))
    for code in np.unique(blocks.to_numpy(str)):
        rows = np.flatnonzero(blocks.to_numpy(str) == code)
        shuffled[:, rows] = rng.permuted(shuffled[:, rows], axis=1)
    return shuffled


def _chance(name: str, answers: pd.DataFrame) -> float:
    if name in ("sensitivity", "specificity"):
        asked = 1 if name == "sensitivity" else 0
        return float((answers["y_pred"].to_numpy(int) == asked).mean())
    return chance_level(answers["y_true"].to_numpy(int), name, prior="majority")


def _one_group(answers: pd.DataFrame, labels: NDArray[np.intp]) -> list[MetricRow]:
    """Score a site of a single group: accuracy alone is defined."""
    hits = float((answers["y_pred"].to_numpy(int) == labels).mean())
    return [_row(answers, "accuracy", hits, 1.0, (None, None), None)]


def _row(
    answers: pd.DataFrame,
    name: str,
    value: float,
    chance: float,
    bounds: tuple[float | None, float | None],
    p: float | None,
) -> MetricRow:
    first = answers.iloc[0]
    return MetricRow(
        metric=name, value=value, chance=chance, n=len(answers), unit="subject",
        level="group", split=str(first["split"]), model=str(first["model"]),
        ci_low=bounds[0], ci_high=bounds[1], p_value=p,
    )  # fmt: skip
