"""Training and validation windows for any Lightning Trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import lightning
from torch.utils.data import DataLoader

from neurodecode.contrastive.data import EpochOrder
from neurodecode.contrastive.gathering import place_among_processes
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Sized

    from neurodecode.contrastive.data import Batch


class Windows(Protocol):
    """Windows of which a loader asks for many at a time."""

    def __len__(self) -> int:
        """Return the number of windows."""
        ...

    def __getitems__(self, rows: Sequence[int]) -> Batch:
        """Return the batch of some windows."""
        ...


class WindowData(lightning.LightningDataModule):
    """Loaders of two sets of windows; a subclass makes the sets in ``setup``.

    Parameters
    ----------
    batch_size : int
        Of all processes of a distributed run together.
    seed : int
        Of the order of windows.
    num_workers : int, default=0
    """

    divides_batches = True
    """Each process takes its part of every batch; Lightning's own sampler would draw others."""

    def __init__(self, *, batch_size: int, seed: int, num_workers: int = 0) -> None:
        super().__init__()
        self.batch_size, self.seed, self.num_workers = batch_size, seed, num_workers
        self.sets: Mapping[str, Windows] = {}

    def train_dataloader(self) -> DataLoader[Any]:
        """In another order each epoch, which depends on the seed and the epoch alone."""
        return self._loader("train", moving=True)

    def val_dataloader(self) -> DataLoader[Any]:
        """Shuffled once, the same every epoch: negatives of a batch come from everywhere."""
        return self._loader("valid", moving=False)

    def _loader(self, part: str, *, moving: bool) -> DataLoader[Any]:
        windows: Any = self.sets[part]
        rank, processes = place_among_processes()
        if self.batch_size % processes:
            raise ConfigFault(
                f"batches of {self.batch_size} cannot be shared by {processes} processes",
                where="key 'training.batch_size'", fix=f"a multiple of {processes}",
            )  # fmt: skip
        size = min(self.batch_size, len(windows) - len(windows) % processes)
        order = EpochOrder(
            len(windows), self.seed, moving=moving, batch_size=size, place=(rank, processes)
        )
        return DataLoader(
            windows, batch_size=size // processes, sampler=order, drop_last=True,
            collate_fn=_as_is, num_workers=self.num_workers,
            persistent_workers=self.num_workers > 0,
        )  # fmt: skip


def require_windows(**sets: Sized) -> None:
    """Stop where a set has fewer than two windows.

    Raises
    ------
    DataFault
        Naming the set.
    """
    for name, windows in sets.items():
        if len(windows) < 2:
            raise DataFault(f"{len(windows)} {name} windows", fix="more data, or another split")


def _as_is(batch: Any) -> Any:
    return batch
