"""Spikes written by the model: for windows with their real past, or with its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np
import torch
from torch import Tensor

from neurodecode.faults import ConfigFault, unknown
from neurodecode.spikes.batches import move
from neurodecode.spikes.chains import Histories, chain_rows, reversed_past
from neurodecode.spikes.config_training import Past, SamplingSection
from neurodecode.spikes.writing import write
from neurodecode.training import evaluating

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurodecode.spikes.batches import SpikeBatch, SpikeWindows
    from neurodecode.spikes.model import Neuroformer
    from neurodecode.spikes.writing import Written


@dataclass(frozen=True)
class GeneratedSpikes:
    """Spikes of windows, each drawn several times.

    Attributes
    ----------
    window, draw, unit : ndarray of int64, shape (n_spikes,)
        In order of window, draw, and as they were written.
    time : ndarray of float64, shape (n_spikes,)
        s, as in the recording: start of the window plus time within it.
    ended : ndarray of bool, shape (n_windows, n_draws)
        The model wrote EOS before its block was full.
    expected : ndarray of float32, shape (n_windows, n_neurons)
        Expected spikes: the probability of each neuron, summed over the steps of a draw, averaged
        over draws. It has the mean of the counts, and varies less.
    """

    window: NDArray[np.int64]
    draw: NDArray[np.int64]
    unit: NDArray[np.int64]
    time: NDArray[np.float64]
    ended: NDArray[np.bool_]
    expected: NDArray[np.float32]

    def counts(self) -> NDArray[np.int64]:
        """Return spikes of each neuron, (n_windows, n_draws, n_neurons)."""
        shape = (*self.ended.shape, self.expected.shape[1])
        place = np.ravel_multi_index((self.window, self.draw, self.unit), shape)
        return np.bincount(place, minlength=math.prod(shape)).reshape(shape)


def generate(
    model: Neuroformer,
    windows: SpikeWindows,
    *,
    past: Past = "teacher",
    n_draws: int = 1,
    sampling: SamplingSection | None = None,
    batch_size: int = 64,
    seed: int = 0,
    cached: bool = True,
) -> GeneratedSpikes:
    """Write the spikes of windows.

    From SOS on, each next ID and time are drawn independently of one another; at EOS, or a full
    block, a window ends. The random numbers depend on seed, window and draw alone, so batches of
    another size give the same spikes.

    Parameters
    ----------
    model : Neuroformer
        Its mode stays as it was.
    windows : SpikeWindows
        With the settings of the model.
    past : {"teacher", "own"}, default="teacher"
        The real past; or what the model wrote in the windows before, which must then follow one
        another: after a gap, and in a new chain, it begins with the real past. The released code
        takes the real past in either case, for "own" by descending time (``corrections.own_past``).
    n_draws : int, default=1
    sampling : SamplingSection, optional
        Default: the published settings.
    batch_size : int, default=64
        Windows at once; with own past, chains.
    seed : int, default=0
    cached : bool, default=True
        Keys and values are kept from step to step. False: a whole pass for each token, as the
        released code does it; for comparison.

    Returns
    -------
    GeneratedSpikes

    Raises
    ------
    ConfigFault
        If ``past`` is unknown, or windows were made with other settings.
    DataFault
        If with own past windows of a chain overlap.
    """
    if past not in get_args(Past):
        raise ConfigFault(unknown("past", past, get_args(Past)))
    windows.require(model.config)
    sampling = sampling or SamplingSection()
    fed_back = past == "own" and model.config.corrections.own_past
    schedule = (
        _fed_back(windows, batch_size, n_draws) if fed_back
        else _independent(windows, batch_size, by_descent=past == "own")
    )  # fmt: skip
    found = _Collected(windows, n_draws)
    device = next(model.parameters()).device
    with evaluating(model):
        for rows, batch, histories in schedule:
            numbers = _numbers(seed, rows, n_draws, model.config.windows.block - 1)
            own = 1 if histories else n_draws  # rows of a batch with own past are draws already
            written = write(model, move(batch, device), numbers.to(device), sampling,
                            n_draws=own, cached=cached)  # fmt: skip
            found.add(rows, written, histories)
    return found.result()


class _Collected:
    """Results of batches, put in order at the end."""

    def __init__(self, windows: SpikeWindows, n_draws: int) -> None:
        self.windows, self.n_draws = windows, n_draws
        shape = (len(windows), n_draws)
        self.ended = np.zeros(shape, np.bool_)
        self.expected = np.zeros((len(windows), windows.config.n_neurons), np.float32)
        self.units: dict[tuple[int, int], NDArray[np.int64]] = {}
        self.times: dict[tuple[int, int], NDArray[np.float64]] = {}

    def add(self, rows: NDArray[np.int64], written: Written, histories: Histories | None) -> None:
        """Decode what was written for windows; with own past, remember it."""
        tokenizer = self.windows.tokenizer
        shape = (len(rows), self.n_draws)
        ended = written.ended.cpu().numpy().reshape(shape)
        self.ended[rows] = ended
        self.expected[rows] = written.expected.cpu().numpy().reshape(*shape, -1).mean(axis=1)
        ids, times = written.id.cpu().numpy(), written.dt.cpu().numpy()
        for place, (row, draw) in enumerate(np.ndindex(shape)):
            units, offsets = tokenizer.decode(ids[place], times[place])
            window = int(rows[row])
            seconds = tokenizer.start(self.windows.stops[window]) + offsets
            self.units[window, draw], self.times[window, draw] = units, seconds
            if histories is not None:
                histories.extend(window, draw, units, seconds)

    def result(self) -> GeneratedSpikes:
        keys = sorted(self.units)
        counts = [len(self.units[key]) for key in keys]
        places = np.array(keys, np.int64).reshape(-1, 2).repeat(counts, axis=0)
        units = np.concatenate([np.empty(0, np.int64), *(self.units[key] for key in keys)])
        times = np.concatenate([np.empty(0), *(self.times[key] for key in keys)])
        return GeneratedSpikes(places[:, 0], places[:, 1], units, times, self.ended, self.expected)


Scheduled = tuple["NDArray[np.int64]", "SpikeBatch", "Histories | None"]


def _independent(
    windows: SpikeWindows, batch_size: int, *, by_descent: bool
) -> Iterator[Scheduled]:
    """Yield batches of windows with their real past."""
    for first in range(0, len(windows), batch_size):
        rows = np.arange(first, min(first + batch_size, len(windows)))
        batch = windows.batch(rows)
        yield rows, reversed_past(batch, rows, windows.config) if by_descent else batch, None


def _fed_back(windows: SpikeWindows, batch_size: int, n_draws: int) -> Iterator[Scheduled]:
    """Yield the n-th windows of chains, whose past is what was written before."""
    chains = chain_rows(windows)
    for first in range(0, len(chains), batch_size):
        together = chains[first : first + batch_size]
        histories = Histories(windows, together, n_draws)
        for step in range(max(map(len, together))):
            rows = np.array([chain[step] for chain in together if len(chain) > step])
            yield rows, histories.batch(rows), histories


def _numbers(seed: int, rows: NDArray[np.int64], n_draws: int, n_steps: int) -> Tensor:
    """Return the random numbers (rows * n_draws, n_steps, 2) of windows."""
    drawn = [np.random.default_rng([seed, int(row)]).random((n_draws, n_steps, 2)) for row in rows]
    return torch.from_numpy(np.concatenate(drawn))
