"""Maps of network features, one value per voxel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.connectome.bits import neighbour_blocks, row_degrees
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.connectome.graph import VoxelGraph

DISTANCE_EDGES = (0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0, 140.0, 160.0, np.inf)
"""Edges of the distance bins in mm; the last bin takes what is beyond 160."""
SHORT_LONG_EDGES = (0.0, 40.0, np.inf)
ROWS = 256


def degree_map(graph: VoxelGraph) -> NDArray[np.int64]:
    r"""Count the neighbours of each voxel, :math:`d_v = \sum_u A_{uv}`.

    Parameters
    ----------
    graph : VoxelGraph

    Returns
    -------
    ndarray of int64, shape (n_voxels,)
    """
    return row_degrees(graph.bits)


def distance_degree_maps(
    graph: VoxelGraph, edges: Sequence[float] = DISTANCE_EDGES
) -> NDArray[np.int64]:
    r"""Count each voxel's neighbours by their distance.

    .. math:: d_v^{(b)} = \#\{u : A_{uv} = 1, e_b \le |x_u - x_v| < e_{b+1}\}

    Parameters
    ----------
    graph : VoxelGraph
        With coordinates.
    edges : sequence of float, default=DISTANCE_EDGES
        Increasing edges of the bins in mm; ``SHORT_LONG_EDGES`` splits at 40 mm. Where they
        cover all distances, the maps add up to :func:`degree_map`.

    Returns
    -------
    ndarray of int64, shape (n_bins, n_voxels)

    Raises
    ------
    DataFault
        If the graph has no coordinates.
    ConfigFault
        If the edges do not increase.
    """
    limits = np.asarray(edges, dtype=float)
    if limits.ndim != 1 or limits.size < 2 or (np.diff(limits) <= 0).any() or limits[0] < 0:
        raise ConfigFault(f"distance edges {list(edges)} must increase from 0 or more",
                          where="edges")  # fmt: skip
    places = None if graph.series is None else graph.series.coordinates
    if places is None:
        raise DataFault("the graph has no coordinates, so no distances",
                        fix="give coordinates in mm, or build it from an image")  # fmt: skip
    n, n_bins = graph.n_voxels, limits.size - 1
    counts = np.zeros((n_bins + 2) * n, dtype=np.int64)
    for u, v in neighbour_blocks(graph.bits, ROWS):
        squared = np.square(places[u] - places[v]).sum(axis=1)
        found = np.searchsorted(limits**2, squared, side="right")
        counts += np.bincount(found * n + u, minlength=counts.size)
    return counts.reshape(n_bins + 2, n)[1:-1]


def weight_map(graph: VoxelGraph) -> NDArray[np.float64]:
    r"""Sum the correlations of each voxel's edges, :math:`w_v = \sum_u A_{uv} r_{uv}`.

    Parameters
    ----------
    graph : VoxelGraph
        Built from courses.

    Returns
    -------
    ndarray of float64, shape (n_voxels,)
        Of float32 correlations.

    Raises
    ------
    DataFault
        If the graph was given as a matrix.
    """
    if graph.weights is None:
        raise _no_courses()
    return graph.weights


def clustering_map(
    degrees: NDArray[np.int64], three_cycles: NDArray[np.int64]
) -> NDArray[np.float64]:
    r"""Divide 3-cycles by the pairs of neighbours, :math:`c_v / (d_v (d_v - 1) / 2)`.

    Parameters
    ----------
    degrees, three_cycles : ndarray of int64, shape (n_voxels,)
        Of :func:`degree_map` and :func:`~neurodecode.connectome.triangles.three_cycle_map`.

    Returns
    -------
    ndarray of float64, shape (n_voxels,)
        In [0, 1]; 0 where there are fewer than two neighbours.

    References
    ----------
    Watts and Strogatz (1998), Nature 393:440.
    """
    pairs = degrees * (degrees - 1) / 2
    return np.asarray(np.divide(three_cycles, pairs, out=np.zeros(len(pairs)), where=pairs > 0))


def weighted_triangle_map(graph: VoxelGraph) -> NDArray[np.float64]:
    r"""Add up the geometric means of the correlations around each voxel's triangles.

    .. math:: t_v = \tfrac12 \sum_{u,w} A_{vu} A_{uw} A_{wv} (r_{vu} r_{uw} r_{wv})^{1/3}

    By sparse products: time and memory grow with the density, see the published range of
    thresholds.

    Parameters
    ----------
    graph : VoxelGraph
        Built from courses.

    Returns
    -------
    ndarray of float64, shape (n_voxels,)

    Raises
    ------
    DataFault
        If the graph was given as a matrix.

    References
    ----------
    Onnela, Saramaki, Kertesz and Kaski (2005), Physical Review E 71:065103.
    """
    roots = _cube_roots(graph)
    total = np.zeros(graph.n_voxels)
    for start in range(0, graph.n_voxels, ROWS):
        rows = roots[start : start + ROWS]
        total[start : start + ROWS] = (rows @ roots).multiply(rows).sum(axis=1)
    return total / 2


def _cube_roots(graph: VoxelGraph) -> Any:
    """Return the cube roots of the edges' correlations as a symmetric sparse matrix."""
    from scipy.sparse import coo_array

    if graph.series is None:
        raise _no_courses()
    courses, n = graph.series.courses, graph.n_voxels
    values, sources, targets = [], [], []
    for block, (u, v) in enumerate(neighbour_blocks(graph.bits, ROWS)):
        later = u < v
        u, v = u[later], v[later]
        r = (courses[block * ROWS : (block + 1) * ROWS] @ courses.T)[u - block * ROWS, v]
        values.append(np.cbrt(r.astype(np.float64)))
        sources.append(u)
        targets.append(v)
    places = (np.concatenate(sources), np.concatenate(targets))
    upper = coo_array((np.concatenate(values), places), shape=(n, n)).tocsr()
    return (upper + upper.T).tocsr()


def _no_courses() -> DataFault:
    return DataFault("a graph given as a matrix has no correlations",
                     fix="build it from courses with VoxelGraph.from_array")  # fmt: skip
