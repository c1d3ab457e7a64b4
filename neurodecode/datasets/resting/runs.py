"""The 4-D image of one run, read once to see whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurodecode.datasets.nifti import image_numbers, load_image
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SAMPLE = 300
"""Voxels whose courses are looked at."""


class RunImage(NamedTuple):
    """What is known of an image after reading it.

    Attributes
    ----------
    n_times : int
        Volumes.
    t_r : float or None
        Repetition time of the header, s; None where it has none.
    sample : ndarray of float64, shape (n_times, n_sampled)
        Courses of at most 300 voxels that vary, spread over the image.
    notes : tuple of str
        How many voxels are NaN or infinite.
    """

    n_times: int
    t_r: float | None
    sample: NDArray[np.float64]
    notes: tuple[str, ...]


def read_run(path: Path) -> RunImage:
    """Read a whole run.

    Raises
    ------
    DataFault
        If the file is missing, broken, cut short or not 4-D, or no voxel varies.
    """
    image = load_image(path)
    if len(image.shape) != 4:
        what = f"an image of shape {image.shape}, 4-D is needed"
        raise DataFault(what, where=str(path), fix="give a run, not its mean or its mask")
    series = image_numbers(image, path).reshape(-1, image.shape[3])
    finite = np.isfinite(series).all(axis=1)
    varying = np.flatnonzero(finite & np.any(series != series[:, :1], axis=1))
    if not varying.size:
        raise DataFault("no voxel varies", where=str(path), fix="fetch or copy it again")
    chosen = varying[np.linspace(0, varying.size - 1, min(SAMPLE, varying.size)).astype(int)]
    notes = () if finite.all() else (f"{np.sum(~finite)} voxels are NaN or infinite somewhere",)
    return RunImage(image.shape[3], header_t_r(image), series[chosen].T.astype(float), notes)


def header_t_r(image: Any) -> float | None:
    """Return the repetition time in s of a 4-D image's header, None where it is 0."""
    zooms, unit = image.header.get_zooms(), image.header.get_xyzt_units()[1]
    seconds = float(zooms[3]) * {"msec": 1e-3, "usec": 1e-6}.get(unit, 1.0)
    return seconds if seconds > 0 else None
