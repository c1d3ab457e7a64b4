r"""The best that a model can do on the simulated populations, knowing the circuit.

*Spikes.* :func:`optimal_counts` evaluates the true conditional intensity on the real spikes; no
model of them can expect more bits per spike. :func:`optimal_windows` draws windows anew from the
process itself, given the real past: how much of what fires a perfect generator can get right.

*Behaviour.* :func:`optimal_speed` is the posterior mean of the speed given spikes, stimulus and
circuit: of all decoders the one with the least squared error. With the latent :math:`z_k` constant
over frame :math:`k`,

.. math::

    \log p(y_k \mid z_k) = \sum_{i, t \in k} y_i(t)\, \log \lambda_i(t, z_k)
    - \delta\, \lambda_i(t, z_k), \qquad
    z_{k + 1} \mid z_k \sim N(\rho z_k,\; 1 - \rho^2),

is a hidden Markov model on a grid of z, whose filter and smoother are exact up to the grid and to
the highest rate, which the posterior does not know (it is reached in two of 100,000 bins).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from neurodecode.datasets.simulate.spiking_dynamics import (
    bin_session,
    coupled_drive,
    draw_windows,
    true_rates,
)
from neurodecode.datasets.simulate.spiking_settings import FRAME_S
from neurodecode.datasets.simulate.spiking_stimulus import log_transitions, speed_of
from neurodecode.datasets.simulate.spiking_truth import SpikingTruth
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from neurodecode.datasets.spiking.recording import SpikeSession

Array = NDArray[np.float64]

REACH = 4.5
"""The grid of z ends there; the process leaves it once in 150,000 frames."""

TINY = 1e-300

COARSE = 0.1
"""Largest step of the grid; a slow process has a finer one, half of what it moves in a frame."""


def optimal_counts(truth: SpikingTruth, session: SpikeSession) -> tuple[NDArray[np.int64], Array]:
    """Return what fired and what was to be expected, bin by bin.

    ``bits_per_spike(counts, expected, ...)`` of them, or of some of their bins, is the ceiling.

    Parameters
    ----------
    truth : SpikingTruth
    session : SpikeSession
        Of this truth.

    Returns
    -------
    counts : ndarray of int64, shape (n_bins, n_units)
        Spikes in bins of ``truth.bin_seconds``.
    expected : ndarray, shape (n_bins, n_units)
        True intensity times the width of a bin, given all earlier spikes.
    """
    counts = bin_session(truth, session.times, session.units)
    return counts, true_rates(truth, counts) * truth.bin_seconds


def optimal_windows(
    truth: SpikingTruth,
    session: SpikeSession,
    starts: Array,
    seconds: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw windows anew from the true process, each given the real spikes before it.

    Parameters
    ----------
    truth, session
        A session and its truth.
    starts : ndarray, shape (n_windows,)
        Beginnings of the windows, s; taken to the nearest bin.
    seconds : float
        Length of a window.
    rng : Generator

    Returns
    -------
    ndarray of int64, shape (n_windows, n_bins, n_units)

    Raises
    ------
    ConfigFault
        If a window leaves the session.
    """
    counts = bin_session(truth, session.times, session.units)
    first = np.round(np.asarray(starts) / truth.bin_seconds).astype(np.int64)
    n_bins = round(seconds / truth.bin_seconds)
    if n_bins < 1 or first.min() < 0 or first.max() + n_bins > truth.n_bins:
        raise ConfigFault(
            f"windows of {seconds:g} s from {np.min(starts):.3f} to {np.max(starts):.3f} s",
            fix=f"the session lasts {truth.n_bins * truth.bin_seconds:g} s",
        )
    return draw_windows(truth, counts, first, n_bins, rng)


