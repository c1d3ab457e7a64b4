"""What a simulated circuit of integrate-and-fire cells is made of."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.datasets.simulate.spiking_settings import FRAME_S
from neurodecode.datasets.simulate.spiking_truth import PopulationTruth


@dataclass(frozen=True, eq=False, kw_only=True)
class CircuitTruth(PopulationTruth):
    """Truth of ``simulate_circuit``: baseline, drives and weights are mV, delays are steps.

    Attributes
    ----------
    step_seconds, membrane_seconds, synapse_seconds, refractory_seconds : float
    threshold_mv, reset_mv, noise_mv : float
        As the options of ``simulate_circuit``.
    """

    step_seconds: float
    membrane_seconds: float
    synapse_seconds: float
    refractory_seconds: float
    threshold_mv: float
    reset_mv: float
    noise_mv: float

    @property
    def steps_per_frame(self) -> int:
        """Steps that stimulus and behaviour stay constant."""
        return round(FRAME_S / self.step_seconds)
