"""What a simulated population of wired units is made of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.session_truth import SessionTruth
from neurodecode.datasets.simulate.spiking_circuit import Circuit
from neurodecode.datasets.simulate.spiking_settings import FRAME_S, PopulationSettings
from neurodecode.datasets.simulate.spiking_stimulus import Schedule, speed_of

Array = NDArray[np.float64]

TAU_S = 0.01
"""Time constant of a connection."""

MOST_HZ = 300.0
"""No unit has a higher rate at any moment."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PopulationTruth(SessionTruth):
    """Circuit, drive and behaviour of one simulated session.

    Attributes
    ----------
    behaviour_seconds : float
        Time constant of the behaviour.
    baseline, weights, delays, fields, loadings, hubs
        See :class:`neurodecode.datasets.simulate.spiking_circuit.Circuit`.
    drive : ndarray, shape (n_frames, n_units)
        What the stimulus adds to each baseline.
    latent : ndarray, shape (n_frames,)
        z of the behaviour.
    """

    behaviour_seconds: float
    baseline: Array
    weights: Array
    delays: NDArray[np.int64]
    fields: Array
    loadings: Array
    hubs: NDArray[np.int64]
    drive: Array
    latent: Array

    @classmethod
    def of(
        cls,
        subject: str,
        session: str,
        settings: PopulationSettings,
        circuit: Circuit,
        schedule: Schedule,
    ) -> Self:
        """Put together what was drawn for a session; numbers come from the settings."""
        frames = schedule.frames.reshape(len(schedule.frames), -1).astype(np.float64)
        drawn = {
            "subject": subject,
            "session": session,
            "drive": frames @ circuit.fields.reshape(len(circuit.fields), -1).T,
            "latent": schedule.latent,
            **{field.name: getattr(circuit, field.name) for field in fields(circuit)},
        }
        numbers = [field.name for field in fields(cls) if field.name not in drawn]
        return cls(**drawn, **{name: getattr(settings, name) for name in numbers})

    @property
    def speed(self) -> Array:
        """The behaviour at every frame, (n_frames,)."""
        return speed_of(self.latent)

    @property
    def outside_drive(self) -> Array:
        """Baseline, stimulus and behaviour together, (n_frames, n_units)."""
        driven: Array = self.baseline + self.drive + self.latent[:, None] * self.loadings
        return driven

    @property
    def connections(self) -> NDArray[np.bool_]:
        """Which unit (row) is driven by which other one (column), (n_units, n_units)."""
        found = self.delays > 0
        np.fill_diagonal(found, val=False)
        return found


@dataclass(frozen=True, eq=False, kw_only=True)
class SpikingTruth(PopulationTruth):
    """Truth of a population of ``simulate_spiking``: baseline and drives are log rates.

    Attributes
    ----------
    bin_seconds : float
        Width of a bin.
    """

    bin_seconds: float

    @property
    def bins_per_frame(self) -> int:
        """Bins that stimulus and behaviour stay constant."""
        return round(FRAME_S / self.bin_seconds)

    @property
    def n_bins(self) -> int:
        """Bins of the session."""
        return len(self.latent) * self.bins_per_frame
