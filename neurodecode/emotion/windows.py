"""Windows of rated trials: where they lie, and reading them from the stores of several subjects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch.utils.data import Dataset

from neurodecode.evaluation.stretches import STRETCHES, merge_touching
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

Places = np.ndarray[tuple[int, int], np.dtype[np.int64]]
"""Where windows lie, (n, 4): place of the subject, row of the trial, first sample, level."""

OF_WINDOW = ("subject", "session", "trial", "clip", "row", "start", "level")
"""Columns of a table of windows."""


def all_windows(
    stretches: pd.DataFrame, window_samples: int, stride: int | None = None
) -> pd.DataFrame:
    """Return the windows that lie in the stretches, in their order.

    Parameters
    ----------
    stretches : DataFrame
        Columns :data:`~neurodecode.evaluation.stretches.STRETCHES`.
    window_samples : int
        Length; published: 1 s, 128.
    stride : int, default: ``window_samples``
        Samples from one start to the next; published for calibration: 32.

    Returns
    -------
    DataFrame
        Columns :data:`OF_WINDOW`. A stretch of n samples has
        ``(n - window_samples) // stride + 1`` of them, one that is too short none.

    Raises
    ------
    ConfigFault
        If the length or the stride is below 1.
    DataFault
        If there is no window at all.

    Examples
    --------
    10 s at 128 Hz in windows of 1 s, a quarter of a second apart:

    >>> (1280 - 128) // 32 + 1
    37
    """
    step = window_samples if stride is None else stride
    if window_samples < 1 or step < 1:
        raise ConfigFault(
            f"windows of {window_samples} samples, {step} apart", fix="give 1 or more"
        )
    usable = (stretches["stop"] - stretches["start"]).to_numpy() - window_samples
    counts = np.where(usable < 0, 0, usable // step + 1)
    _require_some(int(counts.sum()), stretches, window_samples)
    table = stretches.loc[stretches.index.repeat(counts)].reset_index(drop=True)
    number = np.concatenate([np.arange(count) for count in counts])
    table["start"] = table["start"].to_numpy() + number * step
    return table[list(OF_WINDOW)]


class CropIndex:
    """Every start of a window in some stretches, to draw from with equal levels.

    Stretches that touch are joined first, as all of them train together.

    Parameters
    ----------
    stretches : DataFrame
    window_samples : int

    Attributes
    ----------
    n_starts : int
        Starts at which a window fits into a stretch.

    Raises
    ------
    DataFault
        If no window fits.
    """

    def __init__(self, stretches: pd.DataFrame, window_samples: int) -> None:
        joined = merge_touching(stretches)
        usable = (joined["stop"] - joined["start"]).to_numpy(np.int64) - window_samples + 1
        _require_some(int(usable[usable > 0].sum()), stretches, window_samples)
        usable, joined = usable[usable > 0], joined[usable > 0]
        trial = joined.groupby(["level", "subject", "row"], sort=True).ngroup().to_numpy()
        order = np.argsort(trial, kind="stable")
        self.table, trial, usable = joined.iloc[order], trial[order], usable[order]
        self._before = np.concatenate([[0], np.cumsum(usable)])
        self.n_starts = int(self._before[-1])
        firsts = np.flatnonzero(np.diff(trial, prepend=-1))
        edges = self._before[np.append(firsts, len(trial))]
        self._first_of_trial, self._starts_of_trial = edges[:-1], np.diff(edges)
        levels = self.table["level"].to_numpy()[firsts]
        _, self._first_of_level, self._trials_of_level = np.unique(
            levels, return_index=True, return_counts=True
        )

    def draw(self, n: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
        """Draw windows: a level that occurs, then a trial of that level, then a start in it.

        Each of the three is uniform, so that levels, and trials within a level, are alike however
        long they are.

        Returns
        -------
        place, start : ndarray of int, shape (n,)
            Row of ``table``, and first sample.
        """
        level = rng.integers(self._first_of_level.size, size=n)
        trial = self._first_of_level[level] + rng.integers(self._trials_of_level[level])
        number = self._first_of_trial[trial] + rng.integers(self._starts_of_trial[trial])
        place = np.searchsorted(self._before, number, side="right") - 1
        return place, self.table["start"].to_numpy()[place] + number - self._before[place]


def balanced_crops(
    stretches: pd.DataFrame, window_samples: int, n: int, *, seed: int
) -> pd.DataFrame:
    """Draw windows with equal levels, once; published: 2000 to validate, 1000 to test.

    The balanced resample flatters rare levels, and its windows overlap: report the windows of
    :func:`all_windows` beside it.

    Parameters
    ----------
    stretches : DataFrame
    window_samples, n : int
    seed : int

    Returns
    -------
    DataFrame
        Columns :data:`OF_WINDOW`.

    Raises
    ------
    DataFault
        If no window fits.
    """
    index = CropIndex(stretches, window_samples)
    place, start = index.draw(n, np.random.default_rng(seed))
    table = index.table.iloc[place].reset_index(drop=True).assign(start=start)
    return table[list(OF_WINDOW)]


def places_of(windows: pd.DataFrame, subjects: Sequence[str]) -> Places:
    """Return where windows lie.

    Parameters
    ----------
    windows : DataFrame
        Columns ``subject, row, start, level``.
    subjects : sequence of str
        Sets the places of the subjects.

    Raises
    ------
    DataFault
        If there is a subject without a place, with the nearest name.
    """
    known = {subject: place for place, subject in enumerate(subjects)}
    for name in windows["subject"].unique():
        if str(name) not in known:
            raise DataFault(unknown("subject of a window", str(name), known))
    store = windows["subject"].astype(str).map(known)
    columns = [store, *(windows[name] for name in ("row", "start", "level"))]
    return np.stack([column.to_numpy(np.int64) for column in columns], axis=1)


class WindowSource(Dataset[Any]):
    """The signals of several subjects, from which batches of windows are gathered.

    Parameters
    ----------
    signals : mapping of str to ndarray, shape (n_trials, n_channels, n_samples)
        Of each subject; may be memory-mapped.
    window_samples : int

    Attributes
    ----------
    subjects : tuple of str
        Their order sets the first column of :data:`Places`.

    Raises
    ------
    DataFault
        If there is no subject, one differs in channels, or trials are shorter than a window.
    """

    def __init__(self, signals: Mapping[str, NDArray[np.float32]], window_samples: int) -> None:
        if not signals:
            raise DataFault("no subject to read windows of")
        self.subjects, self.window_samples = tuple(signals), window_samples
        first = next(iter(signals.values()))
        for subject, mine in signals.items():
            if mine.ndim != 3 or mine.shape[1] != first.shape[1] or mine.shape[2] < window_samples:
                raise DataFault(
                    f"signals of shape {mine.shape}, windows of {window_samples} samples and "
                    f"{first.shape[1]} channels",
                    where=f"subject {subject}",
                    fix="prepare all subjects alike: trials x channels x samples",
                )
        self.n_channels = first.shape[1]
        self._views = [
            sliding_window_view(mine, window_samples, axis=2) for mine in signals.values()
        ]

    def read(self, places: Places) -> NDArray[np.float32]:
        """Return windows, (n, n_channels, window_samples).

        Raises
        ------
        IndexError
            If a window reaches beyond its trial.
        """
        out = np.empty((len(places), self.n_channels, self.window_samples), dtype=np.float32)
        for store in np.unique(places[:, 0]):
            mine = np.flatnonzero(places[:, 0] == store)
            out[mine] = self._views[store][places[mine, 1], :, places[mine, 2]]
        return out

    def __getitem__(self, places: Places) -> tuple[torch.Tensor, torch.Tensor]:
        """Return windows, float32 (n, n_channels, window_samples), and levels, int64 (n,)."""
        return torch.from_numpy(self.read(places)), torch.from_numpy(places[:, 3].copy())


def _require_some(count: int, stretches: pd.DataFrame, window_samples: int) -> None:
    if not count:
        raise DataFault(
            f"no window of {window_samples} samples fits into {len(stretches)} stretches",
            fix="use longer trials, fewer pieces or shorter windows",
        )


assert set(OF_WINDOW) < set(STRETCHES)
