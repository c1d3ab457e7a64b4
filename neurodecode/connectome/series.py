"""Time courses of voxels or regions, standardised so that a product is a correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
BadVoxels = Literal["raise", "isolate"]

MIN_VOLUMES = 20
"""Fewest volumes a correlation is computed from; ADHD-200 series have about 70 to 260."""
FLAT = 1e-6
"""A course whose standard deviation is below this part of its largest value is constant."""
NAMED = 5


@dataclass(frozen=True, eq=False)
class VoxelSeries:
    r"""Standardised courses :math:`u_v = z_v / \sqrt{T}`, so that :math:`r_{uv} = u_u \cdot u_v`.

    Attributes
    ----------
    courses : ndarray of float32, shape (n_voxels, n_times)
        Mean 0 and Euclidean norm 1; all zeros for a voxel that was set aside.
    coordinates : ndarray, shape (n_voxels, 3), or None
        Centres in mm.
    set_aside : ndarray of int
        Constant or non-finite voxels, which have no edge (``bad_voxels="isolate"``).
    """

    courses: NDArray[np.float32]
    coordinates: Floats | None
    set_aside: NDArray[np.intp]

    @classmethod
    def from_array(
        cls,
        series: ArrayLike,
        *,
        coordinates: ArrayLike | None = None,
        names: Sequence[str] | None = None,
        bad_voxels: BadVoxels = "raise",
        min_volumes: int = MIN_VOLUMES,
    ) -> VoxelSeries:
        """Standardise courses.

        Parameters
        ----------
        series : array-like, shape (n_voxels, n_times)
            Any unit.
        coordinates : array-like, shape (n_voxels, 3), optional
            Centres in mm, for distances.
        names : sequence of str, optional
            For faults; default "voxel 0", with its coordinates where they are known.
        bad_voxels : {"raise", "isolate"}, default="raise"
            What to do with constant, NaN or infinite courses: stop and name them, or keep them
            without any edge, so that the maps of all subjects align.
        min_volumes : int, default=20

        Raises
        ------
        DataFault
            If volumes are too few, or a course is constant or not finite, naming the voxels.
        """
        if bad_voxels not in ("raise", "isolate"):
            raise ConfigFault(unknown("bad_voxels", bad_voxels, ("raise", "isolate")))
        values = np.asarray(series)
        _check_shape(values, min_volumes)
        places = _check_coordinates(coordinates, len(values))
        unit, bad = _standardised(values)
        if bad.size and bad_voxels == "raise":
            raise DataFault(
                f"{bad.size} of {len(values)} courses are constant or hold NaN or infinity",
                where=_worded(bad, names, places),
                fix='shrink the mask to the brain, or use bad_voxels="isolate"',
            )
        return cls(unit, places, bad)

    @classmethod
    def from_regions(
        cls, courses: ArrayLike, *, names: Sequence[str] | None = None, **options: Any
    ) -> VoxelSeries:
        """Standardise region time courses as atlases and nilearn give them.

        Parameters
        ----------
        courses : array-like, shape (n_times, n_regions)
        names : sequence of str, optional
            Labels of the regions.
        **options
            As in :meth:`from_array`.
        """
        return cls.from_array(np.asarray(courses).T, names=names, **options)


def _check_shape(values: NDArray[Any], min_volumes: int) -> None:
    if values.ndim != 2 or not len(values):
        raise DataFault(f"series of shape {values.shape}", fix="give an array (n_voxels, n_times)")
    if values.shape[1] < min_volumes:
        raise DataFault(
            f"{values.shape[1]} volume{'s' * (values.shape[1] != 1)}, a correlation needs "
            f"{min_volumes}",
            fix="leave this run out, or lower min_volumes",
        )


def _check_coordinates(coordinates: ArrayLike | None, n_voxels: int) -> Floats | None:
    if coordinates is None:
        return None
    places = np.asarray(coordinates, dtype=float)
    if places.shape != (n_voxels, 3):
        raise DataFault(f"coordinates of shape {places.shape} for {n_voxels} voxels",
                        fix="give (n_voxels, 3) in mm")  # fmt: skip
    return places


def _standardised(values: NDArray[Any]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return unit-norm float32 courses and the positions of those that cannot be standardised."""
    finite = np.isfinite(values).all(axis=1)
    safe = np.where(finite[:, None], values, 0).astype(np.float64)
    largest = np.abs(safe).max(axis=1)
    safe -= safe.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(safe, axis=1)
    good = finite & (norms > FLAT * largest * np.sqrt(values.shape[1]))
    safe[~good] = 0
    safe /= np.where(good, norms, 1)[:, None]
    return safe.astype(np.float32), np.flatnonzero(~good)


def _worded(bad: NDArray[np.intp], names: Sequence[str] | None, places: Floats | None) -> str:
    def one(voxel: int) -> str:
        if names is not None:
            return str(names[voxel])
        at = "" if places is None else f" at ({', '.join(f'{x:g}' for x in places[voxel])}) mm"
        return f"voxel {voxel}{at}"

    shown = ", ".join(one(int(voxel)) for voxel in bad[:NAMED])
    return shown + (f" and {bad.size - NAMED} more" if bad.size > NAMED else "")
