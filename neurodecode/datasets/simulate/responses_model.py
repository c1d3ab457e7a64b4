"""How a simulated subject's voxels answer: smooth mixing, sparse responses, correlated noise."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neurodecode.artefacts import read_json, write_json
from neurodecode.datasets.simulate.forward_model import TRUTH, read_arrays, write_arrays
from neurodecode.faults import DataFault, unknown

Array = NDArray[np.floating[Any]]

_ARRAYS = ("mixing", "gains", "noise")


@dataclass(frozen=True, kw_only=True)
class VoxelModel:
    """How the voxels of one subject answer; the unit is the noise of one trial.

    Attributes
    ----------
    subject : str
        Label.
    ncsnr : float
        Standard deviation of the responses over stimuli, relative to the noise of a trial, of a
        voxel with gain 1.
    active : float
        Share of the stimuli that a voxel answers.
    white : float
        Variance of the noise that voxels do not share.
    mixing : ndarray, shape (n_voxels, n_features)
        What each voxel prefers; rows have norm 1.
    gains : ndarray, shape (n_voxels,)
        Root mean square 1.
    noise : ndarray, shape (n_voxels, n_modes)
        Gains of the noise that voxels share; a row's square norm is ``1 - white``.
    """

    subject: str
    ncsnr: float
    active: float
    white: float
    mixing: Array
    gains: Array
    noise: Array

    def answers(self, features: Array) -> Array:
        r"""Return the mean responses (n_stimuli, n_voxels) to stimuli (n_stimuli, n_features).

        .. math:: \mu_v(u) = \text{ncsnr}\, g_v \max(m_v^\top u - \theta, 0) / s,

        with :math:`\theta` the quantile of N(0, 1) above which the share ``active`` lies, and
        :math:`s` the standard deviation of the rectified variable.
        """
        answers: Array = rectified(self.mixing, features, self.active) * self.gains * self.ncsnr
        return answers

    def draw_noise(self, n_trials: int, rng: np.random.Generator) -> Array:
        """Draw the noise (n_trials, n_voxels) of some trials: N(0, white I + A A^T), variance 1."""
        own = np.sqrt(self.white) * rng.standard_normal((n_trials, len(self.gains)))
        shared = rng.standard_normal((n_trials, self.noise.shape[1])) @ self.noise.T
        return own + shared

    def write(self, folder: Path) -> None:
        """Write ``sub-LABEL.npz`` and ``sub-LABEL.json`` of a simulated data set."""
        base = folder / TRUTH / f"sub-{self.subject}"
        write_arrays(base.with_suffix(".npz"), {name: getattr(self, name) for name in _ARRAYS})
        plain = [field.name for field in fields(self) if field.name not in _ARRAYS]
        write_json(base.with_suffix(".json"), {name: getattr(self, name) for name in plain})

    @classmethod
    def read(cls, folder: Path, subject: str) -> Self:
        """Read what :meth:`write` wrote of one subject.

        Raises
        ------
        DataFault
            If the subject or a file is missing.
        """
        base = folder / TRUTH / f"sub-{subject}"
        if not base.with_suffix(".json").is_file():
            valid = sorted(
                path.stem.removeprefix("sub-") for path in base.parent.glob("sub-*.json")
            )
            raise DataFault(unknown("subject", subject, valid), where=str(base.parent))
        stored = read_arrays(base.with_suffix(".npz"))
        facts: dict[str, Any] = {**read_json(base.with_suffix(".json")), **stored}
        return cls(**facts)


def rectified(mixing: Array, features: Array, active: float) -> Array:
    r"""Return :math:`\max(m_v^\top u - \theta, 0) / s` (n_stimuli, n_voxels), of variance 1.

    See :meth:`VoxelModel.answers`.
    """
    threshold = NormalDist().inv_cdf(1 - active)
    answers: Array = np.maximum(features @ mixing.T - threshold, 0) / rectified_std(threshold)
    return answers


def rectified_std(threshold: float) -> float:
    r"""Return the standard deviation of :math:`\max(x - \theta, 0)` for :math:`x \sim N(0, 1)`.

    .. math:: E = \phi(\theta) - \theta q, \quad E_2 = (1 + \theta^2) q - \theta \phi(\theta),
        \quad q = 1 - \Phi(\theta).
    """
    above = 1 - NormalDist().cdf(threshold)
    density = NormalDist().pdf(threshold)
    mean = density - threshold * above
    square = (1 + threshold**2) * above - threshold * density
    return math.sqrt(square - mean**2)


def ellipsoid(n_voxels: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return a grid with exactly ``n_voxels`` true: an ellipsoid with axes that differ by 15 %."""
    side = math.ceil(1.6 * n_voxels ** (1 / 3)) + 2
    axes = rng.uniform(0.85, 1.15, size=3)
    offsets = np.arange(side) - (side - 1) / 2
    squares = [(offsets / axis) ** 2 for axis in axes]
    distance = squares[0][:, None, None] + squares[1][:, None] + squares[2]
    inside = np.zeros(side**3, dtype=bool)
    inside[np.argsort(distance, axis=None, kind="stable")[:n_voxels]] = True
    return inside.reshape(distance.shape)


def smooth_fields(
    inside: NDArray[np.bool_], n_fields: int, fwhm: float, rng: np.random.Generator
) -> Array:
    """Return white noise on a grid, smoothed, at the voxels inside.

    Parameters
    ----------
    inside : ndarray of bool, shape (x, y, z)
    n_fields : int
    fwhm : float
        Full width at half maximum of the Gaussian kernel, voxels; 0 does not smooth.

    Returns
    -------
    ndarray, shape (n_voxels, n_fields)
        Voxels in C order of the grid.
    """
    from scipy.ndimage import gaussian_filter

    sigma = fwhm / math.sqrt(8 * math.log(2))
    white = rng.standard_normal((n_fields, *inside.shape))
    smooth = white if sigma == 0 else gaussian_filter(white, (0, sigma, sigma, sigma), mode="wrap")
    chosen: Array = smooth[:, inside].T
    return chosen


def unit_rows(rows: Array) -> Array:
    """Return rows divided by their norms."""
    scaled: Array = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled
