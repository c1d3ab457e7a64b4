"""One run of one person at rest: an image, region time courses, or ready features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.faults import DataFault

N_MOTION = 6
HEAD_RADIUS_MM = 50.0
"""Radius of the sphere on which rotations become millimetres."""


@dataclass(frozen=True, eq=False)
class RestingScan:
    """One run of one person; checked when it is made.

    Attributes
    ----------
    subject, run : str
        Labels; the run as "1".
    t_r : float or None
        Time from volume to volume, s; None where only features exist.
    image : Path or None
        4-D NIfTI on the grid of the data set's mask.
    courses : ndarray of float32, shape (n_times, n_regions), or None
        Region time courses, any unit.
    regions : tuple of str
        Names of the regions of ``courses``.
    features : mapping of str to ndarray of float32
        Ready vectors by name, as "alff" (116,) or "edges" (3003,).
    motion : ndarray of float64, shape (n_times, 6), or None
        Three translations in mm, then three rotations in rad.
    confounds : ndarray of float64, shape (n_times, n_confounds), or None
        To be regressed out of the image by the masker, and not done yet.
    mask : Path or None
        The run's own brain mask, on the grid of the image, where the data set has no common one.
    notes : tuple of str, default ()
        What the loader found remarkable, one line each; they belong in the report.
    """

    subject: str
    run: str
    t_r: float | None
    image: Path | None = None
    courses: NDArray[np.float32] | None = None
    regions: tuple[str, ...] = ()
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    motion: NDArray[np.float64] | None = None
    confounds: NDArray[np.float64] | None = None
    mask: Path | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.image is None and self.courses is None and not self.features:
            raise DataFault("neither image, nor time courses, nor features", where=self.label)
        if self.t_r is None and not self.features:
            raise DataFault("the repetition time is unknown", where=self.label, fix="give t_r")
        if self.t_r is not None and not 0 < self.t_r < np.inf:
            raise DataFault(f"a repetition time of {self.t_r:g} s", where=self.label)
        self._check_courses()
        self._check_features()
        self._check_motion()

    @property
    def label(self) -> str:
        """Name of the run for messages."""
        return f"subject {self.subject}, run {self.run}"

    @property
    def displacement(self) -> NDArray[np.float64] | None:
        """:func:`framewise_displacement` of the motion, mm; None where that is unknown."""
        return None if self.motion is None else framewise_displacement(self.motion)

    def _check_courses(self) -> None:
        if self.courses is None:
            return
        if self.courses.ndim != 2 or self.courses.shape[1] != len(self.regions):
            what = f"time courses of shape {self.courses.shape} for {len(self.regions)} regions"
            raise DataFault(what, where=self.label, fix="give (n_times, n_regions)")
        _require_finite(self.courses, self.label, lambda t, r: f"{self.regions[r]}, volume {t + 1}")

    def _check_features(self) -> None:
        for name, values in self.features.items():
            if values.ndim != 1 or not values.size:
                raise DataFault(f"{name} has shape {values.shape}, a vector is needed",
                                where=self.label)  # fmt: skip
            _require_finite(values, self.label, lambda place, name=name: f"{name} {place + 1}")

    def _check_motion(self) -> None:
        for name, values in {"motion": self.motion, "confounds": self.confounds}.items():
            if values is None:
                continue
            if values.ndim != 2 or (name == "motion" and values.shape[1] != N_MOTION):
                raise DataFault(f"{name} of shape {values.shape}", where=self.label)
            if self.courses is not None and len(values) != len(self.courses):
                what = f"{name} of {len(values)} volumes, time courses of {len(self.courses)}"
                raise DataFault(what, where=self.label)
            _require_finite(values, self.label, lambda t, c, name=name: f"{name} {c + 1}, volume "
                                                                        f"{t + 1}")  # fmt: skip


def framewise_displacement(motion: NDArray[Any]) -> NDArray[np.float64]:
    r"""Return :math:`\sum_k |\Delta m_k|`, rotations on a sphere of 50 mm; mm, 0 first.

    Parameters
    ----------
    motion : ndarray, shape (n_times, 6)
        Three translations in mm, then three rotations in rad.

    Returns
    -------
    ndarray of float64, shape (n_times,)

    References
    ----------
    Power, Barnes, Snyder, Schlaggar, Petersen 2012, NeuroImage 59, 2142-2154.
    """
    steps = np.abs(np.diff(motion, axis=0, prepend=motion[:1]))
    total: NDArray[np.float64] = steps @ np.repeat([1.0, HEAD_RADIUS_MM], N_MOTION // 2)
    return total


def _require_finite(values: NDArray[Any], where: str, name: Any) -> None:
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        what = f"{len(wrong)} values are NaN or infinite, the first is {name(*wrong[0].tolist())}"
        raise DataFault(what, where=where, fix="repair the file or leave the subject out")
