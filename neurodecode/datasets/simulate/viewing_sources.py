r"""Where and when the simulated brain answers a picture: dipoles, and parts of the response.

Source :math:`j` does, at time :math:`t` after the onset of a picture with features :math:`f`,

.. math:: s_j(t) = g_j \sum_k \Big(w_{jk0} + \sum_i w_{jki} f_i\Big) h_k(t - \tau_j - \delta_j)

in parts :math:`k` with time courses :math:`h_k`. The constant, :math:`w_{jk0}`, is what every
picture evokes. Latencies :math:`\tau_j` rise along the ventral stream; shift :math:`\delta_j` and
gain :math:`g_j` are the participant's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.heads import Person
from neurodecode.datasets.simulate.viewing_features import LEVELS, Features

Array = NDArray[np.floating[Any]]

SILENCE_S = 0.05
"""After the onset of a picture nothing happens for this long, nor after its offset."""
AFTERMATH_S = 0.4
"""After the offset of a picture, or 0.4 s after its onset if that is later, all is over by then."""


class Source(NamedTuple):
    """A place in the brain: head coordinates in m, latencies in s, strength of each part."""

    name: str
    position: tuple[float, float, float]
    early_latency: float
    late_latency: float
    early: float
    late: float
    offset: float


SOURCES = (
    Source("striate_left", (-0.010, -0.066, 0.045), 0.105, 0.22, 1.0, 0.1, 0.6),
    Source("striate_right", (0.010, -0.066, 0.045), 0.105, 0.22, 1.0, 0.1, 0.6),
    Source("extrastriate_left", (-0.028, -0.060, 0.055), 0.125, 0.24, 0.7, 0.3, 0.7),
    Source("extrastriate_right", (0.028, -0.060, 0.055), 0.125, 0.24, 0.7, 0.3, 0.7),
    Source("lateral_occipital_left", (-0.048, -0.042, 0.040), 0.145, 0.26, 0.3, 0.8, 1.0),
    Source("lateral_occipital_right", (0.048, -0.042, 0.040), 0.145, 0.26, 0.3, 0.8, 1.0),
    Source("fusiform_left", (-0.038, -0.040, 0.020), 0.150, 0.29, 0.1, 1.0, 0.8),
    Source("fusiform_right", (0.038, -0.040, 0.020), 0.150, 0.28, 0.1, 1.0, 0.8),
    Source("inferior_temporal_left", (-0.055, -0.010, 0.025), 0.150, 0.33, 0.0, 0.8, 0.5),
    Source("inferior_temporal_right", (0.055, -0.010, 0.025), 0.150, 0.33, 0.0, 0.8, 0.5),
    Source("parietal_left", (-0.028, -0.045, 0.090), 0.150, 0.34, 0.0, 0.4, 0.3),
    Source("parietal_right", (0.028, -0.045, 0.090), 0.150, 0.34, 0.0, 0.4, 0.3),
)
POSITIONS = np.array([source.position for source in SOURCES])
"""Of all sources, shape (n_sources, 3)."""


class Part(NamedTuple):
    """A part of the response: the level of features it follows, and its share of the level."""

    name: str
    level: str
    strength: str
    share: float


PARTS = (
    Part("early", "low", "early", 0.85),
    Part("late", "high", "late", 0.40),
    Part("sustained", "high", "late", 0.35),
    Part("offset", "high", "offset", 0.25),
    Part("offset, low level", "low", "offset", 0.15),
)


def response_seconds(duration: float) -> float:
    """Return how long, s, after its onset a picture shown for ``duration`` s is answered."""
    return max(duration, AFTERMATH_S) + AFTERMATH_S


def time_courses(person: Person, duration: float, sfreq: float) -> Array:
    """Return the time course of every part in every source.

    Raised-cosine flanks; peaks, in s: *early* at the source's early latency, gone 110 ms later;
    *late* at its late latency, gone 200 ms later; *sustained* from there until 50 ms after the
    picture's offset; *offset*, of either level, 150 ms after it, gone another 150 ms later.

    Parameters
    ----------
    person : Person
        Shifts and gains of the sources.
    duration : float
        Of the picture, s.
    sfreq : float
        Hz.

    Returns
    -------
    ndarray, shape (n_parts, n_sources, n_lags)
        Gains included; ``n_lags`` covers :func:`response_seconds`.
    """
    lags = np.arange(round(response_seconds(duration) * sfreq)) / sfreq
    early = np.array([source.early_latency for source in SOURCES]) + person.shift
    late = np.array([source.late_latency for source in SOURCES]) + person.shift
    hold = np.maximum(duration, late + 0.1) + 0.05
    off = duration + 0.15 + person.shift
    offset = _course(lags, duration + SILENCE_S, off, off, off + 0.15)
    courses = {
        "early": _course(lags, SILENCE_S, early, early, early + 0.11),
        "late": _course(lags, np.maximum(SILENCE_S, late - 0.14), late, late, late + 0.2),
        "sustained": _course(lags, late, late + 0.1, hold, hold + 0.15),
        "offset": offset,
        "offset, low level": offset,
    }
    stacked: Array = np.stack([courses[part.name] for part in PARTS])
    return stacked * person.gain[:, None]


def _course(lags: Array, begin: Array | float, peak: Array, hold: Array, end: Array) -> Array:
    """Rise from ``begin`` to ``peak``, stay until ``hold``, and fall until ``end``."""
    begin, peak, hold, end = (np.atleast_1d(x)[:, None] for x in (begin, peak, hold, end))
    rise = np.clip((lags - begin) / np.maximum(peak - begin, 1e-3), 0, 1)
    fall = np.clip((lags - hold) / (end - hold), 0, 1)
    course: Array = (1 - np.cos(np.pi * rise)) / 2 * (1 + np.cos(np.pi * fall)) / 2
    return course


@dataclass(frozen=True)
class Weights:
    """How strongly every source follows every feature in every part; common to all participants.

    Attributes
    ----------
    by_part : ndarray, shape (n_parts, n_sources, n_features)
        Features as :meth:`Features.rows` has them, the constant first.
    """

    by_part: Array

    @classmethod
    def draw(cls, features: Features, rng: np.random.Generator) -> Weights:
        """Draw weights N(0, 1) times the source's strength, on the part's level of features only.

        The constant of a part is as strong as what differs between pictures, in the square mean.
        """
        sizes = {level: features.level(level).shape[1] for level in LEVELS}
        by_part = np.zeros((len(PARTS), len(SOURCES), 1 + sum(sizes.values())))
        for weights, part in zip(by_part, PARTS, strict=True):
            first = 1 if part.level == "low" else 1 + sizes["low"]
            size = sizes[part.level]
            strength = np.array([[getattr(source, part.strength)] for source in SOURCES])
            drawn = rng.standard_normal((len(SOURCES), size)) / np.sqrt(size)
            weights[:, first : first + size] = strength * drawn
            weights[:, :1] = strength * rng.standard_normal((len(SOURCES), 1))
        return cls(by_part)

    def scaled(
        self, features: Features, powers: dict[str, float], duration: float, sfreq: float
    ) -> Weights:
        """Scale every part so that in the typical person it has its share of the power of a level.

        The power of a part is its variance over pictures, summed over the sources and averaged
        over the time of the response, uV^2.

        Parameters
        ----------
        powers : dict of str to float
            By level, uV^2.
        """
        courses = time_courses(Person.typical(len(SOURCES)), duration, sfreq)
        rows = features.rows(features.images)
        scaled = np.empty_like(self.by_part)
        for place, part in enumerate(PARTS):
            spread = (rows @ self.by_part[place].T).var(axis=0)
            power = (spread[:, None] * courses[place] ** 2).sum(axis=0).mean()
            scaled[place] = self.by_part[place] * np.sqrt(part.share * powers[part.level] / power)
        return Weights(scaled)

    def kernels(self, person: Person, duration: float, sfreq: float) -> Array:
        """Return what one unit of each feature evokes: (n_sources, n_features, n_lags), uV."""
        courses = time_courses(person, duration, sfreq)
        kernels: Array = np.einsum("psf,pst->sft", self.by_part, courses, optimize=True)
        return kernels
