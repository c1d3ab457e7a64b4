"""Scores of decoded ratings per subject and for the group, with chance, interval and p-value.

Windows of one clip are not independent (they overlap, share the clip and its one rating), so
whatever is resampled or shuffled is the trial: one clip watched once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.evaluation.bootstrap import bca_tails, mean_ci, nominal_tails
from neurodecode.evaluation.group_scores import finite_or_none
from neurodecode.evaluation.metric_row import MetricRow
from neurodecode.evaluation.ordinal import ORDINAL_METRICS, ordinal_metric
from neurodecode.evaluation.ordinal_answers import Over, TrialAnswers, trial_answers
from neurodecode.evaluation.ordinal_chance import ordinal_chance
from neurodecode.evaluation.permutation import permutation_p
from neurodecode.evaluation.tally import CI_LEVEL
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from neurodecode.evaluation.metrics import Floats
    from neurodecode.evaluation.ordinal import OrdinalMetric

PREDICTIONS = ("model", "split", "subject", "session", "trial", "clip", "fold", "level")
"""Columns of the table of predictions, beside ``p_0``, ``p_1``, ... of the levels."""


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How scores are made.

    Attributes
    ----------
    over : {"windows", "folds"}
        Score all windows of a subject together, or each fold by itself and average (published).
        Levels are on one scale in every fold, so pooling is sound; a fold of few clips may lack
        most levels, which makes its F1 a matter of luck.
    n_resamples : int
        Bootstrap samples of trials; 0 for no interval.
    n_permutations : int
        Shuffles of the trials' levels; 0 for no p-value.
    seed : int
    """

    over: Over = "windows"
    n_resamples: int = 2000
    n_permutations: int = 1000
    seed: int = 42

    def __post_init__(self) -> None:
        if self.over not in ("windows", "folds"):
            raise ConfigFault(unknown("averaging", self.over, ("windows", "folds")))


def score_ratings(
    predictions: pd.DataFrame,
    settings: ScoreSettings | None = None,
    *,
    metrics: Sequence[str] = tuple(ORDINAL_METRICS),
) -> list[MetricRow]:
    """Score held-out probabilities of levels.

    * A row per subject: BCa interval over trials, expanded for their small number.
    * A row for the group: the mean over subjects, with the BCa interval over them. It speaks of
      further subjects who watch these clips, not of further clips. With one subject, that
      subject's row.
    * p: levels are shuffled among the trials of a subject, whole trials at a time, and in the
      same way for subjects with the same clips, since people's answers to a clip may resemble
      each other.
    * Chance: :func:`~neurodecode.evaluation.ordinal_chance.ordinal_chance`.

    Parameters
    ----------
    predictions : DataFrame
        One row per window: :data:`PREDICTIONS` and a probability per level, ``p_0``, ``p_1``, ...
    settings : ScoreSettings, optional
    metrics : sequence of str, default: all
        Names in :data:`~neurodecode.evaluation.ordinal.ORDINAL_METRICS`.

    Returns
    -------
    list of MetricRow
        Per model, split and metric: the subjects, then the group.

    Raises
    ------
    ConfigFault
        If a metric is unknown.
    DataFault
        If a column is missing, a probability is not finite, a level is out of range, or windows
        of a trial have several levels.
    """
    wanted = [ordinal_metric(name) for name in metrics]
    columns, asked = _probability_columns(predictions), settings or ScoreSettings()
    rows: list[MetricRow] = []
    for (model, split), part in predictions.groupby(["model", "split"], sort=False, observed=True):
        people = dict(list(part.groupby("subject", sort=False, observed=True)))
        for present in (False, True):
            answers = {
                str(subject): trial_answers(mine, columns, over=asked.over, present_only=present)
                for subject, mine in people.items()
            }
            for metric in (one for one in wanted if one.present_only == present):
                rows += _rows(metric, answers, str(model), str(split), asked)
    return rows


