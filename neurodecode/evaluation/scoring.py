"""From held-out predictions to scores per session, per subject and for the group.

Scores are computed within each fold and averaged, never pooled over folds: the decision
values of two folds come from two models and are not on one scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodecode.evaluation.bootstrap import BLOCK, mean_ci
from neurodecode.evaluation.chance import chance_level
from neurodecode.evaluation.metric_row import Level, MetricRow
from neurodecode.evaluation.metrics import Metric, batch_score, decision_values, encode, get_metric
from neurodecode.evaluation.permutation import permutation_p
from neurodecode.faults import DataFault

Floats = npt.NDArray[np.float64]
Ceiling = float | Mapping[str, float] | None
COLUMNS = ("model", "split", "subject", "session", "fold", "trial", "y_true", "y_pred")
CI_LEVEL = 0.95
Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class _Tally:
    """A score with its resampled and shuffled values, at any level of averaging."""

    value: float
    resampled: Floats
    null: Floats
    n_trials: int
    perfect_n: int
    chance: float = np.nan


@dataclass(frozen=True)
class _Setting:
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


def score_predictions(
    predictions: pd.DataFrame,
    metric: str,
    *,
    n_resamples: int = 2000,
    n_permutations: int = 1000,
    seed: int = 42,
    ceiling: Ceiling = None,
    unit: Literal["trial", "subject"] = "trial",
) -> list[MetricRow]:
    r"""Score held-out predictions with chance, interval and p-value.

    .. math::

        m_\mathrm{group} = \frac1S \sum_s \frac1{E_s} \sum_e \frac1{F_{se}} \sum_f m_{sef}

    over subjects s, their sessions e and the folds f of each session.

    * Rows per session and per subject: trials are resampled within fold and class, n - 1 of n
      so that the variance of small strata is not understated; percentile interval. A perfect
      score gets the exact binomial lower bound, since its resamples are all perfect too.
    * Row for the group: BCa interval over subjects, who are the units of generalisation.
      With one subject it is that subject's interval over trials, and ``unit`` says "trial".
    * p: labels are shuffled within subject x session x fold and everything is averaged anew.
      The group's p answers "does any subject carry information", the interval "how much, in
      further subjects".
    * ``chance_95``: 95 % quantile of the same shuffles.

    Parameters
    ----------
    predictions : DataFrame
        One row per held-out trial: ``model, split, subject, session, fold, trial, y_true,
        y_pred`` and, for AUC, ``score_<class>`` (two classes: that of the second suffices).
    metric : str
        Name in ``METRICS``.
    n_resamples : int, default=2000
        Bootstrap samples; 0 for no interval.
    n_permutations : int, default=1000
        Shuffles; 0 for no p-value.
    seed : int, default=42
        Seed of all draws, and of the rows.
    ceiling : float, mapping of subject to float, or None, default=None
        Best reachable score, where known.
    unit : {"trial", "subject"}, default="trial"
        What a row of ``predictions`` is. With "subject" (diagnosis: one row per person) there
        is one group row, and persons are resampled and shuffled within folds.

    Returns
    -------
    list of MetricRow
        Per model and split: sessions, subjects, then the group. Chance of accuracy is the
        share of the most frequent label.

    Raises
    ------
    ConfigFault
        If the metric is unknown.
    DataFault
        If a column is missing, a trial was predicted twice by a model, a score is not finite,
        or a fold lacks a class that AUC needs.

    References
    ----------
    Rao & Wu (1988), J. Am. Stat. Assoc. 83, 231-241, for the n - 1 draws.
    """
    chosen = get_metric(metric)
    _check(predictions, chosen)
    rows: list[MetricRow] = []
    for (model, split), part in predictions.groupby(["model", "split"], sort=False, observed=True):
        labels = part["y_true"] if chosen.needs_scores else pd.concat([part.y_true, part.y_pred])
        setting = _Setting(
            chosen, str(model), str(split), np.unique(labels.to_numpy()),
            n_resamples, n_permutations, seed, ceiling, unit,
        )  # fmt: skip
        rows += _rows_of_model(part, setting)
    return rows


def _rows_of_model(part: pd.DataFrame, setting: _Setting) -> list[MetricRow]:
    rng = np.random.default_rng(setting.seed)
    if setting.unit == "subject":
        return [_group_row([_tally_session(part, setting, rng)], setting)]
    session_rows, subject_rows, subjects = [], [], []
    for subject, trials in part.groupby("subject", sort=False, observed=True):
        sessions = []
        for session, inner in trials.groupby("session", sort=False, observed=True):
            sessions.append(_tally_session(inner, setting, rng))
            session_rows.append(_row(sessions[-1], setting, "session", str(subject), str(session)))
        subjects.append(_average(sessions))
        subject_rows.append(_row(subjects[-1], setting, "subject", str(subject)))
    return [*session_rows, *subject_rows, _group_row(subjects, setting)]


def _tally_session(trials: pd.DataFrame, setting: _Setting, rng: np.random.Generator) -> _Tally:
    """Average the folds of one session; chance is that of the session's labels."""
    folds = [
        _tally_fold(fold, setting, rng)
        for _, fold in trials.groupby("fold", sort=False, observed=True)
    ]
    return replace(_average(folds), chance=_chance(trials, setting))


