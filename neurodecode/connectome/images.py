"""From a 4-D image and a mask to voxel courses, through nilearn's masker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from nilearn.image import check_niimg, coord_transform, load_img
from nilearn.maskers import NiftiMasker

from neurodecode.connectome.series import MIN_VOLUMES, BadVoxels, VoxelSeries
from neurodecode.connectome.voxel_size import resampled_image
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

AFFINE_TOLERANCE = 1e-3


def image_series(
    image: Any,
    mask: Any,
    *,
    bad_voxels: BadVoxels = "raise",
    min_volumes: int = MIN_VOLUMES,
    voxel_mm: float | None = None,
    confounds: ArrayLike | None = None,
    **masker: Any,
) -> VoxelSeries:
    """Read the courses of the voxels inside a mask.

    Parameters
    ----------
    image : str, path or Nifti1Image
        4-D.
    mask : str, path or Nifti1Image
        3-D, on the grid of the image, after ``voxel_mm``: nothing else is resampled in
        silence, since the maps of all subjects must align voxel by voxel.
    bad_voxels, min_volumes
        As in :meth:`VoxelSeries.from_array`. NaN is counted before the masker, which replaces
        it by 0.
    voxel_mm : float, optional
        The image is resampled to cubes of that edge first, see
        :func:`~neurodecode.connectome.voxel_size.resampled_image`.
    confounds : array-like, shape (n_times, n_confounds), optional
        Series that the masker regresses out.
    **masker
        Options of :class:`nilearn.maskers.NiftiMasker`: ``smoothing_fwhm`` (mm), ``detrend``,
        ``low_pass`` and ``high_pass`` (Hz, with ``t_r`` in s).

    Returns
    -------
    VoxelSeries
        Voxels in C order of the grid, with their centres in mm.

    Raises
    ------
    DataFault
        If the image is not 4-D, the grids differ, the mask is empty, volumes are too few or a
        voxel is constant or not finite.
    """
    image, mask = resampled_image(image, voxel_mm), load_img(mask)
    inside = _check_grids(image, mask)
    where = np.argwhere(inside)
    coordinates = np.column_stack(coord_transform(*where.T, mask.affine))
    not_finite = ~np.isfinite(np.asarray(image.dataobj)[inside]).all(axis=1)
    fitted = NiftiMasker(mask_img=mask, standardize=None, reports=False, **masker).fit()
    regressors = None if confounds is None else np.asarray(confounds, dtype=float)
    series = fitted.transform(check_niimg(image, ensure_ndim=4), confounds=regressors).T
    series[not_finite] = np.nan
    return VoxelSeries.from_array(
        series, coordinates=coordinates, bad_voxels=bad_voxels, min_volumes=min_volumes
    )


def _check_grids(image: Any, mask: Any) -> Any:
    if len(image.shape) != 4:
        raise DataFault(f"an image of {len(image.shape)} dimensions", where=_name(image),
                        fix="give a 4-D run")  # fmt: skip
    same = np.allclose(image.affine, mask.affine, atol=AFFINE_TOLERANCE)
    if image.shape[:3] != mask.shape or not same:
        grids = f"{image.shape[:3]} and {mask.shape}"
        reason = grids if image.shape[:3] != mask.shape else f"{grids}, the affines differ"
        raise DataFault(
            f"image and mask are on different grids: {reason}",
            where=f"{_name(image)}, {_name(mask)}",
            fix="resample one to the other with nilearn.image.resample_to_img",
        )
    inside = np.asarray(mask.dataobj) > 0
    if not inside.any():
        raise DataFault("the mask is empty", where=_name(mask))
    return inside


def _name(image: Any) -> str:
    name: str | Path | None = image.get_filename()
    return "an image in memory" if name is None else str(name)
