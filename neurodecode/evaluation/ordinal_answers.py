"""What was answered in each trial, scored at once for many weightings or shuffles of the trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.evaluation.bootstrap import BLOCK
from neurodecode.evaluation.ordinal import Levels, OrdinalMetric, check_levels, top_two
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from neurodecode.evaluation.metrics import Floats

Over = Literal["windows", "folds"]


@dataclass(frozen=True, eq=False)
class TrialAnswers:
    """Answers to the windows of one subject, counted per trial.

    Attributes
    ----------
    levels : ndarray of int64, shape (n_trials,)
        The level of each trial.
    counts : ndarray, shape (n_folds, n_trials, n_classes, n_classes)
        Windows by first and second answer.
    """

    levels: Levels
    counts: Floats

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return self.levels.size

    def tables(self, levels: Levels | None = None, weights: Floats | None = None) -> Floats:
        """Return tables (..., n_folds, true, first, second), for B labellings or weightings.

        Parameters
        ----------
        levels : ndarray of int, shape (..., n_trials), default: as they are
        weights : ndarray, shape (..., n_trials), default: 1
            How often each trial counts.
        """
        k = self.counts.shape[-1]
        true = self.levels if levels is None else levels
        mass = (true[..., None] == np.arange(k)) * (1.0 if weights is None else weights[..., None])
        answers = self.counts.reshape(*self.counts.shape[:2], k * k)
        tables = np.swapaxes(mass, -1, -2)[..., None, :, :] @ answers
        return np.asarray(tables.reshape(*tables.shape[:-1], k, k))

    def score(
        self, metric: OrdinalMetric, levels: Levels | None = None, weights: Floats | None = None
    ) -> Floats:
        """Return the mean over folds of a metric, for B labellings or weightings.

        Folds without any window left count not at all. Parameters as for :meth:`tables`; they
        must have a leading axis where given.

        Returns
        -------
        ndarray of shape (B,), or () without parameters
        """
        if levels is None and weights is None:
            return _mean_over_folds(metric, self.tables())
        n_draws = len(levels if levels is not None else weights)  # type: ignore[arg-type]
        step = max(1, BLOCK // (self.counts[:, 0].size * self.counts.shape[-1]))
        parts = [
            _mean_over_folds(
                metric,
                self.tables(
                    None if levels is None else levels[start : start + step],
                    None if weights is None else weights[start : start + step],
                ),
            )
            for start in range(0, n_draws, step)
        ]
        return np.concatenate(parts)


def trial_answers(
    windows: pd.DataFrame, columns: list[str], *, over: Over = "windows", present_only: bool = False
) -> TrialAnswers:
    """Count the answers to the windows of one subject.

    Parameters
    ----------
    windows : DataFrame
        ``clip, session, trial, fold, level`` and the probability columns. Trials are ordered by
        clip, session and trial, so that subjects who saw the same clips have them in one order.
    columns : list of str
        Probability of each level.
    over : {"windows", "folds"}, default="windows"
        Keep folds apart or not.
    present_only : bool, default=False
        Choose among the levels that occur (in the fold, if these are apart).

    Raises
    ------
    DataFault
        If a level is out of range, a probability is not finite, or windows of a trial differ in
        level.
    """
    k, given = len(columns), windows[columns].to_numpy(float)
    levels = check_levels(windows["level"], k)
    grouped = windows.groupby(["clip", "session", "trial"], sort=True, observed=True)
    trial = grouped.ngroup().to_numpy()
    of_trial = np.zeros(int(trial.max()) + 1, dtype=np.int64)
    of_trial[trial] = levels
    if (of_trial[trial] != levels).any():
        row = windows.iloc[int(np.flatnonzero(of_trial[trial] != levels)[0])]
        raise DataFault(
            "windows of one trial have different levels",
            where=f"session {row['session']}, trial {row['trial']}",
        )
    fold = (
        np.zeros(len(windows), np.intp) if over == "windows" else pd.factorize(windows["fold"])[0]
    )
    counts = np.zeros((int(fold.max()) + 1, of_trial.size, k, k))
    for number in range(len(counts)):
        rows = fold == number
        first, second = top_two(given[rows], levels[rows] if present_only else None)
        np.add.at(counts[number], (trial[rows], first, second), 1)
    return TrialAnswers(of_trial, counts)


def _mean_over_folds(metric: OrdinalMetric, tables: Floats) -> Floats:
    empty = tables.sum(axis=(-3, -2, -1)) == 0
    filled = np.where(empty[..., None, None, None], 1.0, tables)  # any number: they are left out
    return np.asarray(np.average(metric.from_table(filled), axis=-1, weights=~empty))
