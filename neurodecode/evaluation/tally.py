"""Score one fold at a time, with its bootstrap and its null, and average upwards.

Scores are computed within each fold and averaged, never pooled over folds: the decision
values of two folds come from two models and are not on one scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from neurodecode.evaluation.bootstrap import BLOCK
from neurodecode.evaluation.chance import chance_level
from neurodecode.evaluation.metrics import Metric, batch_score, decision_values, encode
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ceiling = float | Mapping[str, float] | None
Bounds = tuple[float | None, float | None]
CI_LEVEL = 0.95


@dataclass(frozen=True)
class Tally:
    """A score with its resampled and shuffled values, at any level of averaging."""

    value: float
    resampled: Floats
    null: Floats
    n_trials: int
    perfect_n: int
    chance: float = np.nan


@dataclass(frozen=True)
class Setting:
    """What stays the same for all rows of one model and split."""

    metric: Metric
    model: str
    split: str
    classes: npt.NDArray[Any]
    n_resamples: int
    n_permutations: int
    seed: int
    ceiling: Ceiling
    unit: Literal["trial", "subject"]


def tally_session(trials: pd.DataFrame, setting: Setting, rng: np.random.Generator) -> Tally:
    """Average the folds of one session; chance is that of the session's labels."""
    folds = [
        _tally_fold(fold, setting, rng)
        for _, fold in trials.groupby("fold", sort=False, observed=True)
    ]
    return replace(average(folds), chance=_chance(trials, setting))


def _tally_fold(fold: pd.DataFrame, setting: Setting, rng: np.random.Generator) -> Tally:
    """Score one fold on the data, on bootstrap weights and on shuffled labels."""
    metric, n_classes = setting.metric, setting.classes.size
    codes = encode(fold["y_true"].to_numpy(), setting.classes)
    counts = np.bincount(codes, minlength=n_classes)
    if metric.needs_scores and (counts == 0).any():
        raise _class_missing(fold, setting, counts)
    held_out = _held_out(fold, setting)

    def evaluate(labels: npt.NDArray[np.intp], weights: Floats | None) -> Floats:
        return batch_score(metric, labels, held_out, n_classes, weights)

    resampled, null = np.empty(setting.n_resamples), np.empty(setting.n_permutations)
    step = max(1, BLOCK // codes.size)
    for start in range(0, setting.n_resamples, step):
        part = resampled[start : start + step]
        part[:] = evaluate(codes[None], stratified_weights(codes, part.size, rng))
    for start in range(0, setting.n_permutations, step):
        part = null[start : start + step]
        part[:] = evaluate(rng.permuted(np.tile(codes, (part.size, 1)), axis=1), None)
    present = counts[counts > 0]
    return Tally(
        float(evaluate(codes[None], None)[0]), resampled, null, codes.size,
        _perfect_n(metric.name, present),
    )  # fmt: skip


def stratified_weights(
    codes: npt.NDArray[np.intp], n_resamples: int, rng: np.random.Generator
) -> Floats:
    """Draw n - 1 of each class's n trials with replacement; weights sum to n per class."""
    weights = np.ones((n_resamples, codes.size))
    for code in np.unique(codes):
        members = np.flatnonzero(codes == code)
        n = members.size
        if n > 1:
            counts = rng.multinomial(n - 1, np.full(n, 1 / n), size=n_resamples)
            weights[:, members] = counts * (n / (n - 1))
    return weights


def _held_out(fold: pd.DataFrame, setting: Setting) -> npt.NDArray[Any]:
    if not setting.metric.needs_scores:
        return encode(fold["y_pred"].to_numpy(), setting.classes)
    names = [f"score_{label}" for label in setting.classes]
    if setting.classes.size == 2 and names[0] not in fold:
        names = names[1:]
    missing = [name for name in names if name not in fold]
    if missing:
        raise DataFault(
            f"predictions have no column {', '.join(missing)}", where=f"model {setting.model}"
        )
    try:
        return decision_values(fold[names].to_numpy(float), setting.classes.size)
    except DataFault as error:
        raise DataFault(error.what, where=_place(fold, setting), fix=error.fix) from error


def average(parts: list[Tally]) -> Tally:
    """Return the unweighted mean of scores, resample by resample and shuffle by shuffle."""
    return Tally(
        float(np.mean([part.value for part in parts])),
        np.mean([part.resampled for part in parts], axis=0),
        np.mean([part.null for part in parts], axis=0),
        sum(part.n_trials for part in parts),
        sum(part.perfect_n for part in parts),
        float(np.mean([part.chance for part in parts])),
    )


def trial_interval(tally: Tally, setting: Setting) -> Bounds:
    """Return the percentile interval over trials; exact lower bound for a perfect score."""
    if tally.resampled.size == 0:
        return None, None
    tails = [(1 - CI_LEVEL) / 2, (1 + CI_LEVEL) / 2]
    low, high = np.quantile(tally.resampled, tails)
    if tally.value > 1 - 1e-12:
        low = _perfect_score_bound(tails[0], tally.perfect_n, setting)
    return float(low), float(high)


def _perfect_score_bound(tail: float, n: int, setting: Setting) -> float:
    """Return the Clopper-Pearson bound of n successes in n, as kappa where that is the metric."""
    bound = float(tail ** (1 / n))
    if setting.metric.name != "cohen_kappa":
        return bound
    guess = 1 / setting.classes.size
    return (bound - guess) / (1 - guess)


def _perfect_n(metric: str, counts: npt.NDArray[np.intp]) -> int:
    """Return how many independent successes a perfect score proves: pairs for AUC, or trials."""
    if metric == "roc_auc":
        return int(counts.min())
    return int(counts.sum() if metric == "accuracy" else counts.size * counts.min())


def _chance(trials: pd.DataFrame, setting: Setting) -> float:
    """Return the chance level of one session; majority share for accuracy."""
    name, labels = setting.metric.name, trials["y_true"].to_numpy()
    if name != "roc_auc" and np.unique(labels).size < 2:
        return {"accuracy": 1.0, "cohen_kappa": 0.0}.get(name, 1 / setting.classes.size)
    return chance_level(labels, name, prior="majority")


def _class_missing(fold: pd.DataFrame, setting: Setting, counts: npt.NDArray[Any]) -> DataFault:
    shown = ", ".join(f"{c}: {n}" for c, n in zip(setting.classes, counts, strict=True))
    return DataFault(
        f"a class has no test trial, so {setting.metric.name} is undefined ({shown})",
        where=_place(fold, setting),
        fix="use fewer folds, or a split that is stratified by class",
    )


def _place(fold: pd.DataFrame, setting: Setting) -> str:
    row = fold.iloc[0]
    place = f"subject {row['subject']}, session {row['session']}, fold {row['fold']}"
    return f"model {setting.model}, split {setting.split}, {place}"
