"""The point process of the simulated populations: drawn bin by bin, or evaluated on given spikes.

See :mod:`neurodecode.datasets.simulate.spiking` for the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from neurodecode.datasets.simulate.spiking_circuit import N_DELAYS
from neurodecode.datasets.simulate.spiking_truth import MOST_HZ, TAU_S, SpikingTruth

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

EDGE = 1e-3
"""Spikes stay this share of a bin away from its edges, so that rounding cannot move them."""


def decay_of(truth: SpikingTruth) -> float:
    """Return what is left of a spike's trace after one bin."""
    return float(np.exp(-truth.bin_seconds / TAU_S))


def delayed_weights(truth: SpikingTruth) -> Array:
    """Return the connections by delay, (N_DELAYS, n_units from, n_units to), oldest first."""
    return np.stack([
        np.where(truth.delays == delay, truth.weights, 0.0).T for delay in range(N_DELAYS, 0, -1)
    ])  # fmt: skip


def simulate_counts(truth: SpikingTruth, rng: np.random.Generator) -> Counts:
    """Draw spike counts, (n_bins, n_units), given the circuit, the drive and the behaviour."""
    drive, weights = truth.outside_drive, delayed_weights(truth)
    n_units, decay = drive.shape[1], decay_of(truth)
    flat = weights.reshape(-1, n_units)
    most, width = np.log(MOST_HZ), truth.bin_seconds
    counts = np.zeros((truth.n_bins, n_units), dtype=np.int64)
    traces = np.zeros((truth.n_bins + N_DELAYS, n_units))
    for place in range(truth.n_bins):
        log_rate = drive[place // truth.bins_per_frame] + (
            traces[place : place + N_DELAYS].reshape(-1) @ flat
        )
        fired = rng.poisson(np.exp(np.minimum(log_rate, most)) * width)
        counts[place] = fired
        traces[place + N_DELAYS] = decay * traces[place + N_DELAYS - 1] + fired
    return counts


def traces_of(truth: SpikingTruth, counts: Counts) -> Array:
    """Return the traces r after every bin, (n_bins, n_units)."""
    traces: Array = lfilter([1.0], [1.0, -decay_of(truth)], counts.astype(float), axis=0)
    return traces


def coupled_drive(truth: SpikingTruth, counts: Counts) -> Array:
    """Return what the spikes before each bin add to the log rates in it, (n_bins, n_units)."""
    traces, weights = traces_of(truth, counts), delayed_weights(truth)
    added = np.zeros(traces.shape)
    for delay in range(1, N_DELAYS + 1):
        added[delay:] += traces[:-delay] @ weights[N_DELAYS - delay]
    return added


def true_rates(truth: SpikingTruth, counts: Counts) -> Array:
    """Return the intensity of every unit in every bin given all earlier spikes, Hz.

    Parameters
    ----------
    truth : SpikingTruth
    counts : ndarray of int, shape (n_bins, n_units)
        Of the whole session, from :func:`bin_session`.

    Returns
    -------
    ndarray, shape (n_bins, n_units)
    """
    drive = np.repeat(truth.outside_drive, truth.bins_per_frame, axis=0)
    rates: Array = np.exp(np.minimum(drive + coupled_drive(truth, counts), np.log(MOST_HZ)))
    return rates


def draw_windows(
    truth: SpikingTruth,
    counts: Counts,
    starts: NDArray[np.integer[Any]],
    n_bins: int,
    rng: np.random.Generator,
) -> Counts:
    """Draw anew what fires in windows, each given the real spikes before it.

    Parameters
    ----------
    truth : SpikingTruth
    counts : ndarray of int, shape (n_bins, n_units)
        Of the whole session.
    starts : ndarray of int, shape (n_windows,)
        First bin of each window.
    n_bins : int
        Length of the windows in bins.

    Returns
    -------
    ndarray of int64, shape (n_windows, n_bins, n_units)
    """
    drive, flat = truth.outside_drive, delayed_weights(truth).reshape(-1, counts.shape[1])
    padded = np.vstack([np.zeros((N_DELAYS, counts.shape[1])), traces_of(truth, counts)])
    recent = np.stack([padded[starts + place] for place in range(N_DELAYS)], axis=1)
    drawn = np.zeros((len(starts), n_bins, counts.shape[1]), dtype=np.int64)
    for place in range(n_bins):
        log_rate = drive[(starts + place) // truth.bins_per_frame]
        log_rate = log_rate + recent.reshape(len(starts), -1) @ flat
        mean = np.exp(np.minimum(log_rate, np.log(MOST_HZ))) * truth.bin_seconds
        drawn[:, place] = rng.poisson(mean)
        newest = decay_of(truth) * recent[:, -1] + drawn[:, place]
        recent = np.concatenate([recent[:, 1:], newest[:, None]], axis=1)
    return drawn


def spikes_of_counts(
    counts: Counts, bin_seconds: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give every counted spike a uniform time in its bin; return times and units, sorted."""
    places, units = np.nonzero(counts)
    repeated = counts[places, units]
    return spikes_in_bins(np.repeat(places, repeated), np.repeat(units, repeated), bin_seconds, rng)


def spikes_in_bins(
    places: NDArray[np.int64], units: NDArray[np.int64], seconds: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Give every spike a uniform time in its bin of ``seconds``; return times and units, sorted."""
    times = (places + rng.uniform(EDGE, 1 - EDGE, places.size)) * seconds
    order = np.argsort(times, kind="stable")
    return times[order], units[order].astype(np.int64)


def bin_session(
    truth: SpikingTruth, times: NDArray[np.float64], units: NDArray[np.int64]
) -> Counts:
    """Return the counts (n_bins, n_units) that a simulated session's spikes came from."""
    n_units = len(truth.baseline)
    places = np.floor(times / truth.bin_seconds).astype(np.int64)
    flat = np.bincount(places * n_units + units, minlength=truth.n_bins * n_units)
    return flat.reshape(truth.n_bins, n_units).astype(np.int64)
