"""Spikes as tokens: which neuron, and in which time bin of its window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from neurodecode.faults import DataFault
from neurodecode.spikes.config_model import WindowSection

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Part = Literal["current", "past"]
TOLERANCE = 1e-6
"""Of a bin: 0.07 / 0.01 is a little less than 7."""


class WindowTokens(NamedTuple):
    """One window as two lists of tokens.

    Attributes
    ----------
    id, dt : ndarray of int64, shape (block + 1,)
        SOS, spikes, EOS, PAD...; the input of a network is all but the last, its target all but
        the first.
    n_dropped : int
        Spikes that there was no room for: the first ones.
    """

    id: NDArray[np.int64]
    dt: NDArray[np.int64]
    n_dropped: int

    @property
    def n_padding(self) -> int:
        """PADs of each list, which the released code stores: one more than in the input."""
        return int((self.id == self.id[-1]).sum())  # there is always one


class SpikeTokenizer:
    r"""Two vocabularies, and windows written in them.

    ID: neurons 0..N-1, SOS = N, EOS = N + 1, PAD = N + 2. Time: every multiple of dt from 0 to the
    longer window, both included, then SOS, EOS, PAD; the time of a spike is the start of its bin
    less the start of its window. A sample is named by the time t (s) at which its current window
    ends: current :math:`[t - w, t)`, past :math:`[t - w - p, t - w)`, both rounded to bins. Spikes
    stand in order of bins and, within one, of neurons.

    Parameters
    ----------
    n_neurons : int
    windows : WindowSection, optional
        Default: 50 ms after a past of 150 ms, in bins of 10 ms, 100 tokens each.
    correct_overflow : bool, default=True
        Of a window with more than block - 2 spikes the last ones are kept. The released code then
        gives SOS the time of the last dropped spike, not 0.

    Attributes
    ----------
    sos, eos, pad : int
        Tokens of the ID vocabulary.
    dt_sos, dt_eos, dt_pad : int
        Tokens of the time vocabulary. SOS itself is written with time 0; ``dt_sos`` is never used.
    id_size, dt_size : int
        Of the vocabularies.

    Raises
    ------
    DataFault
        If there is no neuron.

    References
    ----------
    Antoniades et al. (2024), Neuroformer: multimodal and multitask generative pretraining for brain
    data, ICLR; the released code, version 1.5.
    """

    def __init__(
        self,
        n_neurons: int,
        windows: WindowSection | None = None,
        *,
        correct_overflow: bool = True,
    ) -> None:
        if n_neurons < 1:
            raise DataFault("a population without a neuron")
        self.n_neurons, self.windows = n_neurons, windows or WindowSection()
        self.correct_overflow = correct_overflow
        self.sos, self.eos, self.pad = (n_neurons + extra for extra in range(3))
        n_times = max(self.windows.n_bins, self.windows.n_past_bins) + 1
        self.dt_sos, self.dt_eos, self.dt_pad = (n_times + extra for extra in range(3))
        self.id_size, self.dt_size = n_neurons + 3, n_times + 3

    def block(self, part: Part) -> int:
        """Return how many tokens of a window enter a network."""
        return self.windows.block if part == "current" else self.windows.past_block

    def bin_range(self, stop: float, part: Part = "current") -> tuple[int, int]:
        """Return first and last (excluded) bin of a window of the sample that ends at ``stop``, s.

        Bins before time 0 do not exist; a window there is shorter, or empty.
        """
        first, last = self.bin_ranges([stop], part)
        return int(first[0]), int(last[0])

    def bin_ranges(
        self, stops: ArrayLike, part: Part = "current"
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return :meth:`bin_range` of many samples: first and last bins, each as ``stops``."""
        last = np.rint(np.asarray(stops, np.float64) / self.windows.dt).astype(np.int64)
        first = last - self.windows.n_bins
        if part == "past":
            first, last = first - self.windows.n_past_bins, first
        return first.clip(min=0), last.clip(min=0)

    def start(self, stop: float, part: Part = "current") -> float:
        """Return the time (s) that the times of a window are counted from."""
        return self.bin_range(stop, part)[0] * self.windows.dt

    def encode(self, units: ArrayLike, bins: ArrayLike, part: Part = "current") -> WindowTokens:
        """Write the spikes of one window.

        Parameters
        ----------
        units : array-like of int, shape (n_spikes,)
            Neurons, in any order.
        bins : array-like of int, shape (n_spikes,)
            Bins, counted from the window's start.
        part : {"current", "past"}, default="current"

        Returns
        -------
        WindowTokens

        Raises
        ------
        DataFault
            If there is another neuron, or a bin outside the window.
        """
        units, bins = np.asarray(units, np.int64), np.asarray(bins, np.int64)
        self._check(units, bins, part)
        order, whole = np.lexsort((units, bins)), np.array([len(units)])
        begin = np.zeros(1, np.int64)
        ids, times, n_dropped = self._write(bins[order], units[order], begin, whole, begin, part)
        return WindowTokens(ids[0], times[0], int(n_dropped[0]))

    def encode_times(
        self, times: ArrayLike, units: ArrayLike, stop: float, part: Part = "current"
    ) -> WindowTokens:
        """Write a window of a recording given by its spikes.

        Parameters
        ----------
        times : array-like of float, shape (n_spikes,)
            s, ascending, from 0 on.
        units : array-like of int, shape (n_spikes,)
        stop : float
            End (s) of the sample's current window.
        part : {"current", "past"}, default="current"

        Raises
        ------
        DataFault
            If shapes differ, or there is another neuron.
        """
        times, units = np.asarray(times, np.float64), np.asarray(units, np.int64)
        if times.shape != units.shape or times.ndim != 1:
            raise DataFault(f"times of shape {times.shape}, units of shape {units.shape}")
        first, last = self.bin_range(stop, part)
        edges = (np.array([first, last]) - TOLERANCE) * self.windows.dt
        low, high = np.searchsorted(times, edges)
        bins = np.floor(times[low:high] / self.windows.dt + TOLERANCE).astype(np.int64) - first
        return self.encode(units[low:high], bins, part)

    def sort_spikes(
        self, times: ArrayLike, units: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return bins and neurons of a recording's spikes in the order of tokens.

        Parameters
        ----------
        times : array-like of float, shape (n_spikes,)
            s, from 0 on.
        units : array-like of int, shape (n_spikes,)

        Raises
        ------
        DataFault
            If there is another neuron.
        """
        units = np.asarray(units, np.int64)
        self._check_units(units)
        bins = np.floor(np.asarray(times) / self.windows.dt + TOLERANCE).astype(np.int64)
        order = np.lexsort((units, bins))
        return bins[order], units[order]

    def encode_windows(
        self,
        bins: NDArray[np.int64],
        units: NDArray[np.int64],
        stops: ArrayLike,
        part: Part = "current",
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Write many windows of a recording, each as :meth:`encode_times` does.

        Parameters
        ----------
        bins, units : ndarray of int64, shape (n_spikes,)
            Of :meth:`sort_spikes`.
        stops : array-like of float, shape (n_windows,)
            Ends (s) of the samples' current windows.
        part : {"current", "past"}, default="current"

        Returns
        -------
        id, dt : ndarray of int64, shape (n_windows, block + 1)
        """
        first, last = self.bin_ranges(stops, part)
        low, high = np.searchsorted(bins, first), np.searchsorted(bins, last)
        return self._write(bins, units, low, high, first, part)[:2]

    def encode_counts(self, counts: ArrayLike, stop: float, part: Part = "current") -> WindowTokens:
        """Write a window of a recording given by its counts.

        Parameters
        ----------
        counts : array-like of int, shape (n_neurons, n_bins)
            Of bins of width dt from time 0 on; a count of k repeats the neuron k times.
        stop : float
            End (s) of the sample's current window.
        part : {"current", "past"}, default="current"

        Raises
        ------
        DataFault
            If counts have another number of neurons.
        """
        counts = np.asarray(counts)
        if counts.ndim != 2 or len(counts) != self.n_neurons:
            raise DataFault(f"counts of shape {counts.shape} for {self.n_neurons} neurons")
        first, last = self.bin_range(stop, part)
        bins, units = np.nonzero(counts[:, first:last].T)
        repeats = counts[units, first + bins].round().astype(np.int64)
        return self.encode(units.repeat(repeats), bins.repeat(repeats), part)

    def decode(
        self, ids: ArrayLike, times: ArrayLike
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return neurons and times (s, from the window's start) of tokens, special ones left out.

        Reading ends at the first EOS or PAD; a neuron whose time is a special token is left out.
        """
        ids, times = np.asarray(ids, np.int64), np.asarray(times, np.int64)
        ends = np.flatnonzero(ids >= self.eos)
        upto = int(ends[0]) if len(ends) else len(ids)
        ids, times = ids[:upto], times[:upto]
        real = (ids < self.n_neurons) & (times < self.dt_sos)
        return ids[real], times[real] * self.windows.dt

    def _write(
        self,
        bins: NDArray[np.int64],
        units: NDArray[np.int64],
        low: NDArray[np.int64],
        high: NDArray[np.int64],
        first: NDArray[np.int64],
        part: Part,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Write windows of the spikes from ``low`` to ``high``; times count from bin ``first``."""
        block = self.block(part)
        n_kept = np.minimum(high - low, block - 2)
        begin, ends = high - n_kept, (np.arange(len(low)), 1 + n_kept)
        ids = np.full((len(low), block + 1), self.pad)
        times = np.full((len(low), block + 1), self.dt_pad)
        ids[:, 0], times[:, 0] = self.sos, 0
        ids[ends], times[ends] = self.eos, self.dt_eos
        rows, columns = np.nonzero(np.arange(block - 2) < n_kept[:, None])
        spikes = begin[rows] + columns
        ids[rows, 1 + columns] = units[spikes]
        times[rows, 1 + columns] = bins[spikes] - first[rows]
        if not self.correct_overflow:
            over = begin > low
            times[over, 0] = bins[begin[over] - 1] - first[over]
        return ids, times, begin - low

    def _check(self, units: NDArray[np.int64], bins: NDArray[np.int64], part: Part) -> None:
        if units.shape != bins.shape or units.ndim != 1:
            raise DataFault(f"units of shape {units.shape}, bins of shape {bins.shape}")
        if not len(units):
            return
        self._check_units(units)
        n_bins = self.windows.n_bins if part == "current" else self.windows.n_past_bins
        if bins.min() < 0 or bins.max() >= n_bins:
            raise DataFault(
                f"bins from {bins.min()} to {bins.max()} in a {part} window of {n_bins}"
            )

    def _check_units(self, units: NDArray[np.int64]) -> None:
        if len(units) and (units.min() < 0 or units.max() >= self.n_neurons):
            wrong = units.min() if units.min() < 0 else units.max()
            raise DataFault(
                f"unit {wrong} is not in the vocabulary of {self.n_neurons} neurons",
                fix="units are rows of the unit table, from 0 on",
            )


def clip_range(
    stop: float, *, window: float, n_frames: int, rate: float, n_total: int, with_window: bool
) -> tuple[int, int]:
    """Return first and last (excluded) frame of the clip of a sample.

    Parameters
    ----------
    stop : float
        End (s) of the current window.
    window : float
        Length (s) of the current window.
    n_frames : int
        Of a clip.
    rate : float
        Frames per second.
    n_total : int
        Frames there are; the clip lies within them.
    with_window : bool
        The clip ends where the window ends; else, as in the released code, one window later.

    Raises
    ------
    DataFault
        If the stimulus is shorter than a clip.
    """
    if n_total < n_frames:
        raise DataFault(f"a stimulus of {n_total} frames, a clip has {n_frames}")
    end = stop if with_window else stop + window
    last = min(max(round(end / (1 / rate)), n_frames), n_total)
    return last - n_frames, last
