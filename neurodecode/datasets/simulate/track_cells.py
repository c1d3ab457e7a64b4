r"""Cells of the animal on the track, and their spikes.

Place cell :math:`i` fires at :math:`f_i(d, x) = f_0 + a_i e^{-(x - c_i)^2 / 2 w^2}`, in a share of
cells in one direction alone, and at :math:`f_0` in the other. Speed cells have a constant
:math:`f_i`. Speed :math:`s` acts as :math:`\lambda_i = f_i\, e^{g_i (s / s_0 - 1)}`, with
:math:`g_i = 0` for place cells. For a time after each spike a cell is refractory,
:math:`\lambda_i = 0`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.spiking_dynamics import spikes_in_bins
from neurodecode.datasets.simulate.spiking_settings import FRAME_S

if TYPE_CHECKING:
    from neurodecode.datasets.simulate.track_movement import Movement
    from neurodecode.datasets.simulate.track_settings import TrackSettings
    from neurodecode.datasets.simulate.track_truth import TrackTruth

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATE_SPREAD = 0.3
"""Standard deviation of the log rates."""


class Cells(NamedTuple):
    """What the cells are tuned to, as in ``TrackTruth``.

    Attributes
    ----------
    fields : ndarray, shape (n_units, 2, n_places)
    centres, loadings : ndarray, shape (n_units,)
    """

    fields: Array
    centres: Array
    loadings: Array


def draw_cells(settings: TrackSettings, movement: Movement, rng: np.random.Generator) -> Cells:
    """Draw place and speed cells."""
    n_units = settings.n_units
    moves = rng.random(n_units) < settings.speed_share
    centres = rng.uniform(0, settings.track_cm, n_units)
    spread = np.exp(RATE_SPREAD * rng.standard_normal(n_units))
    one_way = rng.random(n_units) < settings.directional_share
    preferred, signs = rng.integers(0, 2, n_units), rng.choice([-1.0, 1.0], n_units)
    away = movement.positions - centres[:, None, None]
    bumps = settings.peak_hz * np.exp(-(away**2) / (2 * settings.field_cm**2))
    bumps[one_way, 1 - preferred[one_way]] = 0
    fields = settings.floor_hz + bumps * spread[:, None, None]
    fields[moves] = (settings.speed_rate_hz * spread[moves])[:, None, None]
    return Cells(
        fields=fields,
        centres=np.where(moves, np.nan, centres),
        loadings=np.where(moves, settings.speed_gain * signs, 0.0),
    )


def simulate_spikes(truth: TrackTruth, rng: np.random.Generator) -> tuple[Array, Whole]:
    """Draw the spikes of a session given cells and path; return times and units, sorted.

    A Poisson process without the events that follow a kept one too soon has the rate of the
    process where the cell is not refractory, and none where it is.
    """
    counts = rng.poisson(truth.rates * FRAME_S)
    frames, units = np.nonzero(counts)
    repeated = counts[frames, units]
    times, cells = spikes_in_bins(
        np.repeat(frames, repeated), np.repeat(units, repeated), FRAME_S, rng
    )
    kept = np.concatenate([
        (own := np.flatnonzero(cells == unit))[_far_apart(times[own], truth.refractory_seconds)]
        for unit in range(len(truth.fields))
    ])  # fmt: skip
    kept.sort()
    return times[kept], cells[kept]


def exposures(truth: TrackTruth, times: Array, units: Whole) -> Array:
    """Return for how long in each frame each cell was not refractory, (n_frames, n_units), s."""
    frames = np.floor(times / FRAME_S).astype(np.int64)
    inside = np.minimum(truth.refractory_seconds, (frames + 1) * FRAME_S - times)
    shape = (len(truth.place) + 1, len(truth.fields))  # one frame more for what runs over the end
    lost = np.zeros(shape)
    np.add.at(lost, (frames, units), inside)
    np.add.at(lost, (frames + 1, units), truth.refractory_seconds - inside)
    exposed: Array = FRAME_S - lost[:-1]
    return exposed


def _far_apart(times: Array, refractory: float) -> Whole:
    """Return which events are left if none may follow a kept one within the refractoriness."""
    kept = np.arange(times.size)
    while True:
        close = np.diff(times[kept], prepend=-np.inf) <= refractory
        if not close.any():
            return kept
        # the first of a run of close events follows a kept one; the others must be seen again
        kept = kept[~(close & ~np.r_[False, close[:-1]])]