def _rows(
    metric: OrdinalMetric,
    answers: dict[str, TrialAnswers],
    model: str,
    split: str,
    settings: ScoreSettings,
) -> list[MetricRow]:
    """Score every subject, then the group with the averaged shuffles."""
    rows, nulls = [], []
    for subject, mine in answers.items():
        value, null = float(mine.score(metric)), shuffled_scores(metric, mine, settings)
        low, high = trial_interval(metric, mine, settings)
        blind = [ordinal_chance(metric.name, table) for table in mine.tables()]
        rows.append(
            MetricRow(
                metric=metric.name, value=value, chance=float(np.mean(blind)), n=mine.n_trials,
                unit="trial", level="subject", split=split, model=model, subject=subject,
                seed=settings.seed, ci_low=low, ci_high=high, p_value=_p_value(value, null),
                chance_95=_chance_95(null),
            )
        )  # fmt: skip
        nulls.append(null)
    return [*rows, _group(rows, np.mean(nulls, axis=0), settings)]


def _group(rows: list[MetricRow], null: Floats, settings: ScoreSettings) -> MetricRow:
    if len(rows) == 1:
        return replace(rows[0], level="group", subject=None)
    values = [row.value for row in rows]
    low, high = None, None
    if settings.n_resamples:
        ci = mean_ci(values, level=CI_LEVEL, n_resamples=settings.n_resamples, expand=True,
                     random_state=settings.seed, unit="subject")  # fmt: skip
        low, high = finite_or_none(ci.low), finite_or_none(ci.high)
    mean = float(np.mean(values))
    return replace(
        rows[0], level="group", subject=None, value=mean, n=len(rows), unit="subject",
        chance=float(np.mean([row.chance for row in rows])), ci_low=low, ci_high=high,
        p_value=_p_value(mean, null), chance_95=_chance_95(null),
    )  # fmt: skip


def _p_value(value: float, null: Floats) -> float | None:
    return permutation_p(value, null) if null.size else None


def _chance_95(null: Floats) -> float | None:
    return float(np.quantile(null, 0.95, method="higher")) if null.size else None


def shuffled_scores(
    metric: OrdinalMetric, answers: TrialAnswers, settings: ScoreSettings
) -> Floats:
    """Return the scores of shuffles of the trials' levels, shape (n_permutations,).

    The same places change in everybody with as many trials. Answers are not chosen anew among the
    levels present.
    """
    rng = np.random.default_rng(settings.seed)
    places = np.tile(np.arange(answers.n_trials), (settings.n_permutations, 1))
    levels = answers.levels[rng.permuted(places, axis=1)]
    return answers.score(metric, levels=levels) if settings.n_permutations else np.empty(0)


def trial_interval(
    metric: OrdinalMetric, answers: TrialAnswers, settings: ScoreSettings
) -> tuple[float | None, float | None]:
    """Return the BCa interval over trials, expanded; None for a single trial or no resamples.

    A perfect score gets the exact lower bound of n right trials in n: its resamples are all
    perfect too.
    """
    n = answers.n_trials
    if n < 2 or not settings.n_resamples:
        return None, None
    rng = np.random.default_rng(settings.seed)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=settings.n_resamples).astype(float)
    resampled = answers.score(metric, weights=weights)
    jackknifed = answers.score(metric, weights=1.0 - np.eye(n))
    value, tails = float(answers.score(metric)), nominal_tails(CI_LEVEL, n)
    low, high = np.quantile(resampled, bca_tails(tails, value, resampled, jackknifed))
    if value > 1 - 1e-12:
        low = ((1 - CI_LEVEL) / 2) ** (1 / n)
    return float(low), float(high)


def _probability_columns(predictions: pd.DataFrame) -> list[str]:
    missing = [name for name in PREDICTIONS if name not in predictions]
    if missing:
        raise DataFault(f"predictions have no column {', '.join(missing)}")
    if predictions.empty:
        raise DataFault("no predictions to score")
    found = {
        name
        for name in map(str, predictions.columns)
        if name.startswith("p_") and name.removeprefix("p_").isdigit()
    }
    columns = [f"p_{level}" for level in range(len(found))]
    if len(columns) < 2 or found != set(columns):
        raise DataFault(
            f"probability columns {', '.join(sorted(found)) or 'none'}",
            fix="give p_0, p_1, ... up to the highest level",
        )
    return columns
