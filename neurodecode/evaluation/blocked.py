"""Splits in time: blocks of consecutive trials, with a gap against autocorrelation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neurodecode.evaluation.folds import Fold, check_classes, positions, require
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def time_block_index(
    trials: pd.DataFrame,
    n_splits: int = 5,
    *,
    within: Sequence[str] = ("subject", "session"),
    onset: str = "onset",
) -> npt.NDArray[np.intp]:
    """Cut each recording in ``n_splits`` runs of trials and return the run of each trial.

    Parameters
    ----------
    trials : DataFrame
        Columns ``within`` and ``onset`` (s).
    n_splits : int, default=5
        Blocks per recording; sizes differ by at most one trial.
    within : sequence of str, default=("subject", "session")
        Columns that name a recording.
    onset : str, default="onset"
        Name of the time column.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Block from 0 to ``n_splits - 1``.

    Raises
    ------
    DataFault
        If a recording has fewer trials than blocks.
    """
    require(trials, *within, onset)
    block = np.empty(len(trials), dtype=np.intp)
    for key, rows in positions(trials, *within):
        if rows.size < n_splits:
            raise DataFault(
                f"{rows.size} trials for {n_splits} time blocks",
                where=", ".join(f"{c} {v}" for c, v in zip(within, key, strict=True)),
                fix="use fewer blocks",
            )
        in_time = rows[np.argsort(trials[onset].to_numpy()[rows], kind="stable")]
        block[in_time] = np.arange(rows.size) * n_splits // rows.size
    return block


def time_blocks(
    trials: pd.DataFrame,
    n_splits: int = 5,
    gap: float = 0.0,
    *,
    within: Sequence[str] = ("subject", "session"),
    onset: str = "onset",
    label: str | None = None,
) -> list[Fold]:
    """Leave out one block of time of every recording.

    Neighbouring windows resemble each other, so a random split leaks through time. Training
    trials whose onset is within ``gap`` seconds of the test block (its first to last onset)
    are dropped; give at least the window length plus the correlation time.

    Parameters
    ----------
    trials, n_splits, within, onset
        See :func:`time_block_index`.
    gap : float, default=0.0
        Seconds.
    label : str or None, default=None
        Class column whose classes must occur on both sides.

    Raises
    ------
    DataFault
        If a recording is too short, no training trial is left, or a class is missing.
    """
    block = time_block_index(trials, n_splits, within=within, onset=onset)
    times = trials[onset].to_numpy(float)
    folds = []
    for number in range(n_splits):
        near = np.zeros(len(trials), dtype=bool)
        for _, rows in positions(trials, *within):
            tested = times[rows[block[rows] == number]]
            near[rows] = (times[rows] >= tested.min() - gap) & (times[rows] <= tested.max() + gap)
        held_out = block == number
        train = np.flatnonzero(~held_out & ~near)
        folds.append(
            Fold(train, np.flatnonzero(held_out), f"time block {number}", fold=str(number))
        )
    return check_classes(folds, trials, label)
