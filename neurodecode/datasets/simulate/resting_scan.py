"""The courses of one simulated person's brain, and how the head moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.resting.recording import HEAD_RADIUS_MM
from neurodecode.datasets.simulate.responses_model import smooth_fields
from neurodecode.datasets.simulate.resting_brain import BLOCK
from neurodecode.datasets.simulate.resting_settings import (
    BAND_HZ,
    MOTION_FWHM_MM,
    N_COLUMNS,
    N_ROWS,
    RHO,
    SMOOTH_FWHM_MM,
)

if TYPE_CHECKING:
    from neurodecode.datasets.simulate.resting_brain import RestingBrain

Array = NDArray[np.floating[Any]]

BACKGROUND = 0.4
"""Share of the noise outside the regions of the effect that is smooth in space."""
STRENGTH_SPREAD, LARGEST = 0.3, 0.95
"""Standard deviation of the log strength of people's networks, and the largest loading."""
STEP_SPREAD = 0.6
"""Standard deviation of the log displacement from volume to volume."""


def draw_courses(
    brain: RestingBrain, tight: NDArray[np.bool_], n_times: int, rng: np.random.Generator
) -> Array:
    """Return white courses (n_times, n_voxels) of variance 1, correlated over voxels.

    Parameters
    ----------
    brain : RestingBrain
    tight : ndarray of bool, shape (n_regions,)
        Which regions of the effect are tight.
    n_times : int
    rng : numpy.random.Generator
    """
    spread = np.exp(STRENGTH_SPREAD * rng.standard_normal(brain.networks.shape[1]))
    loadings = brain.networks * spread
    total = np.sqrt((loadings**2).sum(axis=1))
    loadings *= np.minimum(1, LARGEST / np.maximum(total, 1e-12))[:, None]
    courses = rng.standard_normal((n_times, loadings.shape[1])) @ loadings.T
    explained = (loadings**2).sum(axis=1)
    for region, is_tight in enumerate(tight, start=1):
        voxels = rng.permutation(np.flatnonzero(brain.regions == region))
        for block in voxels.reshape(-1, BLOCK):
            courses[:, block] = draw_block(n_times, rng, tight=bool(is_tight))
        explained[voxels] = RHO if is_tight else 2 * RHO
    in_region = brain.regions > 0
    background = np.where(in_region, 1 - 2 * RHO, BACKGROUND * (1 - explained))
    white = 1 - explained - background
    field = _field(brain, SMOOTH_FWHM_MM, n_times, rng)
    noise = rng.standard_normal(courses.shape)
    mixed: Array = courses + np.sqrt(background) * field + np.sqrt(white) * noise
    return mixed


def draw_block(n_times: int, rng: np.random.Generator, *, tight: bool) -> Array:
    r"""Return the structured part (n_times, 60) of a block's courses.

    Loose: voxel (i, j) of a 6 x 10 array is :math:`\sqrt\rho\,(a_i + b_j)`, connected with the
    9 + 5 others of its row and column, 46 triangles. Tight: it is :math:`\sqrt\rho\,c` of one of
    four cliques of 15, connected with 14 others, 91 triangles. The correlation is rho both times.
    """
    if tight:
        size = N_ROWS + N_COLUMNS - 1
        cliques = rng.standard_normal((n_times, BLOCK // size))
        return np.sqrt(RHO) * np.repeat(cliques, size, axis=1)
    rows = rng.standard_normal((n_times, N_ROWS, 1))
    columns = rng.standard_normal((n_times, 1, N_COLUMNS))
    both: Array = np.sqrt(RHO) * (rows + columns).reshape(n_times, BLOCK)
    return both


def draw_motion(mean_mm: float, n_times: int, rng: np.random.Generator) -> Array:
    """Return motion (n_times, 6), mm and rad, of a mean framewise displacement."""
    steps = mean_mm * np.exp(STEP_SPREAD * rng.standard_normal(n_times) - STEP_SPREAD**2 / 2)
    shares = rng.dirichlet(np.ones(6), n_times) * rng.choice([-1.0, 1.0], (n_times, 6))
    moved = steps[:, None] * shares
    moved[0] = 0
    motion: Array = np.cumsum(moved / np.repeat([1.0, HEAD_RADIUS_MM], 3), axis=0)
    return motion


def motion_signal(
    brain: RestingBrain, displacement: Array, strength: float, rng: np.random.Generator
) -> Array:
    """Return what motion adds (n_times, n_voxels): fields smooth in space, as strong as it."""
    field = _field(brain, MOTION_FWHM_MM, len(displacement), rng)
    added: Array = strength * displacement[:, None] * field
    return added


def band_pass(courses: Array, t_r: float) -> Array:
    """Return courses (n_times, n_voxels) with the frequencies of the pass band only."""
    spectrum = np.fft.rfft(courses, axis=0)
    hertz = np.fft.rfftfreq(len(courses), t_r)
    spectrum[(hertz < BAND_HZ[0]) | (hertz > BAND_HZ[1])] = 0
    kept: Array = np.fft.irfft(spectrum, len(courses), axis=0)
    return kept


def _field(brain: RestingBrain, fwhm_mm: float, n_times: int, rng: np.random.Generator) -> Array:
    """Return fields (n_times, n_voxels) of variance 1, white in time, smooth in space."""
    voxel_mm = float(brain.mask.header.get_zooms()[0])
    field = smooth_fields(brain.inside, n_times, fwhm_mm / voxel_mm, rng).T
    scaled: Array = field / field.std()
    return scaled
