"""Images and masks on a coarser grid: a graph of n voxels takes n squared bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from nilearn.image import load_img, new_img_like, resample_img

from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from pathlib import Path

FINER = 0.99
"""Below this part of an image's own voxel size is asked for a finer grid; 3.999 mm is 4 mm."""


def resampled_image(image: Any, voxel_mm: float | None) -> Any:
    """Return an image on a grid of cubes, by cubic splines.

    The grid has axes along x, y, z; its first voxel is at the lowest corner of the image's field,
    so that images of one grid come to one grid.

    Parameters
    ----------
    image : str, path or Nifti1Image
        3-D or 4-D; becomes float32.
    voxel_mm : float or None
        Edge of a voxel, mm; None returns the image as it is.

    Raises
    ------
    ConfigFault
        If that is finer than the image.
    """
    image = load_img(image)
    if voxel_mm is None:
        return image
    values = np.asarray(image.dataobj, dtype=np.float32)  # splines of integers are no integers
    return _resampled(new_img_like(image, values, copy_header=True), voxel_mm, "continuous")


def resampled_mask(mask: Any, voxel_mm: float | None) -> Any:
    """Return a mask on the grid of :func:`resampled_image`, by the nearest voxel.

    Parameters
    ----------
    mask : str, path or Nifti1Image
        3-D; above 0 is inside.
    voxel_mm : float or None
        As there.

    Returns
    -------
    Nifti1Image
        uint8 of 0 and 1; as it is where ``voxel_mm`` is None.

    Raises
    ------
    ConfigFault
        As there.
    """
    mask = load_img(mask)
    if voxel_mm is None:
        return mask
    inside = (np.asarray(mask.dataobj) > 0).astype(np.uint8)
    return _resampled(new_img_like(mask, inside), voxel_mm, "nearest")


def resampled_grid(
    image: str | Path, voxel_mm: float | None
) -> tuple[tuple[int, ...], np.ndarray[Any, np.dtype[np.float64]]]:
    """Return shape and affine that :func:`resampled_image` gives, without reading values."""
    header = load_img(str(image))
    shape, affine = tuple(header.shape[:3]), np.asarray(header.affine, dtype=float)
    if voxel_mm is None:
        return shape, affine
    field = new_img_like(header, np.ones(shape, np.uint8), affine)
    found = _resampled(field, voxel_mm, "nearest")
    return tuple(found.shape), np.asarray(found.affine, dtype=float)


def _resampled(image: Any, voxel_mm: float, interpolation: str) -> Any:
    own = np.sqrt((np.asarray(image.affine)[:3, :3] ** 2).sum(axis=0))
    if voxel_mm < FINER * own.max():
        sizes = " x ".join(f"{size:.3g}" for size in own)
        raise ConfigFault(f"{voxel_mm:g} mm is finer than the voxels of {sizes} mm",
                          where="scans.voxel_mm",
                          fix="leave scans.voxel_mm out, or take a larger one")  # fmt: skip
    return resample_img(image, target_affine=np.diag([float(voxel_mm)] * 3),
                        interpolation=interpolation, copy_header=True,
                        force_resample=True)  # fmt: skip
