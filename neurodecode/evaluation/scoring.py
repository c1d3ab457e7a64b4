"""From held-out predictions to scores per session, per subject and for the group.

Scores are computed within each fold and averaged, never pooled over folds: the decision
values of two folds come from two models and are not on one scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.metric_row import Level, MetricRow
from neurodecode.evaluation.metrics import Metric, get_metric
from neurodecode.evaluation.permutation import permutation_p
from neurodecode.evaluation.tally import (
    CI_LEVEL,
    Bounds,
    Ceiling,
    Setting,
    Tally,
    average,
    tally_session,
    trial_interval,
)
from neurodecode.faults import DataFault

LEVELS = ("trial", "session", "subject", "group")
COLUMNS = ("model", "split", "subject", "session", "fold", "trial", "y_true", "y_pred")


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
    * Row for the group: BCa interval over subjects, who are the units of generalisation,
      expanded for their small number (fewer than 5 still leave it too narrow, see
      :func:`bootstrap_ci`). With one subject it is that subject's interval over trials, and
      ``unit`` says "trial".
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
    scored = score_subjects(
        predictions,
        metric,
        n_resamples=n_resamples,
        n_permutations=n_permutations,
        seed=seed,
        ceiling=ceiling,
        unit=unit,
    )
    if unit == "subject":
        return scored.rows
    group = group_rows(scored, n_resamples=n_resamples, seed=seed)
    rows = [*scored.rows, *group]
    order = {key: place for place, key in enumerate(dict.fromkeys(map(_key, rows)))}
    return sorted(rows, key=lambda row: (order[_key(row)], LEVELS.index(row.level)))


def _key(row: MetricRow) -> tuple[str, str]:
    return row.model, row.split


@dataclass(frozen=True)
class Scored:
    """Rows per session and subject, with what the group's statistics need.

    Columns of both tables are ``split/model/subject``.

    Attributes
    ----------
    null : DataFrame, shape (n_permutations, n_models * n_splits * n_subjects)
        Scores of the shuffled labels.
    resampled : DataFrame, shape (n_resamples, n_models * n_splits * n_subjects)
        Scores of the bootstrap samples of each subject's trials. All decoders see the same
        samples, so the difference of two columns is a paired bootstrap.
    """

    rows: list[MetricRow]
    null: pd.DataFrame
    resampled: pd.DataFrame


def score_subjects(
    predictions: pd.DataFrame,
    metric: str,
    *,
    n_resamples: int = 2000,
    n_permutations: int = 1000,
    seed: int = 42,
    ceiling: Ceiling = None,
    unit: Literal["trial", "subject"] = "trial",
) -> Scored:
    """Score every session and subject; the parameters are those of :func:`score_predictions`.

    Draws depend on the seed and the subject's name only, so subjects scored one by one and
    together get the same numbers.
    """
    chosen = get_metric(metric)
    _check(predictions, chosen)
    rows: list[MetricRow] = []
    null: dict[str, npt.NDArray[np.float64]] = {}
    resampled: dict[str, npt.NDArray[np.float64]] = {}
    for (model, split), part in predictions.groupby(["model", "split"], sort=False, observed=True):
        labels = part["y_true"] if chosen.needs_scores else pd.concat([part.y_true, part.y_pred])
        setting = Setting(
            chosen, str(model), str(split), np.unique(labels.to_numpy()),
            n_resamples, n_permutations, seed, ceiling, unit,
        )  # fmt: skip
        if unit == "subject":
            tally = tally_session(part, setting, np.random.default_rng(seed))
            rows.append(_over_persons(tally, setting))
            continue
        for subject, trials in part.groupby("subject", sort=False, observed=True):
            found, tally = _rows_of_subject(trials, setting, str(subject))
            rows += found
            column = draws_column(setting.split, setting.model, str(subject))
            null[column], resampled[column] = tally.null, tally.resampled
    return Scored(rows, pd.DataFrame(null), pd.DataFrame(resampled))


def draws_column(split: str, model: str, subject: str) -> str:
    """Return the column of :class:`Scored`'s tables for one decoder on one subject."""
    return f"{split}/{model}/{subject}"


def group_rows(scored: Scored, *, n_resamples: int = 2000, seed: int = 42) -> list[MetricRow]:
    """Average subjects: BCa interval over subjects, p from the averaged shuffles.

    With one subject, the group is that subject, with its interval over trials.
    """
    found: dict[tuple[str, str], list[MetricRow]] = {}
    for row in scored.rows:
        if row.level == "subject":
            found.setdefault((row.model, row.split), []).append(row)
    return [_group_row(rows, scored.null, n_resamples, seed) for rows in found.values()]


def _group_row(rows: list[MetricRow], null: pd.DataFrame, n_resamples: int, seed: int) -> MetricRow:
    first = rows[0]
    if len(rows) == 1:
        return replace(first, level="group", subject=None)
    columns = [draws_column(row.split, row.model, str(row.subject)) for row in rows]
    shuffled = null[columns].to_numpy().mean(axis=1)
    value = float(np.mean([row.value for row in rows]))
    interval = mean_ci(
        [row.value for row in rows],
        level=CI_LEVEL,
        n_resamples=n_resamples,
        expand=True,
        random_state=seed,
        unit="subject",
    ) if n_resamples else None  # fmt: skip
    ceilings = [row.ceiling for row in rows if row.ceiling is not None]
    return replace(
        first,
        level="group",
        subject=None,
        value=value,
        n=len(rows),
        unit="subject",
        chance=float(np.mean([row.chance for row in rows])),
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
        p_value=permutation_p(value, shuffled) if shuffled.size else None,
        chance_95=_chance_95(shuffled),
        ceiling=float(np.mean(ceilings)) if ceilings else None,
    )


def _chance_95(null: npt.NDArray[np.float64]) -> float | None:
    return float(np.quantile(null, 0.95, method="higher")) if null.size else None


def _rows_of_subject(
    trials: pd.DataFrame, setting: Setting, subject: str
) -> tuple[list[MetricRow], Tally]:
    rng = np.random.default_rng([setting.seed, crc32(subject.encode())])
    sessions, rows = [], []
    for session, inner in trials.groupby("session", sort=False, observed=True):
        sessions.append(tally_session(inner, setting, rng))
        rows.append(_row(sessions[-1], setting, "session", subject, str(session)))
    tally = average(sessions)
    return [*rows, _row(tally, setting, "subject", subject)], tally


def _over_persons(tally: Tally, setting: Setting) -> MetricRow:
    interval = trial_interval(tally, setting)
    return _metric_row(tally, setting, "group", interval, tally.n_trials, setting.unit)


def _row(
    tally: Tally, setting: Setting, level: Level, subject: str, session: str | None = None
) -> MetricRow:
    interval = trial_interval(tally, setting)
    return _metric_row(
        tally, setting, level, interval, tally.n_trials, "trial", subject=subject, session=session
    )


def _metric_row(
    tally: Tally,
    setting: Setting,
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
        chance_95=_chance_95(tally.null),
        ceiling=_ceiling(setting.ceiling, subject),
    )  # fmt: skip


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
