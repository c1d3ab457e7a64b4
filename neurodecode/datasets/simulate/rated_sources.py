"""The simulated viewers' rhythms: where they lie, their spectra, and what drives their power."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.background import rhythm_coefficients

Array = NDArray[np.floating[Any]]

RATINGS = ("valence", "arousal")
LEVELS = (1, 5)
"""Lowest and highest rating."""
BANDS = {"theta": (6.0, 2.0), "alpha": (10.0, 2.5), "beta": (20.0, 8.0), "gamma": (36.0, 8.0)}
"""Peak and width at half power of each band's rhythms, Hz."""
POSITIONS = {
    "frontal": (0.035, 0.050, 0.060),
    "temporal": (0.060, -0.005, 0.045),
    "posterior": (0.028, -0.060, 0.055),
}
"""Right-hand sources in head coordinates, m (x right, y front, z up); left ones mirror them."""


@dataclass(frozen=True)
class Source:
    """A rhythm: its band and region, amplitude, and what a unit of each felt value does to it.

    Attributes
    ----------
    band, region, side : str
        Keys of ``BANDS`` and ``POSITIONS``; "left" or "right".
    uv : float
        Amplitude at rest, root mean square over time and channels, uV.
    valence, arousal : float
        Change of the logarithm of its power per standard deviation of what is felt.
    """

    band: str
    region: str
    side: str
    uv: float
    valence: float
    arousal: float

    @property
    def name(self) -> str:
        """Band, side and region."""
        return f"{self.band} {self.side} {self.region}"

    @property
    def position(self) -> tuple[float, float, float]:
        """Head coordinates, m."""
        x, y, z = POSITIONS[self.region]
        return (x if self.side == "right" else -x, y, z)


def _pair(
    band: str, region: str, uv: float, left: tuple[float, float], right: tuple[float, float]
) -> tuple[Source, Source]:
    return (
        Source(band, region, "left", uv, *left),
        Source(band, region, "right", uv, *right),
    )


SOURCES = (
    *_pair("theta", "frontal", 4.0, (0.3, 0.0), (0.3, 0.0)),
    *_pair("theta", "posterior", 3.0, (0.0, 0.0), (0.0, 0.0)),
    *_pair("alpha", "frontal", 3.0, (-0.6, -0.2), (0.6, -0.2)),
    *_pair("alpha", "posterior", 6.0, (0.0, -0.6), (0.0, -0.6)),
    *_pair("beta", "frontal", 2.5, (0.4, 0.4), (-0.4, 0.4)),
    *_pair("beta", "temporal", 2.5, (0.0, 0.5), (0.0, 0.5)),
    *_pair("gamma", "temporal", 1.5, (0.5, 0.4), (0.5, 0.4)),
    *_pair("gamma", "posterior", 1.2, (0.0, 0.0), (0.0, 0.0)),
)
"""Pleasant clips lower left and raise right frontal alpha (the asymmetry of approach), and raise
temporal gamma; arousing ones lower posterior alpha and raise beta and gamma."""

LOADINGS: Array = np.array([[getattr(source, name) for name in RATINGS] for source in SOURCES])
"""Change of each source's log power per unit of valence and arousal, (n_sources, 2)."""
AMPLITUDES: Array = np.array([source.uv for source in SOURCES])
"""uV at rest, (n_sources,)."""


def band_coefficients(band: str, sfreq: float) -> Array:
    """Return the AR polynomial (3,) of a band's rhythms."""
    return rhythm_coefficients(*BANDS[band], sfreq)


def places_of(band: str) -> list[int]:
    """Return the places of a band's sources in ``SOURCES``."""
    return [place for place, source in enumerate(SOURCES) if source.band == band]
