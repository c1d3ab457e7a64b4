"""What the simulated animal sees and does: bars that sweep over a field, and how fast it runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import logsumexp

from neurodecode.datasets.simulate.spiking_settings import FRAME_S, PopulationSettings

Array = NDArray[np.float64]

HEIGHT, WIDTH = 16, 24
BAR_SIGMA = 1.5
"""Half width of the bar, pixels."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """One session's frames, behaviour and trials.

    Attributes
    ----------
    frames : ndarray of float32, shape (n_frames, HEIGHT, WIDTH)
        From 0 (grey) to 1.
    frame_times : ndarray, shape (n_frames,)
        When each appears, s.
    latent : ndarray, shape (n_frames,)
        z, of which the speed is a function.
    trials : DataFrame
        ``trial``, ``start``, ``stop`` (s), ``stimulus`` (direction, from 0).
    """

    frames: NDArray[np.float32]
    frame_times: Array
    latent: Array
    trials: pd.DataFrame
    frame_seconds: float = FRAME_S

    @property
    def seconds(self) -> float:
        """Length of the session."""
        return len(self.frame_times) * self.frame_seconds


def speed_of(latent: Array) -> Array:
    r"""Return :math:`\log(1 + e^{2z})`: near 0 at rest, linear while running."""
    speed: Array = np.logaddexp(0.0, 2.0 * latent)
    return speed


def log_transitions(grid: Array, seconds: float) -> Array:
    """Return log p(z' | z) of one frame, (from, to), with the time constant of z in seconds."""
    decay = np.exp(-FRAME_S / seconds)
    move: Array = -((grid[None, :] - decay * grid[:, None]) ** 2) / (2 * (1 - decay**2))
    return move - logsumexp(move, axis=1, keepdims=True)


def draw_schedule(settings: PopulationSettings, rng: np.random.Generator) -> Schedule:
    """Draw the order of the sweeps (each direction once per round) and the behaviour."""
    n_frames = int(settings.seconds / FRAME_S + 1e-9)
    times: Array = np.arange(n_frames, dtype=np.float64) * FRAME_S
    latent = _draw_latent(n_frames, settings.behaviour_seconds, rng)
    frames = np.zeros((n_frames, HEIGHT, WIDTH), dtype=np.float32)
    gap, length = (round(s / FRAME_S) for s in (settings.gap_seconds, settings.trial_seconds))
    n_rounds = n_frames // ((gap + length) * max(1, settings.n_stimuli))
    order = [k for _ in range(n_rounds) for k in rng.permutation(settings.n_stimuli)]
    sweeps = [_sweep(k, settings.n_stimuli, length) for k in range(settings.n_stimuli)]
    starts = gap + (gap + length) * np.arange(len(order))
    for start, direction in zip(starts, order, strict=True):
        frames[start : start + length] = sweeps[direction]
    trials = pd.DataFrame({
        "trial": np.arange(1, len(order) + 1),
        "start": starts * FRAME_S,
        "stop": (starts + length) * FRAME_S,
        "stimulus": np.array(order, dtype=np.int64),
    })  # fmt: skip
    return Schedule(frames, times, latent, trials)


def _draw_latent(n_frames: int, seconds: float, rng: np.random.Generator) -> Array:
    """Draw an Ornstein-Uhlenbeck process of unit variance, one value per frame."""
    decay = np.exp(-FRAME_S / seconds)
    steps = np.sqrt(1 - decay**2) * rng.standard_normal(n_frames)
    steps[0] /= np.sqrt(1 - decay**2)
    latent: Array = lfilter([1.0], [1.0, -decay], steps)
    return latent


def _sweep(direction: int, n_directions: int, length: int) -> Array:
    """Return the frames (length, HEIGHT, WIDTH) of a bar that crosses the field once."""
    angle = 2 * np.pi * direction / n_directions
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    along = np.cos(angle) * (x - (WIDTH - 1) / 2) + np.sin(angle) * (y - (HEIGHT - 1) / 2)
    reach = np.abs(along).max() + 2 * BAR_SIGMA
    place = np.linspace(-reach, reach, length)
    bar: Array = np.exp(-((along - place[:, None, None]) ** 2) / (2 * BAR_SIGMA**2))
    return bar
