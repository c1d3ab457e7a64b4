"""One pass over blocks of the correlation matrix, shared by all thresholds of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodecode.connectome.bits import empty_bits
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from neurodecode.connectome.bits import Bits
    from neurodecode.connectome.progress import Progress

    Block = tuple[slice, slice, NDArray[np.float32]]

BLOCK = 2048  # a multiple of 64, so that blocks fill whole words; 16 MB of float32
SAMPLED_ROWS = 256


def correlation_blocks(
    courses: NDArray[np.float32], progress: Progress | None = None
) -> Iterator[Block]:
    """Yield (rows, columns, r) for the blocks on and above the diagonal.

    Each pair is computed once, so that the thresholded matrix is symmetric whatever the rounding.

    Parameters
    ----------
    courses : ndarray of float32, shape (n_voxels, n_times)
        Of unit norm.
    progress : callable, optional
        Called with (blocks done, blocks in all).
    """
    starts = range(0, len(courses), BLOCK)
    total, done = len(starts) * (len(starts) + 1) // 2, 0
    for i in starts:
        rows = slice(i, i + BLOCK)
        for j in starts[i // BLOCK :]:
            columns = slice(j, j + BLOCK)
            yield rows, columns, courses[rows] @ courses[columns].T
            done += 1
            if progress is not None:
                progress(done, total)


class ThresholdedEdges:
    """Collect the edges r > theta of successive blocks, and the sum of r over each row's edges.

    Parameters
    ----------
    n_voxels : int
    theta : float
        Compared in float32, strictly.
    """

    def __init__(self, n_voxels: int, theta: float) -> None:
        self.theta = np.float32(theta)
        self.bits: Bits = empty_bits(n_voxels)
        self.weights = np.zeros(n_voxels)

    def add(self, rows: slice, columns: slice, r: NDArray[np.float32]) -> None:
        """Add one block and its mirror image."""
        edges = r > self.theta
        if rows == columns:
            edges = np.triu(edges, 1)
            edges |= edges.T
        kept = np.where(edges, r, np.float32(0))
        self.weights[rows] += kept @ np.ones(kept.shape[1], np.float32)
        self._pack(rows, columns, edges)
        if rows != columns:
            self.weights[columns] += np.ones(len(kept), np.float32) @ kept
            self._pack(columns, rows, np.ascontiguousarray(edges.T))

    def _pack(self, rows: slice, columns: slice, edges: NDArray[np.bool_]) -> None:
        packed = np.packbits(edges, axis=1, bitorder="little")
        first = columns.start // 8
        self.bits.view(np.uint8)[rows, first : first + packed.shape[1]] = packed


def density_thresholds(
    courses: NDArray[np.float32], densities: Sequence[float], progress: Progress | None = None
) -> list[float]:
    r"""Find the thresholds at which graphs have given densities, exactly.

    With :math:`k = \lfloor d\, n (n - 1) / 2 \rfloor`, theta is the (k + 1)-th largest
    correlation, so that ``r > theta`` keeps the k strongest pairs (fewer where values tie); it is
    never below 0, since only positive correlations are edges.

    Parameters
    ----------
    courses : ndarray of float32, shape (n_voxels, n_times)
    densities : sequence of float
        Part of all pairs, each in (0, 1).
    progress : callable, optional

    Returns
    -------
    list of float
        Float32 values.
    """
    n = len(courses)
    pairs = n * (n - 1) // 2
    for density in densities:
        if not 0 < density < 1:
            raise ConfigFault(f"density {density:g} is not between 0 and 1", where="density")
    ranks = [int(density * pairs) for density in densities]
    factor = 1.5
    while True:
        brackets = _sampled_brackets(courses, densities, factor)
        found = _ranked(courses, ranks, brackets, progress)
        if found is not None:
            return [max(value, 0.0) for value in found]
        factor *= 4  # the sampled rows misled: look in wider brackets


def _sampled_brackets(
    courses: NDArray[np.float32], densities: Sequence[float], factor: float
) -> list[tuple[float, float]]:
    """Bracket each threshold by the quantiles of evenly spaced rows of the matrix."""
    n = len(courses)
    sampled = np.unique(np.linspace(0, n - 1, min(n, SAMPLED_ROWS)).astype(int))
    r = courses[sampled] @ courses.T
    r[np.arange(sampled.size), sampled] = -1
    values = np.sort(r, axis=None)

    def at(density: float) -> float:
        rank = int(density * values.size) + 1
        return float(values[-rank]) if rank < values.size else -2.0

    margin = 4 / values.size
    return [(at(d * factor + margin), at(d / factor) if factor < 20 else 2.0) for d in densities]


def _ranked(
    courses: NDArray[np.float32],
    ranks: Sequence[int],
    brackets: Sequence[tuple[float, float]],
    progress: Progress | None,
) -> list[float] | None:
    """Return the value of each rank (0: largest), or None if one lies outside its bracket."""
    above = [0] * len(ranks)
    inside: list[list[NDArray[np.float32]]] = [[] for _ in ranks]
    for rows, columns, r in correlation_blocks(courses, progress):
        values = r[np.triu_indices(len(r), 1)] if rows == columns else r.ravel()
        for k, (low, high) in enumerate(brackets):
            above[k] += int(np.count_nonzero(values > np.float32(high)))
            within = (values > np.float32(low)) & (values <= np.float32(high))
            inside[k].append(values[within])
    found = []
    for k, rank in enumerate(ranks):
        candidates = np.concatenate(inside[k])
        position = rank - above[k]
        if not 0 <= position < candidates.size:
            return None
        found.append(float(-np.partition(-candidates, position)[position]))
    return found
