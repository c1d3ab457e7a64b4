"""In which batches windows are shown: each sampler yields the places of one batch at a time.

Orders depend on the seed and the epoch alone, so that a resumed training sees what it would have
seen. The trainer calls ``set_epoch``.
"""

from __future__ import annotations

from abc import abstractmethod
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from torch.utils.data import Sampler

from neurodecode.emotion.windows import CropIndex, Places, places_of
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd


class BatchOrder(Sampler[Places]):
    """Base of the orders: draws an epoch's places at once, then yields them batch by batch.

    Parameters
    ----------
    batch_size : int
    seed : int

    Raises
    ------
    ConfigFault
        If the batch size is below 1.
    """

    def __init__(self, batch_size: int, seed: int) -> None:
        if batch_size < 1:
            raise ConfigFault(f"a batch of {batch_size} windows", fix="give 1 or more")
        self.batch_size, self.seed, self.epoch = batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Take the order of this epoch."""
        self.epoch = epoch

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Places:
        """Return the places of an epoch's windows in their order."""

    @property
    @abstractmethod
    def n_windows(self) -> int:
        """Number of windows of an epoch."""

    def __len__(self) -> int:
        return ceil(self.n_windows / self.batch_size)

    def __iter__(self) -> Iterator[Places]:
        places = self.draw(np.random.default_rng([self.seed, self.epoch]))
        for start in range(0, len(places), self.batch_size):
            yield places[start : start + self.batch_size]


class BalancedCrops(BatchOrder):
    """Random windows of stretches, levels alike; see :meth:`CropIndex.draw`.

    An epoch has as many batches as starts of windows, divided by the batch size and rounded down
    (at least one), as published; there the last start of a stretch is not used.

    Parameters
    ----------
    stretches : DataFrame
        Columns :data:`~neurodecode.evaluation.stretches.STRETCHES`.
    subjects : sequence of str
        As :attr:`WindowSource.subjects`.
    window_samples : int, default=128
    batch_size : int, default=256
    n_batches : int, optional
        Of an epoch, instead of the published number.
    seed : int, default=0

    Raises
    ------
    ConfigFault
        If a number is below 1.
    DataFault
        If no window fits into a stretch, or a subject is unknown.
    """

    def __init__(
        self,
        stretches: pd.DataFrame,
        subjects: Sequence[str],
        *,
        window_samples: int = 128,
        batch_size: int = 256,
        n_batches: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        self.index = CropIndex(stretches, window_samples)
        self._places = places_of(self.index.table, subjects)
        published = max(1, self.index.n_starts // batch_size)
        self.n_batches = published if n_batches is None else n_batches
        if self.n_batches < 1:
            raise ConfigFault(f"{n_batches} batches per epoch", fix="give 1 or more")

    @property
    def n_windows(self) -> int:
        """Number of windows of an epoch."""
        return self.n_batches * self.batch_size

    def draw(self, rng: np.random.Generator) -> Places:
        """Draw the crops of an epoch."""
        place, start = self.index.draw(self.n_windows, rng)
        places = self._places[place]
        places[:, 2] = start
        return places


class BalancedBatches(BatchOrder):
    """Batches in which every level that occurs has the same number of given windows.

    Windows are drawn within their level with replacement, ``batch_size`` divided by the number of
    levels (rounded down) of each, as published; an epoch has as many batches as windows divided by
    the batch size, rounded down, at least one.

    Parameters
    ----------
    windows : DataFrame
        From :func:`all_windows`.
    subjects : sequence of str
    batch_size : int, default=120
    seed : int, default=0

    Raises
    ------
    ConfigFault
        If a batch is smaller than the number of levels.
    DataFault
        If a subject is unknown.
    """

    def __init__(
        self,
        windows: pd.DataFrame,
        subjects: Sequence[str],
        *,
        batch_size: int = 120,
        seed: int = 0,
    ) -> None:
        places = places_of(windows, subjects)
        self._places = places[np.argsort(places[:, 3], kind="stable")]
        levels, self._first, self._count = np.unique(
            self._places[:, 3], return_index=True, return_counts=True
        )
        if batch_size < levels.size:
            raise ConfigFault(
                f"a batch of {batch_size} windows for {levels.size} levels",
                fix=f"give {levels.size} or more",
            )
        self.n_batches = max(1, len(places) // batch_size)
        super().__init__(batch_size // levels.size * levels.size, seed)

    @property
    def n_windows(self) -> int:
        """Number of windows of an epoch."""
        return self.n_batches * self.batch_size

    def draw(self, rng: np.random.Generator) -> Places:
        """Draw the windows of an epoch, those of a batch by level."""
        level = np.tile(
            np.repeat(np.arange(self._first.size), self.batch_size // self._first.size),
            self.n_batches,
        )
        return self._places[self._first[level] + rng.integers(self._count[level])]


class WindowBatches(BatchOrder):
    """Every given window once per epoch, shuffled or in the given order.

    Parameters
    ----------
    windows : DataFrame
        From :func:`all_windows` or :func:`balanced_crops`.
    subjects : sequence of str
    batch_size : int, default=100
        Of the last batch perhaps less.
    seed : int, default=0
    shuffled : bool, default=True
        False to validate and to test.

    Raises
    ------
    DataFault
        If there is no window, or a subject is unknown.
    """

    def __init__(
        self,
        windows: pd.DataFrame,
        subjects: Sequence[str],
        *,
        batch_size: int = 100,
        seed: int = 0,
        shuffled: bool = True,
    ) -> None:
        super().__init__(batch_size, seed)
        if windows.empty:
            raise DataFault("no window to show")
        self._places, self.shuffled = places_of(windows, subjects), shuffled

    @property
    def n_windows(self) -> int:
        """Number of windows."""
        return len(self._places)

    def draw(self, rng: np.random.Generator) -> Places:
        """Return all windows in the order of the epoch."""
        return rng.permutation(self._places) if self.shuffled else self._places
