"""Options of ``simulate_circuit`` that shape a session, and their ranges."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.datasets.simulate.spiking_circuit import HUB_RATE
from neurodecode.datasets.simulate.spiking_settings import (
    FRAME_S,
    PopulationSettings,
    check_memory,
    check_population,
    check_positive,
    check_width,
)
from neurodecode.faults import ConfigFault

MOST_RATE_HZ = 100.0
"""No cell is given a higher rate without drive; the diffusion formula holds well below it."""


@dataclass(frozen=True, kw_only=True)
class CircuitSettings(PopulationSettings):
    """Options of ``simulate_circuit``, explained there, with the same defaults."""

    n_units: int = 300
    seconds: float = 600.0
    n_hubs: int = 30
    hub_reach: float = 0.1
    chain_share: float = 0.002
    coupling: float = 1.5
    rate_hz: float = 2.0
    stimulus_gain: float = 1.5
    behaviour_gain: float = 1.5
    step_seconds: float = 0.0005
    membrane_seconds: float = 0.02
    synapse_seconds: float = 0.005
    refractory_seconds: float = 0.002
    threshold_mv: float = 15.0
    reset_mv: float = 5.0
    noise_mv: float = 4.0
    delay_seconds: tuple[float, float] = (0.001, 0.004)

    @property
    def delay_steps(self) -> tuple[int, int]:
        """Shortest and longest delay in steps."""
        shortest, longest = (round(delay / self.step_seconds) for delay in self.delay_seconds)
        return shortest, longest


def check_circuit(settings: CircuitSettings) -> None:
    """Raise ConfigFault for the first option out of its range, with the range."""
    check_population(settings)
    check_positive(settings, ("membrane_seconds", "synapse_seconds", "noise_mv"))
    check_width("step_seconds", settings.step_seconds)
    _check_cells(settings)
    n_frames = round(settings.seconds / FRAME_S)
    check_memory(
        f"3 arrays of {settings.n_units} cells x {n_frames} frames x 8 bytes",
        24 * settings.n_units * n_frames,
        fix="give shorter sessions or fewer cells; several sessions are fine",
    )


def _check_cells(settings: CircuitSettings) -> None:
    step = settings.step_seconds
    if settings.reset_mv >= settings.threshold_mv:
        what = f"reset_mv {settings.reset_mv:g} is not below threshold_mv"
        raise ConfigFault(what, fix=f"give less than {settings.threshold_mv:g}")
    if settings.synapse_seconds >= settings.membrane_seconds:
        what = f"synapse_seconds {settings.synapse_seconds:g} is not below membrane_seconds"
        raise ConfigFault(what, fix=f"give less than {settings.membrane_seconds:g}")
    if settings.refractory_seconds < 0 or _uneven(settings.refractory_seconds, step):
        what = f"refractory_seconds {settings.refractory_seconds:g} is not a number of steps"
        raise ConfigFault(what, fix=f"give a multiple of step_seconds, {step:g}")
    delays = settings.delay_seconds
    if len(delays) != 2 or not step - 1e-9 <= delays[0] <= delays[1] or any(
        _uneven(delay, step) for delay in delays
    ):  # fmt: skip
        raise ConfigFault(
            f"delay_seconds {delays}",
            fix=f"give the shortest and the longest, multiples of step_seconds, {step:g} or more",
        )
    if settings.rate_hz * HUB_RATE > MOST_RATE_HZ:
        what = f"rate_hz {settings.rate_hz:g}, and {HUB_RATE:g} times that for hubs"
        raise ConfigFault(what, fix=f"give {MOST_RATE_HZ / HUB_RATE:.0f} or less")


def _uneven(seconds: float, step: float) -> bool:
    return abs(seconds / step - round(seconds / step)) > 1e-6
