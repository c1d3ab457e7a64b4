"""Responses of the voxels inside a mask, from NIfTI files; nothing is resampled."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.datasets.nifti import BROKEN, cannot_read, image_numbers, load_image
from neurodecode.datasets.responses.voxels import Voxels
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_mask(path: Path) -> tuple[Any, Voxels]:
    """Read a mask: voxels above 0 are inside.

    Returns
    -------
    image : nibabel.Nifti1Image
        Of 0 and 1, uint8.
    voxels : Voxels
        Those inside, in C order of the grid.

    Raises
    ------
    DataFault
        If the file is broken or not 3-D, or no voxel is inside.
    """
    from nilearn.image import new_img_like

    image = load_image(path)
    grid = np.squeeze(image_numbers(image, path), axis=tuple(range(3, len(image.shape))))
    if grid.ndim != 3:
        raise DataFault(f"a mask of shape {image.shape}, 3-D is needed", where=str(path))
    inside = np.nan_to_num(grid) > 0
    coordinates = np.argwhere(inside)
    if not len(coordinates):
        raise DataFault("no voxel is inside the mask", where=str(path))
    sizes = tuple(round(float(size), 4) for size in image.header.get_zooms()[:3])
    voxels = Voxels(
        len(coordinates), path.name, inside.shape, sizes,
        tuple(np.asarray(image.affine, dtype=float).ravel().tolist()),
        sha256(inside.astype(np.uint8).tobytes()).hexdigest(), coordinates,
    )  # fmt: skip
    return new_img_like(image, inside.astype(np.uint8)), voxels


def masked_responses(path: Path, mask: Path) -> tuple[NDArray[np.float32], Voxels]:
    """Return the volumes of a 4-D file inside a mask; NaN stays NaN.

    Parameters
    ----------
    path : Path
        NIfTI of one volume per trial, or per time.
    mask : Path
        3-D NIfTI on the same grid.

    Returns
    -------
    responses : ndarray of float32, shape (n_volumes, n_voxels)
        Voxels in C order of the grid, as :func:`nilearn.masking.apply_mask` has them.
    voxels : Voxels

    Raises
    ------
    DataFault
        If a file is broken, or mask and data disagree in shape or affine.
    """
    mask_image, voxels = read_mask(mask)
    return volumes_inside(path, mask_image, mask.name), voxels


def mask_image_of(
    places: NDArray[np.int64], shape: tuple[int, ...], affine: tuple[float, ...]
) -> Any:
    """Return the mask image of :attr:`Voxels.places` on a grid with an affine, row by row."""
    from nibabel import Nifti1Image

    inside = np.zeros(int(np.prod(shape)), dtype=np.uint8)
    inside[places] = 1
    return Nifti1Image(inside.reshape(shape), np.reshape(affine, (4, 4)))  # type: ignore[no-untyped-call]


def volumes_inside(path: Path, mask: Any, name: str) -> NDArray[np.float32]:
    """Return the volumes of a 4-D file inside a mask image, (n_volumes, n_voxels); NaN stays NaN.

    Parameters
    ----------
    path : Path
    mask : nibabel.Nifti1Image
        Of 0 and 1; voxels come in C order of its grid.
    name : str
        Of the mask, for messages.

    Raises
    ------
    DataFault
        If the file is broken or not 4-D, or mask and data disagree in shape or affine.
    """
    from nilearn.masking import apply_mask

    image = load_image(path)
    if len(image.shape) != 4:
        raise DataFault(f"an image of shape {image.shape}, 4-D is needed", where=str(path))
    if image.shape[:3] != mask.shape:
        raise _disagree(path, name, f"grids of {image.shape[:3]} and {mask.shape} voxels")
    if not np.allclose(image.affine, mask.affine):  # as nilearn compares them
        apart = float(np.abs(image.affine - mask.affine).max())
        raise _disagree(path, name, f"affines that differ by up to {apart:.3g} mm")
    try:
        # Without ensure_finite=False a NaN would silently become 0.
        series = apply_mask(image, mask, dtype=np.float32, ensure_finite=False)
    except BROKEN as error:
        raise cannot_read(path, error) from error
    return np.ascontiguousarray(series, dtype=np.float32)


def _disagree(path: Path, mask: str, how: str) -> DataFault:
    return DataFault(
        f"mask and data disagree, {how}",
        where=f"{path} and {mask}",
        fix="take the mask of this subject's functional images, or resample it to them",
    )
