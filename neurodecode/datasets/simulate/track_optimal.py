r"""The best that a decoder can do on the track, knowing cells and movement.

State :math:`z_k` (direction, place, pace) is constant over frame :math:`k` and a Markov chain on a
grid, in the simulation itself. With the counts :math:`n_i` of a frame and the time :math:`e_i`
for which cell :math:`i` was not refractory in it,

.. math::

    \log p(y_k \mid z, y_{<k}) = \sum_i n_i \log \lambda_i(z) - e_i \lambda_i(z) + \text{const},

so the posterior is that of a hidden Markov model, with the true dynamics and without any
approximation. Of all decoders that see the same spikes, its mean has the least squared error, its
median the least absolute error, and its mode is right most often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.spiking_settings import FRAME_S
from neurodecode.datasets.simulate.track_cells import exposures
from neurodecode.datasets.simulate.track_movement import CELL_CM
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.datasets.simulate.track_truth import TrackTruth
    from neurodecode.datasets.spiking.recording import SpikeSession

Array = NDArray[np.float64]
Estimate = Literal["mean", "median", "mode"]

CHUNK = 256
"""Frames that are held over all states at once."""


def optimal_counts(truth: TrackTruth, session: SpikeSession) -> tuple[NDArray[np.int64], Array]:
    """Return what fired and what was to be expected given the behaviour, frame by frame.

    ``bits_per_spike(counts, expected, ...)`` is the ceiling of models that know position and speed.

    Parameters
    ----------
    truth, session
        A session and its truth.

    Returns
    -------
    counts : ndarray of int64, shape (n_frames, n_units)
    expected : ndarray, shape (n_frames, n_units)
        True rate times the time without refractoriness.
    """
    n_frames, n_units = truth.rates.shape
    frames = np.floor(session.times / FRAME_S).astype(np.int64)
    flat = np.bincount(frames * n_units + session.units, minlength=n_frames * n_units)
    expected = truth.rates * exposures(truth, session.times, session.units)
    return flat.reshape(n_frames, n_units).astype(np.int64), expected


def optimal_position(
    truth: TrackTruth,
    session: SpikeSession,
    *,
    n_frames: int | None = None,
    estimate: Estimate = "mean",
) -> Array:
    """Return the position that the posterior gives in every frame, (n_frames,), cm.

    Parameters
    ----------
    truth, session
        A session and its truth.
    n_frames : int, optional
        How many frames of 50 ms a decoder sees, the decoded one as the last, from the stationary
        distribution; all the past by default. 1 is a decoder of single windows.
    estimate : {"mean", "median", "mode"}, default "mean"

    Raises
    ------
    ConfigFault
        If ``n_frames`` is below 1 or the estimate is unknown.
    """
    if estimate not in get_args(Estimate):
        raise ConfigFault(unknown("estimate", estimate, get_args(Estimate)))
    movement, found = truth.movement, []
    places = np.arange(movement.n_places) * CELL_CM
    for posterior in _posteriors(truth, session, n_frames):
        placed = posterior.reshape(-1, *movement.shape).sum(axis=-1)
        chance = placed[:, 0] + placed[:, 1, ::-1]
        if estimate == "mean":
            found.append(chance @ places)
        elif estimate == "mode":
            found.append(places[chance.argmax(axis=1)])
        else:
            found.append(places[(chance.cumsum(axis=1) >= 0.5).argmax(axis=1)])
    return np.concatenate(found)


def optimal_speed(
    truth: TrackTruth, session: SpikeSession, *, n_frames: int | None = None
) -> Array:
    """Return the posterior mean of the speed in every frame, (n_frames,), cm/s.

    Parameters and faults are those of :func:`optimal_position`.
    """
    speeds = np.broadcast_to(truth.movement.speeds, truth.movement.shape).ravel()
    return np.concatenate([each @ speeds for each in _posteriors(truth, session, n_frames)])


def state_rates(truth: TrackTruth) -> Array:
    """Return the rate of every cell in every state, (n_units, n_states), Hz."""
    relative = truth.movement.speeds / truth.speed_cms - 1
    speeded = np.exp(truth.loadings[:, None, None] * relative)
    rates = truth.fields[..., None] * speeded[:, None]
    return np.asarray(rates.reshape(len(rates), -1))


def _posteriors(truth: TrackTruth, session: SpikeSession, n_frames: int | None) -> Iterator[Array]:
    """Yield the posterior over the states, (n, n_states), of all frames, some at a time."""
    if n_frames is not None and n_frames < 1:
        raise ConfigFault(f"n_frames {n_frames}", fix="give 1 or more, or None")
    counts, _ = optimal_counts(truth, session)
    exposed, rates = exposures(truth, session.times, session.units), state_rates(truth)
    log_rates, state = np.log(rates), truth.movement.stationary
    for start in range(0, len(counts), CHUNK):
        # windows that end in this chunk begin before it
        first = start if n_frames is None else max(0, start - n_frames + 1)
        rows = slice(first, start + CHUNK)
        evidence = counts[rows] @ log_rates - exposed[rows] @ rates
        if n_frames is None:
            posterior = _forward(truth, evidence, state)
            state = truth.movement.after_a_frame(posterior[-1:])[0]
            yield posterior
        else:
            yield _recent(truth, evidence, n_frames, start - first)


def _forward(truth: TrackTruth, evidence: Array, state: Array) -> Array:
    """Filter frames one after another; ``state`` is what is known before the first."""
    posterior = np.empty_like(evidence)
    for place, seen in enumerate(evidence):
        if place:
            state = truth.movement.after_a_frame(posterior[place - 1 : place])[0]
        posterior[place] = _updated(state, seen)
    return posterior


def _recent(truth: TrackTruth, evidence: Array, n_frames: int, first: int) -> Array:
    """Filter the windows that end in each frame from ``first`` on; the earliest are shorter."""
    last = np.arange(first, len(evidence))
    states = np.repeat(truth.movement.stationary[None], len(last), axis=0)
    for back in range(min(n_frames, len(evidence)) - 1, -1, -1):
        rows = last - back
        seen = np.where((rows >= 0)[:, None], evidence[np.maximum(rows, 0)], 0.0)
        states = _updated(states, seen)
        if back:
            states = truth.movement.after_a_frame(states)
    return states


def _updated(state: Array, evidence: Array) -> Array:
    """Return the posterior of Bayes' rule over the last axis."""
    likely = state * np.exp(evidence - evidence.max(axis=-1, keepdims=True))
    posterior: Array = likely / likely.sum(axis=-1, keepdims=True)
    return posterior
