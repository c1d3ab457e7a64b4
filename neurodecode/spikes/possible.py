"""The best that any model could do on a simulated session whose process is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate import spiking_optimal, track_optimal
from neurodecode.datasets.simulate.spiking_settings import FRAME_S
from neurodecode.datasets.simulate.spiking_truth import SpikingTruth
from neurodecode.datasets.simulate.track_truth import TrackTruth
from neurodecode.datasets.spiking.recording import SpikeSession
from neurodecode.evaluation.spike_likelihood import log_likelihood

if TYPE_CHECKING:
    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.recorded import Recorded

Array = NDArray[np.float64]

KNOWN = "simulated-spiking"
"""Data set whose process is known in closed form."""
N_DRAWS = 4


def best_writing(
    config: SpikesConfig, recorded: Recorded, rows: NDArray[np.intp],
    base: NDArray[np.float64], folder: Path, *, seed: int,
) -> tuple[NDArray[np.int64] | None, NDArray[np.float64]]:  # fmt: skip
    """Return windows drawn from the true process, and the gain of the true intensities.

    Parameters
    ----------
    rows : ndarray of int
        Windows.
    base : ndarray, shape (n_units,)
        Constant rates that the gain is over, spikes per window.
    folder : Path
        Of the simulated data set.

    Returns
    -------
    counts : ndarray of int64, shape (n_windows, n_draws, n_units), or None
        Each given the real spikes before the window; None where the process is not known.
    gain : ndarray, shape (n_windows,)
        Nats; NaN where it is not known. Bin by bin, given also the earlier spikes of the window: no
        model gains more.
    """
    if config.data.dataset != KNOWN:
        return None, np.full(len(rows), np.nan)
    session = recorded.session
    truth = SpikingTruth.read(folder, session.subject, session.session)
    starts = recorded.windows["start"].to_numpy()[rows]
    rng = np.random.default_rng(seed)
    seconds = config.windows.current
    drawn = [spiking_optimal.optimal_windows(truth, session, starts, seconds, rng).sum(axis=1)
             for _ in range(N_DRAWS)]  # fmt: skip
    counts, expected = spiking_optimal.optimal_counts(truth, session)
    n_bins = round(seconds / truth.bin_seconds)
    first = np.round((starts - session.limits[0]) / truth.bin_seconds).astype(int)
    bins = first[:, None] + np.arange(n_bins)
    constant = np.maximum(base / n_bins, 1e-9)
    gained = log_likelihood(counts, expected) - log_likelihood(
        counts, np.broadcast_to(constant, counts.shape)
    )
    return np.stack(drawn, axis=1), np.asarray(gained.sum(axis=1)[bins].sum(axis=1))


def best_decoding(
    config: SpikesConfig, recorded: Recorded, target: str, rows: NDArray[np.intp], folder: Path
) -> NDArray[np.float64] | None:
    """Return the posterior mean of a behaviour in windows; None where it is not known.

    Given the spikes of past and current window alone, in whole frames of 50 ms, and all of the
    circuit, or of cells and movement.
    """
    optimal = OPTIMAL.get((config.data.dataset, target))
    if optimal is None:
        return None
    session = recorded.session
    seconds = config.windows.past + config.windows.current
    n_frames = int(np.ceil(seconds / FRAME_S - 1e-9))
    found = optimal(folder, session, n_frames)
    last = recorded.windows["stop"].to_numpy()[rows] - session.limits[0] - 1e-6
    return np.asarray(found[(last / FRAME_S).astype(int)])


def _circuit_speed(folder: Path, session: SpikeSession, n_frames: int) -> Array:
    truth = SpikingTruth.read(folder, session.subject, session.session)
    return spiking_optimal.optimal_speed(truth, session, n_frames=n_frames)


def _track_position(folder: Path, session: SpikeSession, n_frames: int) -> Array:
    truth = TrackTruth.read(folder, session.subject, session.session)
    return track_optimal.optimal_position(truth, session, n_frames=n_frames)


def _track_speed(folder: Path, session: SpikeSession, n_frames: int) -> Array:
    truth = TrackTruth.read(folder, session.subject, session.session)
    return track_optimal.optimal_speed(truth, session, n_frames=n_frames)


OPTIMAL: dict[tuple[str, str], Callable[[Path, SpikeSession, int], Array]] = {
    ("simulated-spiking", "speed"): _circuit_speed,
    ("simulated-track", "position"): _track_position,
    ("simulated-track", "speed"): _track_speed,
}
"""Posterior means by data set and behaviour, from root, session and frames that are seen."""
