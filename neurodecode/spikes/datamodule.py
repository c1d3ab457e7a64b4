"""Training and validation windows for any Lightning Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning
import numpy as np
from torch.utils.data import DataLoader, Sampler, Subset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from neurodecode.spikes.batches import SpikeWindows


class SpikeData(lightning.LightningDataModule):
    """Loaders of :class:`SpikeBatch`.

    Parameters
    ----------
    windows : SpikeWindows
    train, valid : array-like of int
        Rows of the windows to train and to validate on.
    batch_size : int, default=160
        Published.
    shuffle : bool, default=True
        Another order of the training windows each epoch; the released code never changes it.
    seed : int, default=42
        Of the orders, which depend on it and the epoch alone.
    num_workers : int, default=0
    """

    def __init__(
        self,
        windows: SpikeWindows,
        train: ArrayLike,
        valid: ArrayLike,
        *,
        batch_size: int = 160,
        shuffle: bool = True,
        seed: int = 42,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.batch_size, self.shuffle = batch_size, shuffle
        self.seed, self.num_workers = seed, num_workers
        self.train, self.valid = (
            Subset(windows, np.asarray(rows, np.int64).tolist()) for rows in (train, valid)
        )

    def train_dataloader(self) -> DataLoader[Any]:
        """In another order each epoch, if asked to."""
        order = ShuffledOrder(len(self.train), self.seed) if self.shuffle else None
        return self._loader(self.train, order)

    def val_dataloader(self) -> DataLoader[Any]:
        """The same windows in the same order every epoch."""
        return self._loader(self.valid, None)

    def _loader(self, windows: Subset[Any], order: Sampler[int] | None) -> DataLoader[Any]:
        return DataLoader(
            windows, batch_size=self.batch_size, sampler=order, collate_fn=_as_is,
            num_workers=self.num_workers, persistent_workers=self.num_workers > 0,
        )  # fmt: skip


class ShuffledOrder(Sampler[int]):
    """Rows 0..n - 1 in an order drawn from the seed and the epoch.

    Lightning calls ``set_epoch``, so that a resumed training goes on as it would have.
    """

    def __init__(self, n_rows: int, seed: int) -> None:
        self.n_rows, self.seed, self.epoch = n_rows, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.n_rows

    def __iter__(self) -> Iterator[int]:
        """Yield each row once."""
        yield from np.random.default_rng([self.seed, self.epoch]).permutation(self.n_rows).tolist()


def _as_is(batch: Any) -> Any:
    return batch
