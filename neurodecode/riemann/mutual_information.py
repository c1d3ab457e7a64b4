"""Mutual information of a signal with its own past, and the delay at its first minimum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurodecode.riemann.augmented import Array

# 95 % points of chi-square with 3 and 15 degrees of freedom
QUARTERS, SIXTEENTHS = 7.815, 24.996


def delayed_information(x: ArrayLike, delays: ArrayLike) -> Array:
    r"""Mutual information of :math:`x_t` and :math:`x_{t+d}` by an adaptive partition, in nats.

    .. math:: I(d) = \sum_{\mathrm{cells}} p \log \frac{p}{w^2}

    The plane of ranks is cut into quarters of equal marginal probability; a cell is cut again
    while its points are not uniform over its quarters, or over their quarters (chi-square, 95 %);
    :math:`w` is the marginal probability of a cell's side. Cells end at 2^m rows with
    :math:`4^m \le N`.

    Parameters
    ----------
    x : array-like, shape (n_samples,)
    delays : array-like of int, shape (n_delays,)
        Each below n_samples - 16.

    Returns
    -------
    ndarray, shape (n_delays,)

    Raises
    ------
    DataFault
        If the signal is not one-dimensional or too short for a delay.

    References
    ----------
    Fraser and Swinney (1986), Independent coordinates for strange attractors from mutual
    information.
    """
    x, delays = np.asarray(x, dtype=np.float64), np.atleast_1d(np.asarray(delays, dtype=int))
    if x.ndim != 1 or len(x) - delays.max() < 16:
        raise DataFault(f"{x.shape} samples are too few for delay {delays.max()}")
    return np.array([_information(_histogram(x, int(delay))) for delay in delays])


def first_minimum(values: ArrayLike, *, default: int | None = None) -> int:
    """Index of the first value below both neighbours; without one, ``default`` or the smallest.

    A plateau counts at its beginning.
    """
    v = np.asarray(values, dtype=np.float64)
    found = np.flatnonzero((v[1:-1] < v[:-2]) & (v[1:-1] <= v[2:]))
    if len(found):
        return int(found[0]) + 1
    return int(v.argmin()) if default is None else default


def information_delay(x: ArrayLike, max_delay: int = 100) -> int:
    """Delay of the first minimum of :func:`delayed_information` over 1 to ``max_delay``.

    Delays are tried in blocks, until a minimum is found.
    """
    x = np.asarray(x, dtype=np.float64)
    last = min(max_delay, len(x) - 17)
    values = np.empty(0)
    for start in range(1, last + 1, 10):
        block = delayed_information(x, np.arange(start, min(start + 10, last + 1)))
        values = np.concatenate([values, block])
        index = first_minimum(values, default=-1)
        if index > 0:
            return index + 1
    return int(values.argmin()) + 1


def _histogram(x: Array, delay: int) -> NDArray[np.float64]:
    n = len(x) - delay
    size = 2 ** max(int(np.log2(n) / 2), 1)
    # ties are broken by time, so that the margins are flat whatever the quantisation
    ranks = [np.argsort(np.argsort(part, kind="stable")) for part in (x[:n], x[delay:])]
    rows, columns = (rank * size // n for rank in ranks)
    counts = np.bincount(rows * size + columns, minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)


def _information(finest: NDArray[np.float64]) -> float:
    """Sum over the cells of the adaptive partition, level by level from the whole plane."""
    levels = [finest]
    while len(levels[0]) > 1:
        levels.insert(0, _coarser(levels[0]))
    total = levels[0].sum()
    open_cells = np.ones((1, 1), dtype=bool)
    information = 0.0
    for depth, counts in enumerate(levels):
        cut = open_cells & _structured(levels, depth)
        final = counts[open_cells & ~cut & (counts > 0)]
        probability = final / total
        information += float((probability * np.log(probability * 4.0**depth)).sum())
        open_cells = np.kron(cut, np.ones((2, 2), dtype=bool))
    return information


def _coarser(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    half = len(counts) // 2
    summed: NDArray[np.float64] = counts.reshape(half, 2, half, 2).sum(axis=(1, 3))
    return summed


def _structured(levels: list[NDArray[np.float64]], depth: int) -> NDArray[np.bool_]:
    """Say which cells of a level hold points that are not uniform one or two levels down."""
    counts = levels[depth]
    found = np.zeros(counts.shape, dtype=bool)
    for below, limit in ((1, QUARTERS), (2, SIXTEENTHS)):
        if depth + below < len(levels):
            parts, n = 4**below, len(counts)
            fine = levels[depth + below].reshape(n, 2**below, n, 2**below)
            squares = np.square(fine).sum(axis=(1, 3))
            statistic = parts * squares / np.maximum(counts, 1) - counts
            found |= statistic > limit
    return found
