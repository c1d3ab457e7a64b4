"""Nearest neighbours in delay space, false neighbours and Cao's statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurodecode.riemann.augmented import Array


def delay_vectors(x: Array, dimension: int, delay: int, n_points: int) -> Array:
    """Return (x_t, x_{t+d}, ...), shape (n_points, dimension)."""
    return np.stack([x[k * delay : k * delay + n_points] for k in range(dimension)], axis=1)


def nearest_neighbours(
    points: Array, theiler: int, *, norm: float = 2
) -> tuple[NDArray[np.intp], Array]:
    """Nearest neighbour of each point that is more than ``theiler`` samples away in time.

    Parameters
    ----------
    points : ndarray, shape (n_points, dimension)
        In the order of time.
    theiler : int
        Half width of the excluded window; 0 excludes the point alone.
    norm : float, default=2
        Minkowski exponent; ``numpy.inf`` for the maximum norm.

    Returns
    -------
    index : ndarray of int, shape (n_points,)
    distance : ndarray, shape (n_points,)
        At least 1e-12, so that ratios stay finite.

    Raises
    ------
    DataFault
        If the window leaves some point without any neighbour.
    """
    n = len(points)
    if n < 2 * theiler + 2:
        raise DataFault(f"{n} points are too few for a Theiler window of {theiler}")
    tree = cKDTree(points)
    index, distance = np.zeros(n, dtype=np.intp), np.zeros(n)
    rest, k = np.arange(n), min(8, n)
    while len(rest):
        distances, indices = tree.query(points[rest], k=k, p=norm)
        allowed = np.abs(indices - rest[:, None]) > theiler
        found = allowed.any(axis=1)
        first = allowed.argmax(axis=1)
        rows = np.arange(len(rest))
        index[rest[found]] = indices[rows, first][found]
        distance[rest[found]] = distances[rows, first][found]
        rest, k = rest[~found], min(4 * k, n)
    return index, np.maximum(distance, 1e-12)


def false_neighbours(
    x: ArrayLike,
    delay: int,
    *,
    max_dimension: int = 10,
    theiler: int = 0,
    ratio: float = 15.0,
    attractor: float = 2.0,
) -> Array:
    r"""Share of false nearest neighbours for dimensions 1 to ``max_dimension``.

    A neighbour j of i is false when the next coordinate parts them: when
    :math:`|x_{i+md} - x_{j+md}| / d_{ij}` exceeds ``ratio``, or their new distance exceeds
    ``attractor`` standard deviations.

    Returns
    -------
    ndarray, shape (max_dimension,)

    References
    ----------
    Kennel, Brown and Abarbanel (1992), Determining embedding dimension for phase-space
    reconstruction using a geometrical construction.
    """
    x = np.asarray(x, dtype=np.float64)
    n = _points_left(x, delay, max_dimension)
    shares = []
    for m in range(1, max_dimension + 1):
        index, distance = nearest_neighbours(delay_vectors(x, m, delay, n), theiler)
        ahead = x[m * delay : m * delay + n]
        apart = np.abs(ahead - ahead[index])
        far = np.hypot(apart, distance) > attractor * x.std()
        shares.append(float(((apart > ratio * distance) | far).mean()))
    return np.array(shares)


def cao_e1(x: ArrayLike, delay: int, *, max_dimension: int = 10, theiler: int = 0) -> Array:
    r"""Cao's :math:`E_1(m) = E(m+1) / E(m)` for dimensions 1 to ``max_dimension``.

    :math:`E(m)` averages the growth of nearest-neighbour distances (maximum norm) from dimension
    m to m + 1; :math:`E_1` levels off near 1 once m suffices.

    Returns
    -------
    ndarray, shape (max_dimension,)

    References
    ----------
    Cao (1997), Practical method for determining the minimum embedding dimension.
    """
    x = np.asarray(x, dtype=np.float64)
    n = _points_left(x, delay, max_dimension + 1)
    growth = []
    for m in range(1, max_dimension + 2):
        index, distance = nearest_neighbours(delay_vectors(x, m, delay, n), theiler, norm=np.inf)
        ahead = x[m * delay : m * delay + n]
        apart = np.maximum(distance, np.abs(ahead - ahead[index]))
        growth.append(float((apart / distance).mean()))
    ratios: Array = np.array(growth[1:]) / np.array(growth[:-1])
    return ratios


def _points_left(x: Array, delay: int, dimension: int) -> int:
    n = len(x) - dimension * delay
    if x.ndim != 1 or n < 16:
        raise DataFault(f"{x.shape} samples are too few for {dimension} delays of {delay}")
    return n