def _tally_fold(fold: pd.DataFrame, setting: _Setting, rng: np.random.Generator) -> _Tally:
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
        part[:] = evaluate(codes[None], _stratified_weights(codes, part.size, rng))
    for start in range(0, setting.n_permutations, step):
        part = null[start : start + step]
        part[:] = evaluate(rng.permuted(np.tile(codes, (part.size, 1)), axis=1), None)
    present = counts[counts > 0]
    return _Tally(
        float(evaluate(codes[None], None)[0]), resampled, null, codes.size,
        _perfect_n(metric.name, present),
    )  # fmt: skip


def _stratified_weights(
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


def _held_out(fold: pd.DataFrame, setting: _Setting) -> npt.NDArray[Any]:
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


def _average(parts: list[_Tally]) -> _Tally:
    return _Tally(
        float(np.mean([part.value for part in parts])),
        np.mean([part.resampled for part in parts], axis=0),
        np.mean([part.null for part in parts], axis=0),
        sum(part.n_trials for part in parts),
        sum(part.perfect_n for part in parts),
        float(np.mean([part.chance for part in parts])),
    )


def _row(
    tally: _Tally, setting: _Setting, level: Level, subject: str, session: str | None = None
) -> MetricRow:
    interval = _trial_interval(tally, setting)
    return _metric_row(
        tally, setting, level, interval, tally.n_trials, "trial", subject=subject, session=session
    )


def _group_row(subjects: list[_Tally], setting: _Setting) -> MetricRow:
    group = _average(subjects)
    if len(subjects) == 1:
        interval = _trial_interval(group, setting)
        return _metric_row(group, setting, "group", interval, group.n_trials, setting.unit)
    interval = (None, None)
    if setting.n_resamples:
        over_subjects = mean_ci(
            [part.value for part in subjects],
            level=CI_LEVEL,
            n_resamples=setting.n_resamples,
            random_state=setting.seed,
            unit="subject",
        )
        interval = (over_subjects.low, over_subjects.high)
    return _metric_row(group, setting, "group", interval, len(subjects), "subject")


def _metric_row(
    tally: _Tally,
    setting: _Setting,
    level: Level,
    interval: Bounds,
    n: int,
    unit: str,
    subject: str | None = None,
    session: str | None = None,
) -> MetricRow:
    tested = tally.null.size > 0
    return MetricRow(
        metric=setting.metric.name, value=tally.value, chance=tally.chance, n=n, unit=unit,
        level=level, split=setting.split, model=setting.model, subject=subject, session=session,
        seed=setting.seed, ci_low=interval[0], ci_high=interval[1],
        p_value=permutation_p(tally.value, tally.null) if tested else None,
        chance_95=float(np.quantile(tally.null, 0.95, method="higher")) if tested else None,
        ceiling=_ceiling(setting.ceiling, subject),
    )  # fmt: skip


def _trial_interval(tally: _Tally, setting: _Setting) -> Bounds:
    if tally.resampled.size == 0:
        return None, None
    tails = [(1 - CI_LEVEL) / 2, (1 + CI_LEVEL) / 2]
    low, high = np.quantile(tally.resampled, tails)
    if tally.value > 1 - 1e-12:
        low = _perfect_score_bound(tails[0], tally.perfect_n, setting)
    return float(low), float(high)


def _perfect_score_bound(tail: float, n: int, setting: _Setting) -> float:
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


def _chance(trials: pd.DataFrame, setting: _Setting) -> float:
    """Return the chance level of one session; majority share for accuracy."""
    name, labels = setting.metric.name, trials["y_true"].to_numpy()
    if name != "roc_auc" and np.unique(labels).size < 2:
        return {"accuracy": 1.0, "cohen_kappa": 0.0}.get(name, 1 / setting.classes.size)
    return chance_level(labels, name, prior="majority")


def _ceiling(ceiling: Ceiling, subject: str | None) -> float | None:
    if not isinstance(ceiling, Mapping):
        return ceiling
    if subject is None:
        return float(np.mean(list(ceiling.values())))
    return ceiling.get(subject)


def _check(predictions: pd.DataFrame, metric: Metric) -> None:
    missing = [name for name in COLUMNS if name not in predictions]
    if missing:
        raise DataFault(f"predictions have no column {', '.join(missing)}")
    if predictions.empty:
        raise DataFault("no predictions to score")
    keys = ["model", "split", "subject", "session", "trial"]
    twice = predictions.duplicated(keys)
    if twice.any():
        row = predictions[twice].iloc[0]
        raise DataFault(
            f"trial {row['trial']} was predicted twice",
            where=f"model {row['model']}, subject {row['subject']}, session {row['session']}",
            fix="number the trials of a session; score repeated splits one by one",
        )
    named = ["y_true"] if metric.needs_scores else ["y_true", "y_pred"]
    if predictions[named].isna().to_numpy().any():
        raise DataFault("a label is missing in the predictions", where=", ".join(named))


def _class_missing(fold: pd.DataFrame, setting: _Setting, counts: npt.NDArray[Any]) -> DataFault:
    shown = ", ".join(f"{c}: {n}" for c, n in zip(setting.classes, counts, strict=True))
    return DataFault(
        f"a class has no test trial, so {setting.metric.name} is undefined ({shown})",
        where=_place(fold, setting),
        fix="use fewer folds, or a split that is stratified by class",
    )


def _place(fold: pd.DataFrame, setting: _Setting) -> str:
    row = fold.iloc[0]
    place = f"subject {row['subject']}, session {row['session']}, fold {row['fold']}"
    return f"model {setting.model}, split {setting.split}, {place}"
