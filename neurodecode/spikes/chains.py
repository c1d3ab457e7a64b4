"""Windows that follow one another, and the past that the model wrote for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from neurodecode.faults import DataFault
from neurodecode.spikes.batches import take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.spikes.batches import SpikeBatch, SpikeWindows
    from neurodecode.spikes.config_model import NeuroformerConfig


def chain_rows(windows: SpikeWindows) -> list[NDArray[np.int64]]:
    """Return rows of windows that follow one another without a gap, in order of time.

    Raises
    ------
    DataFault
        If windows of a chain overlap: a spike could then be written twice.
    """
    order = np.lexsort((windows.stops, windows.chains))
    bins = np.array([windows.tokenizer.bin_range(stop) for stop in windows.stops[order]])
    same = np.diff(windows.chains[order]) == 0
    overlap = same & (bins[1:, 0] < bins[:-1, 1])
    if overlap.any():
        row = order[1:][overlap][0]
        raise DataFault(
            "windows overlap, the model's own past needs windows that follow one another",
            where=f"window {row}, up to {windows.stops[row]:g} s",
            fix="stops one current window apart",
        )
    begins = np.flatnonzero(~(same & (bins[1:, 0] == bins[:-1, 1]))) + 1
    return np.split(order, begins)


class Histories:
    """What was written in each chain and draw so far, beginning with the real past.

    Parameters
    ----------
    windows : SpikeWindows
    chains : sequence of ndarray of int
        Rows of windows: see :func:`chain_rows`.
    n_draws : int
    """

    def __init__(
        self, windows: SpikeWindows, chains: Sequence[NDArray[np.int64]], n_draws: int
    ) -> None:
        self.windows, self.n_draws = windows, n_draws
        self.chain_of = {int(row): place for place, chain in enumerate(chains) for row in chain}
        dt = windows.config.windows.dt
        self.units: list[list[NDArray[np.int64]]] = []
        self.bins: list[list[NDArray[np.int64]]] = []
        for chain in chains:
            first, last = windows.tokenizer.bin_range(windows.stops[chain[0]], "past")
            bins = np.floor(windows.times / dt + 1e-6).astype(np.int64)
            low, high = np.searchsorted(bins, [first, last])
            self.units += [[windows.units[low:high]] for _ in range(n_draws)]
            self.bins += [[bins[low:high]] for _ in range(n_draws)]

    def batch(self, rows: NDArray[np.int64]) -> SpikeBatch:
        """Return windows, ``n_draws`` rows each, with the past that was written for them."""
        batch = self.windows.batch(rows)
        batch = take(batch, torch.arange(len(rows)).repeat_interleave(self.n_draws))
        pasts = [self._past(int(row), draw) for row in rows for draw in range(self.n_draws)]
        batch["past_id"], batch["past_dt"] = (
            torch.from_numpy(np.stack([past[place][:-1] for past in pasts])) for place in (0, 1)
        )
        return batch

    def extend(
        self, row: int, draw: int, units: NDArray[np.int64], times: NDArray[np.float64]
    ) -> None:
        """Append the spikes (s) written for a window."""
        place = self.chain_of[row] * self.n_draws + draw
        dt = self.windows.config.windows.dt
        self.units[place].append(units)
        self.bins[place].append((times / dt).round().astype(np.int64))

    def _past(self, row: int, draw: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        place = self.chain_of[row] * self.n_draws + draw
        units, bins = np.concatenate(self.units[place]), np.concatenate(self.bins[place])
        first, last = self.windows.tokenizer.bin_range(self.windows.stops[row], "past")
        seen = (bins >= first) & (bins < last)
        # what is older than a past window is never needed again
        self.units[place], self.bins[place] = [units[bins >= first]], [bins[bins >= first]]
        tokens = self.windows.tokenizer.encode(units[seen], bins[seen] - first, "past")
        return tokens.id, tokens.dt


def reversed_past(
    batch: SpikeBatch, rows: NDArray[np.int64], config: NeuroformerConfig
) -> SpikeBatch:
    """Return windows as the released code feeds them where its own past is asked for.

    The real past, sorted by descending time index, specials first; from the window on at which so
    many have been written as the past is long.
    """
    late = torch.from_numpy(rows > config.windows.past / config.windows.current)
    times, order = batch["past_dt"].sort(dim=1, descending=True, stable=True)
    ids = batch["past_id"].gather(1, order)
    changed = batch.copy()
    changed["past_id"] = torch.where(late[:, None], ids, batch["past_id"])
    changed["past_dt"] = torch.where(late[:, None], times, batch["past_dt"])
    return changed
