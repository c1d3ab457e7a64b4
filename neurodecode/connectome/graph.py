"""Graphs whose nodes are voxels and whose edges are strong positive correlations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodecode.connectome.bits import Bits, pack, row_degrees, unpack
from neurodecode.connectome.correlation import (
    ThresholdedEdges,
    correlation_blocks,
    density_thresholds,
)
from neurodecode.connectome.progress import told
from neurodecode.connectome.series import VoxelSeries
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.connectome.progress import Progress

MAX_BYTES = 4 * 2**30
"""Largest memory for the bits of all graphs of a sweep."""


@dataclass(frozen=True, eq=False)
class VoxelGraph:
    r"""Undirected graph of voxels.

    .. math:: A_{uv} = 1 \text{ if } r_{uv} > \theta \text{ and } u \ne v, \quad
              r_{uv} = z_u \cdot z_v / T

    Attributes
    ----------
    bits : ndarray of uint64, shape (n_voxels, ceil(n_voxels / 64))
        Rows of the adjacency, lowest bit first.
    theta : float or None
        Threshold, a float32 value; None for a graph given as a matrix.
    weights : ndarray of float64, shape (n_voxels,), or None
        Sum of r over each voxel's edges.
    series : VoxelSeries or None
        Where the edges come from.

    References
    ----------
    Dey, Rao and Shah (2012), Exploiting the brain's network structure in identifying ADHD
    subjects, Frontiers in Systems Neuroscience 6:75.
    """

    bits: Bits
    theta: float | None = None
    weights: NDArray[np.float64] | None = None
    series: VoxelSeries | None = None

    @classmethod
    def from_array(
        cls,
        series: ArrayLike,
        *,
        theta: float | None = None,
        density: float | None = None,
        **options: Any,
    ) -> VoxelGraph:
        """Build the graph of voxel courses.

        Parameters
        ----------
        series : array-like, shape (n_voxels, n_times)
        theta : float
            Fixed threshold, in [0, 1); or
        density : float
            Fixed part of all pairs, in (0, 1).
        **options
            As in :meth:`VoxelSeries.from_array`.

        Raises
        ------
        ConfigFault
            Unless one of ``theta`` and ``density`` is given.
        DataFault
            As :meth:`VoxelSeries.from_array`.
        """
        return _one(VoxelSeries.from_array(series, **options), theta, density)

    @classmethod
    def from_image(
        cls,
        image: Any,
        mask: Any,
        *,
        theta: float | None = None,
        density: float | None = None,
        **options: Any,
    ) -> VoxelGraph:
        """Build the graph of the voxels of a 4-D image inside a mask.

        Parameters
        ----------
        image, mask : str, path or Nifti1Image
        theta, density : float
            As in :meth:`from_array`.
        **options
            As in :func:`~neurodecode.connectome.images.image_series`.
        """
        from neurodecode.connectome.images import image_series

        return _one(image_series(image, mask, **options), theta, density)

    @classmethod
    def from_regions(
        cls,
        courses: ArrayLike,
        *,
        theta: float | None = None,
        density: float | None = None,
        **options: Any,
    ) -> VoxelGraph:
        """Build the graph of region time courses, shape (n_times, n_regions).

        Parameters are those of :meth:`from_array` and :meth:`VoxelSeries.from_regions`.
        """
        return _one(VoxelSeries.from_regions(courses, **options), theta, density)

    @classmethod
    def from_adjacency(cls, adjacency: ArrayLike) -> VoxelGraph:
        """Wrap a boolean matrix (n, n), symmetric with an empty diagonal.

        Raises
        ------
        DataFault
            If the matrix is no undirected graph without loops.
        """
        matrix = np.asarray(adjacency)
        if matrix.dtype != np.bool_ or matrix.ndim != 2 or len(set(matrix.shape)) != 1:
            raise DataFault(f"an adjacency of type {matrix.dtype} and shape {matrix.shape}",
                            fix="give a boolean array (n, n)")  # fmt: skip
        if matrix.diagonal().any() or (matrix != matrix.T).any():
            raise DataFault("the adjacency is not symmetric with an empty diagonal")
        return cls(pack(matrix))

    @property
    def n_voxels(self) -> int:
        """Number of nodes."""
        return len(self.bits)

    @property
    def n_edges(self) -> int:
        """Number of undirected edges."""
        return int(row_degrees(self.bits).sum()) // 2

    @property
    def density(self) -> float:
        """Edges over pairs; 0 for a single node."""
        pairs = self.n_voxels * (self.n_voxels - 1) // 2
        return self.n_edges / pairs if pairs else 0.0

    def adjacency(self) -> NDArray[np.bool_]:
        """Return the boolean matrix (n, n); 0.8 GB at 28,000 voxels."""
        return unpack(self.bits, self.n_voxels).view(np.bool_)


def voxel_graphs(
    series: VoxelSeries,
    *,
    thetas: Sequence[float] = (),
    densities: Sequence[float] = (),
    progress: Progress | bool | None = None,
    max_bytes: int = MAX_BYTES,
) -> list[VoxelGraph]:
    """Build the graphs of a sweep in one pass over the blocks of the correlation matrix.

    Memory: n_voxels^2 / 8 bytes per threshold (0.1 GB at 28,000 voxels) and about 50 MB.

    Parameters
    ----------
    series : VoxelSeries
    thetas : sequence of float
        Fixed thresholds, each in [0, 1).
    densities : sequence of float
        Fixed densities, each in (0, 1); together they need one pass more.
    progress : callable or bool, optional
        Called with (blocks done, blocks in all) in each pass; True draws a bar on a terminal.
    max_bytes : int
        Largest memory for the graphs.

    Returns
    -------
    list of VoxelGraph
        One per threshold, then one per density.

    Raises
    ------
    ConfigFault
        If there is no threshold, one is out of range, or the graphs would not fit.
    """
    _check_sweep(len(series.courses), thetas, densities, max_bytes)
    with told(progress, "correlations") as tell:
        found = density_thresholds(series.courses, densities, tell) if densities else []
        edges = [ThresholdedEdges(len(series.courses), theta) for theta in (*thetas, *found)]
        for block in correlation_blocks(series.courses, tell):
            for collected in edges:
                collected.add(*block)
    return [VoxelGraph(e.bits, float(e.theta), e.weights, series) for e in edges]


def graph_bytes(n_voxels: int, n_thresholds: int) -> int:
    """Return the bytes of the graphs of a sweep: a bit per pair of voxels, rows of whole words."""
    return n_thresholds * n_voxels * -(-n_voxels // 64) * 8


def _check_sweep(
    n: int, thetas: Sequence[float], densities: Sequence[float], max_bytes: int
) -> None:
    if not (thetas or densities):
        raise ConfigFault("no threshold", fix="give theta or density")
    for theta in thetas:
        if not 0 <= theta < 1:
            raise ConfigFault(f"theta {theta:g} is not in [0, 1)", where="theta")
    needed = graph_bytes(n, len(thetas) + len(densities))
    if needed > max_bytes:
        raise ConfigFault(
            f"{len(thetas) + len(densities)} graphs of {n} voxels take {needed / 2**30:.1f} GiB, "
            f"the limit is {max_bytes / 2**30:.1f}",
            fix="use a coarser grid, fewer thresholds at once, or raise max_bytes",
        )


def _one(series: VoxelSeries, theta: float | None, density: float | None) -> VoxelGraph:
    if (theta is None) == (density is None):
        raise ConfigFault("give either theta or density", where="VoxelGraph")
    thetas = () if theta is None else (theta,)
    return voxel_graphs(series, thetas=thetas, densities=() if density is None else (density,))[0]