def optimal_speed(
    truth: SpikingTruth,
    session: SpikeSession,
    *,
    n_frames: int | None = None,
    smooth: bool = False,
) -> Array:
    """Return the posterior mean of the speed in every frame, (n_frames,).

    Parameters
    ----------
    truth, session
        A session and its truth.
    n_frames : int, optional
        How many frames of 50 ms a decoder sees, the decoded one as the last; all the past by
        default. 1 is a decoder of single windows.
    smooth : bool, default False
        See the future as well; not together with ``n_frames``.

    Raises
    ------
    ConfigFault
        If ``n_frames`` is below 1, or given together with ``smooth``.
    """
    if n_frames is not None and (n_frames < 1 or smooth):
        what = f"n_frames {n_frames}" + (" together with smooth" if smooth else "")
        raise ConfigFault(what, fix="give 1 or more, without smooth, or None")
    grid = latent_grid(truth)
    evidence = frame_log_likelihood(truth, session, grid)
    move = log_transitions(grid, truth.behaviour_seconds)
    start = np.exp(-(grid**2) / 2)
    start /= start.sum()
    if n_frames is None:
        posterior = _forward(evidence, move, start)
        if smooth:
            posterior = posterior + _backward(evidence, move)
    else:
        posterior = _recent(evidence, move, start, n_frames)
    posterior = np.exp(posterior - logsumexp(posterior, axis=1, keepdims=True))
    speeds: Array = posterior @ speed_of(grid)
    return speeds


def latent_grid(truth: SpikingTruth) -> Array:
    """Return the values of z that the posterior is computed on."""
    moved = np.sqrt(1 - np.exp(-2 * FRAME_S / truth.behaviour_seconds))
    half = int(np.ceil(REACH / min(COARSE, moved / 2)))
    grid: Array = np.linspace(-REACH, REACH, 2 * half + 1)
    return grid


def frame_log_likelihood(truth: SpikingTruth, session: SpikeSession, grid: Array) -> Array:
    """Return log p(spikes of a frame | z, earlier spikes), (n_frames, n_grid), up to constants."""
    counts = bin_session(truth, session.times, session.units)
    known = truth.outside_drive - truth.latent[:, None] * truth.loadings
    given = np.repeat(known, truth.bins_per_frame, axis=0) + coupled_drive(truth, counts)
    shape = (len(known), truth.bins_per_frame, -1)
    fired = counts.reshape(shape).sum(axis=1)
    summed = np.exp(given).reshape(shape).sum(axis=1) * truth.bin_seconds
    effect = np.outer(truth.loadings, grid)
    evidence: Array = fired @ effect - summed @ np.exp(effect)
    return evidence


def _forward(evidence: Array, move: Array, start: Array) -> Array:
    """Return log p(z | evidence up to now) of every frame, up to constants."""
    kernel, state = np.exp(move), start
    filtered = np.empty_like(evidence)
    for place, seen in enumerate(evidence):
        predicted = state @ kernel if place else state
        filtered[place] = np.log(predicted + TINY) + seen
        state = np.exp(filtered[place] - filtered[place].max())
        state /= state.sum()
    return filtered


def _backward(evidence: Array, move: Array) -> Array:
    """Return log p(later evidence | z) of every frame, up to constants."""
    kernel = np.exp(move)
    later = np.zeros_like(evidence)
    for place in range(len(evidence) - 2, -1, -1):
        ahead = later[place + 1] + evidence[place + 1]
        later[place] = np.log(kernel @ np.exp(ahead - ahead.max()) + TINY)
    return later


def _recent(evidence: Array, move: Array, start: Array, n_frames: int) -> Array:
    """Filter the last ``n_frames`` of every frame alone, from the prior; the first have fewer."""
    kernel = np.exp(move)
    state = np.repeat(np.log(start)[None], len(evidence), axis=0)
    for back in range(n_frames - 1, -1, -1):
        rows = np.arange(len(evidence)) - back
        state = state + np.where((rows >= 0)[:, None], evidence[np.maximum(rows, 0)], 0.0)
        if back:
            weights = np.exp(state - state.max(axis=1, keepdims=True))
            state = np.log(weights / weights.sum(axis=1, keepdims=True) @ kernel + TINY)
    return state
