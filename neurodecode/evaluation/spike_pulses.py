"""Agreement of two spike trains in time, in the manner of CosMIC (Reynolds et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve

from neurodecode.faults import ConfigFault, DataFault

Floats = npt.NDArray[np.float64]
STEPS = 50
"""Samples of the time axis in the width of a pulse."""


@dataclass(frozen=True)
class PulseScore:
    """Overlap of two trains of pulses, each from 0 to 1."""

    score: float
    precision: float
    recall: float


def pulse_score(generated: npt.ArrayLike, real: npt.ArrayLike, width: float) -> PulseScore:
    r"""Compare trains of triangular pulses, one per spike.

    .. math::

        S = \frac{2 \sum_t \min(g_t, r_t)}{\sum_t g_t + \sum_t r_t}, \quad
        P = \frac{\sum_t \min(g_t, r_t)}{\sum_t g_t}, \quad
        R = \frac{\sum_t \min(g_t, r_t)}{\sum_t r_t}

    with g and r the sums of the pulses of generated and real spikes, on steps of ``width / 50``.
    Spikes further apart than ``width`` have nothing in common; CosMIC's choice of the width from
    the noise of calcium imaging is not part of it.

    Parameters
    ----------
    generated, real : array-like, shape (n_spikes,)
        Times in s of one unit; they may be empty.
    width : float
        Support of a pulse, s.

    Returns
    -------
    PulseScore
        0 where one train is empty.

    Raises
    ------
    ConfigFault
        If the width is not above 0.
    DataFault
        If both trains are empty, or a time is not finite.
    """
    if not width > 0:
        raise ConfigFault(f"pulses of {width:g} s", fix="give a width above 0")
    trains = [np.asarray(train, dtype=float).ravel() for train in (generated, real)]
    both = np.concatenate(trains)
    if not both.size:
        raise DataFault("two empty spike trains", fix="leave such units out")
    if not np.isfinite(both).all():
        raise DataFault("a spike time is not finite")
    step = width / STEPS
    first, last = both.min(), both.max()
    n_steps = round((last - first) / step) + 1
    made, fired = (_pulses(np.round((train - first) / step), n_steps) for train in trains)
    shared = np.minimum(made, fired).sum()
    return PulseScore(
        _share(2 * shared, made.sum() + fired.sum()),
        _share(shared, made.sum()),
        _share(shared, fired.sum()),
    )


def _pulses(places: Floats, n_steps: int) -> Floats:
    """Return the sum of the pulses on an axis that leaves room for whole ones at both ends."""
    marks = np.bincount(places.astype(np.int64), minlength=n_steps).astype(float)
    triangle = 1 - np.abs(np.arange(-STEPS // 2, STEPS // 2 + 1)) / (STEPS / 2)
    if not marks.any():
        return np.zeros(n_steps + STEPS)
    pulses: Floats = np.maximum(fftconvolve(marks, triangle), 0.0)
    return pulses


def _share(part: float, whole: float) -> float:
    return float(min(1.0, part / whole)) if whole > 0 else 0.0
