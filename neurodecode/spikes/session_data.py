"""Training and validation windows of several sessions for any Lightning Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
from torch.utils.data import DataLoader, Dataset, Sampler

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.spikes.batches import SpikeBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

    from neurodecode.spikes.batches import SpikeWindows

SessionRows = tuple[str, list[int]]
"""A batch before it is cut: the session, and rows of its windows."""


class MultiSessionData(lightning.LightningDataModule):
    """Loaders of :class:`SpikeBatch`, each of one session, which it names.

    An epoch shows every training window of every session once, so that a long session has more
    batches. The batches of the sessions are mixed at random. With one session these are the batches
    of :class:`SpikeData`.

    Parameters
    ----------
    windows : mapping of str to SpikeWindows
        By session, cut with the settings of that session.
    train, valid : mapping of str to array-like of int
        Rows of the windows to train and to validate on, by session; not every session needs both.
    batch_size : int, default=160
        Published. The last batch of a session is smaller.
    shuffle : bool, default=True
        Another order of the training windows and sessions each epoch; else the order of the rows,
        and always the same mixture of sessions.
    seed : int, default=42
        Of the orders, which depend on it and the epoch alone.
    num_workers : int, default=0

    Raises
    ------
    ConfigFault
        If rows are of a session without windows.
    DataFault
        If rows are beyond the windows of their session.
    """

    def __init__(
        self,
        windows: Mapping[str, SpikeWindows],
        train: Mapping[str, ArrayLike],
        valid: Mapping[str, ArrayLike],
        *,
        batch_size: int = 160,
        shuffle: bool = True,
        seed: int = 42,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.windows = SessionWindows(windows)
        self.train, self.valid = self.windows.check(train), self.windows.check(valid)
        self.batch_size, self.shuffle = batch_size, shuffle
        self.seed, self.num_workers = seed, num_workers

    @property
    def n_units(self) -> dict[str, int]:
        """Units of each session, as :class:`MultiSessionNeuroformer` wants them."""
        return {name: each.config.n_neurons for name, each in self.windows.sessions.items()}

    def train_dataloader(self) -> DataLoader[Any]:
        """In another order each epoch, if asked to."""
        return self._loader(self.train, shuffle=self.shuffle)

    def val_dataloader(self) -> DataLoader[Any]:
        """The same windows in the same order every epoch; sessions are mixed here too.

        A limit of batches would else leave the last sessions out.
        """
        return self._loader(self.valid, shuffle=False)

    def _loader(self, rows: Mapping[str, NDArray[np.int64]], *, shuffle: bool) -> DataLoader[Any]:
        order = MixedOrder(rows, self.batch_size, self.seed, shuffle=shuffle)
        return DataLoader(
            self.windows, batch_size=None, sampler=order, collate_fn=_as_is,
            num_workers=self.num_workers, persistent_workers=self.num_workers > 0,
        )  # fmt: skip


class SessionWindows(Dataset[SpikeBatch]):
    """Windows of several sessions, a batch of one session at a time.

    Parameters
    ----------
    sessions : mapping of str to SpikeWindows
    """

    def __init__(self, sessions: Mapping[str, SpikeWindows]) -> None:
        self.sessions = dict(sessions)

    def __getitem__(self, place: SessionRows) -> SpikeBatch:
        """Return the windows of a session, by their rows; the batch names the session."""
        session, rows = place
        batch = self.sessions[session].batch(rows)
        batch["session"] = session
        return batch

    def check(self, rows: Mapping[str, ArrayLike]) -> dict[str, NDArray[np.int64]]:
        """Return rows as arrays, after a look at sessions and numbers: see MultiSessionData."""
        found = {session: np.asarray(each, np.int64) for session, each in rows.items()}
        for session, each in found.items():
            if session not in self.sessions:
                raise ConfigFault(unknown("session", session, self.sessions))
            n_windows = len(self.sessions[session])
            if len(each) and (each.min() < 0 or each.max() >= n_windows):
                raise DataFault(
                    f"rows from {each.min()} to {each.max()} of {n_windows} windows",
                    where=f"session '{session}'",
                )
        return found


class MixedOrder(Sampler[SessionRows]):
    """Batches of rows, each of one session, in an order drawn from the seed and the epoch.

    Lightning calls ``set_epoch``, so that a resumed training goes on as it would have. Which
    session comes next is drawn; the rows of a session are drawn apart from that.

    Parameters
    ----------
    rows : mapping of str to ndarray of int, shape (n,)
    batch_size, seed : int
    shuffle : bool, default=True
        False: rows in their order, sessions mixed as in epoch 0.
    """

    def __init__(
        self,
        rows: Mapping[str, NDArray[np.int64]],
        batch_size: int,
        seed: int,
        *,
        shuffle: bool = True,
    ) -> None:
        self.rows = dict(rows)
        self.batch_size, self.seed, self.shuffle, self.epoch = batch_size, seed, shuffle, 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches."""
        return sum(self._n_batches())

    def __iter__(self) -> Iterator[SessionRows]:
        """Yield each batch once."""
        random = np.random.default_rng([self.seed, self.epoch if self.shuffle else 0])
        left = {
            session: rows[random.permutation(len(rows))] if self.shuffle else rows
            for session, rows in self.rows.items()
        }
        turns = np.repeat(np.arange(len(left)), self._n_batches())
        for turn in random.permutation(turns):
            session = list(left)[turn]
            yield session, left[session][: self.batch_size].tolist()
            left[session] = left[session][self.batch_size :]

    def _n_batches(self) -> list[int]:
        return [-(-len(rows) // self.batch_size) for rows in self.rows.values()]


def _as_is(batch: Any) -> Any:
    return batch
