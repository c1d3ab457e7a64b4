"""People of the simulators: a head with sources in it, and how fast and strongly they answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.sphere import dipole_gains, inside_brain, radial

Array = NDArray[np.floating[Any]]

N_BACKGROUND = 40
SENSOR_SHARE = 0.2  # of the noise variance, not shared between channels
POSITION_SPREAD, ORIENTATION_SPREAD = 0.008, 1.0  # m; relative to the common unit vector
LATENCY_SPREAD, GAIN_SPREAD = 0.010, 0.15  # s; of the logarithm
RESPONSE_SPREAD = 0.6  # of the logarithm: some people answer much more strongly than others
MAX_DROPPED = 3


@dataclass(frozen=True)
class Person:
    """What differs between participants: shift (s) and gain of each source's kernels."""

    shift: Array
    gain: Array

    @classmethod
    def typical(cls, n_sources: int) -> Person:
        """Return the one without any deviation."""
        return cls(np.zeros(n_sources), np.ones(n_sources))

    @classmethod
    def draw(cls, n_sources: int, rng: np.random.Generator) -> Person:
        """Draw shifts N(0, 10 ms) and log-normal gains: 60 % per person, 15 % per source."""
        strength = RESPONSE_SPREAD * rng.standard_normal()
        return cls(
            LATENCY_SPREAD * rng.standard_normal(n_sources),
            np.exp(strength + GAIN_SPREAD * rng.standard_normal(n_sources)),
        )


def draw_head(
    info: Any, positions: Array, rng: np.random.Generator, *, common: bool = False
) -> tuple[Array, Array]:
    """Draw a participant's head: gains of the sources, and the noise's covariance.

    Parameters
    ----------
    info : mne.Info
        Electrodes.
    positions : ndarray, shape (n_sources, 3)
        Where the sources lie on average: head coordinates, m.
    common : bool, default=False
        Leave the sources where they are on average, radial; only the background differs.

    Returns
    -------
    gains : ndarray, shape (n_channels, n_sources)
        Each source's mean square over the channels is 1.
    covariance : ndarray, shape (n_channels, n_channels)
        Of the background noise; its mean variance is 1.
    """
    spread = 0.0 if common else 1.0
    shape = positions.shape
    positions = inside_brain(positions + spread * rng.normal(scale=POSITION_SPREAD, size=shape))
    tilt = spread * ORIENTATION_SPREAD * rng.standard_normal(shape)
    gains = dipole_gains(info, positions, _unit(radial(positions) + tilt))
    background = inside_brain(
        rng.uniform([-0.07] * 2 + [0.0], [0.07, 0.07, 0.115], (N_BACKGROUND, 3))
    )
    field = dipole_gains(info, background, _unit(rng.standard_normal((N_BACKGROUND, 3))))
    covariance = field @ field.T
    covariance *= (1 - SENSOR_SHARE) / np.diag(covariance).mean()
    covariance += SENSOR_SHARE * np.eye(len(covariance))
    return gains / np.sqrt((gains**2).mean(axis=0)), covariance


def draw_kept(n_channels: int, rng: np.random.Generator) -> list[int]:
    """Draw which electrodes a participant's file has: all but 0 to 3, and at least one."""
    most = min(MAX_DROPPED, n_channels - 1)
    dropped = set(rng.permutation(n_channels)[: rng.integers(0, most + 1)].tolist())
    return [channel for channel in range(n_channels) if channel not in dropped]


def _unit(vectors: Array) -> Array:
    unit: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit
