"""Where and when the simulated brain answers speech: dipoles and lagged response kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import oaconvolve

from neurodecode.datasets.simulate.heads import Person
from neurodecode.datasets.simulate.listening_latents import ACOUSTIC, N_LEXICAL

Array = NDArray[np.floating[Any]]

KERNEL_S = 0.6


class Source(NamedTuple):
    """A place in the brain: head coordinates in m, latencies in s, strength of each part."""

    name: str
    position: tuple[float, float, float]
    acoustic_latency: float
    lexical_latency: float
    acoustic: float
    lexical: float


SOURCES = (
    Source("heschl_left", (-0.042, 0.002, 0.055), 0.07, 0.22, 1.0, 0.0),
    Source("heschl_right", (0.042, 0.002, 0.055), 0.06, 0.22, 1.0, 0.0),
    Source("superior_temporal_left", (-0.058, -0.012, 0.052), 0.11, 0.24, 0.7, 0.6),
    Source("superior_temporal_right", (0.058, -0.012, 0.052), 0.12, 0.26, 0.7, 0.4),
    Source("middle_temporal_left", (-0.060, -0.025, 0.038), 0.17, 0.30, 0.3, 1.0),
    Source("middle_temporal_right", (0.060, -0.025, 0.038), 0.18, 0.32, 0.3, 0.7),
    Source("inferior_frontal_left", (-0.048, 0.035, 0.062), 0.22, 0.36, 0.2, 0.9),
    Source("inferior_frontal_right", (0.048, 0.035, 0.062), 0.23, 0.38, 0.2, 0.5),
)


POSITIONS = np.array([source.position for source in SOURCES])
"""Of all sources, shape (n_sources, 3)."""


@dataclass(frozen=True)
class Weights:
    """How strongly every source follows every latent; common to all participants."""

    acoustic: Array
    lexical: Array

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Weights:
        """Draw weights (n_sources, n_latents), N(0, 1) times the strength of the source's part.

        The acoustic ones have a positive mean: all envelopes excite.
        """
        acoustic = 1 + 0.5 * rng.standard_normal((len(SOURCES), len(ACOUSTIC)))
        lexical = rng.standard_normal((len(SOURCES), N_LEXICAL))
        return cls(
            acoustic * np.array([[source.acoustic] for source in SOURCES]),
            lexical * np.array([[source.lexical] for source in SOURCES]),
        )


def acoustic_kernels(weights: Weights, person: Person, sfreq: float) -> Array:
    """Return kernels (n_sources, n_latents, n_lags) of the acoustic part.

    A positive bump (25 ms wide) at the source's latency and an equal negative one 90 ms later, so
    that a constant sound leaves no response.
    """
    latency = np.array([source.acoustic_latency for source in SOURCES]) + person.shift
    shape = _bumps(latency, 0.025, sfreq) - _bumps(latency + 0.09, 0.025, sfreq)
    kernels: Array = weights.acoustic[..., None] * (person.gain[:, None] * shape)[:, None]
    return kernels


def lexical_kernels(weights: Weights, person: Person, sfreq: float) -> Array:
    """Return kernels (n_sources, n_latents, n_lags): one bump, 60 ms wide, 220 to 380 ms late."""
    latency = np.array([source.lexical_latency for source in SOURCES]) + person.shift
    shape = person.gain[:, None] * _bumps(latency, 0.06, sfreq)
    kernels: Array = weights.lexical[..., None] * shape[:, None]
    return kernels


def _bumps(centres: Array, width: float, sfreq: float) -> Array:
    """Gaussian bumps (n_centres, n_lags) of standard deviation ``width``, s."""
    lags = np.arange(round(KERNEL_S * sfreq) + 1) / sfreq
    bumps: Array = np.exp(-0.5 * ((lags - centres[:, None]) / width) ** 2)
    return bumps


def convolve(latents: Array, kernels: Array) -> Array:
    """Drive the sources: sum over latents of the causal convolution with their kernels.

    Parameters
    ----------
    latents : ndarray, shape (n_latents, n_samples)
    kernels : ndarray, shape (n_sources, n_latents, n_lags)

    Returns
    -------
    ndarray, shape (n_sources, n_samples + n_lags - 1)
    """
    driven = [oaconvolve(latents, kernel, axes=-1).sum(axis=0) for kernel in kernels]
    return np.stack(driven)
