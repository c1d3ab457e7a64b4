"""Maximising derivatives on projection: a delay embedding grown coordinate by coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from neurodecode.faults import DataFault
from neurodecode.riemann.mutual_information import information_delay
from neurodecode.riemann.neighbours import nearest_neighbours

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurodecode.riemann.augmented import Array


@dataclass(frozen=True)
class DelayEmbedding:
    """The coordinates kept.

    Attributes
    ----------
    channels, delays : tuple of int
        Channel and delay in samples of each coordinate, the first with delay 0.
    false_shares : tuple of float
        Share of false neighbours after each cycle, the last one included.
    """

    channels: tuple[int, ...]
    delays: tuple[int, ...]
    false_shares: tuple[float, ...]

    @property
    def order(self) -> int:
        """Number of coordinates."""
        return len(self.delays)

    @property
    def lag(self) -> int:
        """Mean delay, the zero included, rounded half up."""
        return int(np.floor(np.mean(self.delays) + 0.5))


def mdop(
    x: ArrayLike,
    *,
    max_delay: int = 50,
    theiler: int | None = None,
    ratio: float = 2.0,
    enough: float = 0.05,
    max_cycles: int = 50,
) -> DelayEmbedding:
    r"""Embed one trial by MDOP.

    Each cycle appends the channel s and delay :math:`\tau` with the largest

    .. math:: \beta(\tau, s) = \big\langle \log_{10}
              \frac{|s_{i+\tau} - s_{j+\tau}|}{d_{ij}} \big\rangle_i,

    j being the nearest neighbour of i in the embedding so far and :math:`d_{ij}` their distance.
    The first cycle tries every channel as the start. It ends when the share of false neighbours
    (points whose distance to their nearest neighbour, which may be another one in the larger
    embedding, grows more than ``ratio``, among those closer than 1 / ``ratio``) is at most
    ``enough``, or rises; the coordinate that ended it is dropped. These are the rules of
    ``mdop_embedding`` in DelayEmbeddings.jl, which the authors used; it searches neighbours among
    the samples that the delays so far leave, here they are the same in all cycles.

    Parameters
    ----------
    x : array-like, shape (n_channels, n_samples)
        Z-scored here, channel by channel.
    max_delay : int, default=50
        Candidate delays are 0 to this, in samples.
    theiler : int, default=None
        Neighbours must be further away in time; default: the largest delay of the channels' first
        minimum of mutual information over delays 1 to 100, at most a tenth of the samples.
    ratio, enough, max_cycles : float, float, int
        2, 0.05 and 50, as published.

    Returns
    -------
    DelayEmbedding

    Raises
    ------
    DataFault
        If the trial is not two-dimensional, too short, or a channel is flat.

    References
    ----------
    Nichkawde (2013), Optimal state-space reconstruction using derivatives on projected manifold.
    Hegger and Kantz (1999), Improved false nearest neighbor method to detect determinism.
    """
    signals: Array = np.asarray(x, dtype=np.float64)
    if signals.ndim != 2 or signals.shape[1] < max_delay + 32 or np.ptp(signals, axis=1).min() == 0:
        raise DataFault(f"cannot embed shape {signals.shape}: too short, or a flat channel")
    signals = signals - signals.mean(axis=1, keepdims=True)
    signals = signals / signals.std(axis=1, keepdims=True)
    if theiler is None:
        longest = max(information_delay(channel) for channel in signals)
        theiler = min(longest, signals.shape[1] // 10)
    return _grow(signals, max_delay, theiler, ratio, enough, max_cycles)


def _grow(
    x: Array, max_delay: int, theiler: int, ratio: float, enough: float, max_cycles: int
) -> DelayEmbedding:
    n = x.shape[1] - max_delay
    windows = sliding_window_view(x.astype(np.float32), max_delay + 1, axis=1)
    start, channel, delay = _first_pair(x, windows, theiler, n)
    kept, shares = [(start, 0)], []
    points = x[start, :n, None]
    _, distance = nearest_neighbours(points, theiler)
    for _ in range(max_cycles):
        points = np.column_stack([points, x[channel, delay : delay + n]])
        index, farther = nearest_neighbours(points, theiler)
        shares.append(_false_share(distance, farther, ratio))
        if shares[-1] <= enough or (len(shares) > 1 and shares[-1] > shares[-2]):
            break
        kept.append((channel, delay))
        distance = farther
        channel, delay = _argmax(_beta(windows, index, distance))
    channels, delays = zip(*kept, strict=True)
    return DelayEmbedding(channels, delays, tuple(shares))


def _first_pair(
    x: Array, windows: NDArray[np.float32], theiler: int, n: int
) -> tuple[int, int, int]:
    """Best of all ordered pairs; the neighbours depend on the first channel alone."""
    best = (-np.inf, 0, 0, 0)
    for start in range(len(x)):
        index, distance = nearest_neighbours(x[start, :n, None], theiler)
        beta = _beta(windows, index, distance)
        channel, delay = _argmax(beta)
        if beta[channel, delay] > best[0]:
            best = (float(beta[channel, delay]), start, channel, delay)
    return best[1:]


def _beta(windows: NDArray[np.float32], index: NDArray[np.intp], distance: Array) -> Array:
    """Return the statistic for every channel and delay, shape (n_channels, n_delays)."""
    means = np.empty((len(windows), windows.shape[2]))
    for row, window in zip(means, windows, strict=True):
        apart = np.abs(window - window[index])
        np.maximum(apart, np.float32(1e-7), out=apart)
        row[:] = np.log10(apart).mean(axis=0, dtype=np.float64)
    beta: Array = means - np.log10(distance).mean()
    return beta


def _argmax(beta: Array) -> tuple[int, int]:
    channel, delay = np.unravel_index(int(beta.argmax()), beta.shape)
    return int(channel), int(delay)


def _false_share(before: Array, after: Array, ratio: float) -> float:
    """Share of points whose nearest neighbour, searched anew, is much farther than it was."""
    close = before < 1 / ratio
    if not close.any():
        return 0.0
    return float((after > ratio * before)[close].mean())
