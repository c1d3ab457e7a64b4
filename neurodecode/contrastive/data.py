"""Recordings of several participants on common channels, and windows cut from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from torch.utils.data import Sampler

from neurodecode.artefacts import read_json
from neurodecode.signals.channel_union import union_of_channels
from neurodecode.signals.robust import RobustScaler, subtract_baseline
from neurodecode.signals.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.signals.continuous import ContinuousSection
    from neurodecode.signals.store import Store

Batch = dict[str, torch.Tensor]


def gather(
    signals: NDArray[np.float32], starts: NDArray[np.integer], n_samples: int
) -> NDArray[np.float32]:
    """Cut windows from a recording.

    Parameters
    ----------
    signals : ndarray, shape (n_channels, n_times)
        May be memory-mapped.
    starts : ndarray of int, shape (n_windows,)

    Returns
    -------
    ndarray, shape (n_windows, n_channels, n_samples)
    """
    out = np.empty((len(starts), len(signals), n_samples), dtype=np.float32)
    for i, start in enumerate(starts):
        out[i] = signals[:, start : start + n_samples]
    return out


@dataclass(frozen=True)
class Recording:
    """One store, opened for reading windows.

    Attributes
    ----------
    columns : ndarray of int
        Place of each channel among the channels of all recordings.
    participant : int
        Place of the participant among the sorted labels.
    layout : int
        Place of its sensor layout among the distinct ones.
    """

    store: Store
    scaler: RobustScaler
    columns: NDArray[Any]
    participant: int
    layout: int

    def windows(self, starts: NDArray[Any], settings: ContinuousSection) -> Any:
        """Return scaled, clamped windows (n, C, T) that begin at these samples."""
        cut = gather(self.store.signals, starts, settings.n_samples)
        return self.scaler.transform(subtract_baseline(cut, settings.n_baseline), settings.clamp)


class Recordings:
    """All recordings of some participants on the union of their channels.

    A channel that a recording lacks is zero there, at an unknown position.

    Parameters
    ----------
    folders : mapping of str to Path
        Store folder of each participant (from :func:`prepare_listener`).
    participants : sequence of str or None
        Labels that set the participant indices; default: the sorted labels of ``folders``.
    """

    def __init__(self, folders: dict[str, Path], participants: Sequence[str] | None = None) -> None:
        self.participants = tuple(sorted(folders) if participants is None else participants)
        stores = {
            (label, name): open_store(folder / name)
            for label, folder in folders.items()
            for name in read_json(folder / "store.json")["recordings"]
        }
        union = union_of_channels({"/".join(k): s.info["channels"] for k, s in stores.items()})
        self.channels = list(union.names)
        layouts = {
            key: union.spread("/".join(key), _positions(store), np.nan)
            for key, store in stores.items()
        }
        distinct = {layout.tobytes(): layout for layout in layouts.values()}
        self.positions = torch.from_numpy(np.stack(list(distinct.values())))
        places = {key: i for i, key in enumerate(distinct)}
        self.items = [
            Recording(
                store,
                RobustScaler.from_dict(store.info["scaler"]),
                union.index["/".join(key)],
                self.participants.index(key[0]),
                places[layouts[key].tobytes()],
            )
            for key, store in stores.items()
        ]

    def windows(self, part: str | None = None) -> pd.DataFrame:
        """Return the windows of all recordings.

        Beside the columns of the store: ``recording``, its place among those opened here;
        ``recording_name``, the same whichever are opened; ``participant``.
        """
        tables = [
            item.store.trials.assign(
                recording=i,
                recording_name=item.store.folder.name,
                participant=self.participants[item.participant],
            )
            for i, item in enumerate(self.items)
        ]
        joined = pd.concat(tables, ignore_index=True)
        return joined if part is None else joined[joined["part"] == part].reset_index(drop=True)

    def read(self, windows: pd.DataFrame, settings: ContinuousSection) -> Batch:
        """Read windows as ``signals`` (n, C, T), ``subjects`` and ``layouts`` (n,)."""
        rows = windows["recording"].to_numpy()
        starts = windows["start"].to_numpy()
        shape = (len(rows), len(self.channels), settings.n_samples)
        signals = np.zeros(shape, dtype=np.float32)
        for number in np.unique(rows):
            mine, item = np.flatnonzero(rows == number), self.items[number]
            signals[np.ix_(mine, item.columns)] = item.windows(starts[mine], settings)
        items = [self.items[number] for number in rows]
        return {
            "signals": torch.from_numpy(signals),
            "subjects": torch.tensor([item.participant for item in items]),
            "layouts": torch.tensor([item.layout for item in items]),
            "positions": self.positions,
        }


def _positions(store: Store) -> NDArray[np.float32]:
    return np.array(store.info["positions"], dtype=np.float32)  # None becomes NaN


class EpochOrder(Sampler[int]):
    """A random order per epoch, so that a resumed training sees what it would have seen.

    Parameters
    ----------
    n : int
        Number of windows.
    seed : int
    moving : bool, default=True
        Another order each epoch; the trainer calls :meth:`set_epoch`.
    batch_size : int, default=1
        Of all processes together; windows beyond the last whole batch are left out where there are
        several processes.
    place : tuple of int, default=(0, 1)
        This process and the number of all: each takes its part of every batch, so that the batches
        of all together are those of one process.
    """

    def __init__(
        self,
        n: int,
        seed: int,
        *,
        moving: bool = True,
        batch_size: int = 1,
        place: tuple[int, int] = (0, 1),
    ) -> None:
        self.n, self.seed, self.moving, self.epoch = n, seed, moving, 0
        self.batch_size, (self.rank, self.processes) = batch_size, place

    def set_epoch(self, epoch: int) -> None:
        """Take the order of this epoch."""
        self.epoch = epoch if self.moving else 0

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        order = rng.permutation(self.n)
        if self.processes > 1:
            whole = order[: self.n - self.n % self.batch_size]
            order = whole.reshape(-1, self.processes, self.batch_size // self.processes)[
                :, self.rank
            ]
        return iter(order.ravel().tolist())

    def __len__(self) -> int:
        if self.processes == 1:
            return self.n
        return self.n // self.batch_size * (self.batch_size // self.processes)
