"""Options of ``simulate_track`` that shape a session, and their ranges."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.datasets.simulate.spiking_settings import (
    FRAME_S,
    check_memory,
    check_positive,
    check_shares,
)
from neurodecode.datasets.simulate.track_movement import CELL_CM
from neurodecode.faults import ConfigFault

SHORTEST_CM = 20.0


@dataclass(frozen=True, kw_only=True)
class TrackSettings:
    """Options of ``simulate_track``, explained there, with the same defaults."""

    n_units: int = 60
    seconds: float = 600.0
    track_cm: float = 200.0
    speed_cms: float = 30.0
    pace_spread: float = 0.3
    pace_seconds: float = 2.0
    rest_seconds: float = 3.0
    field_cm: float = 15.0
    peak_hz: float = 12.0
    floor_hz: float = 0.3
    directional_share: float = 0.6
    speed_share: float = 0.25
    speed_rate_hz: float = 5.0
    speed_gain: float = 0.8
    refractory_seconds: float = 0.002
    random_state: int = 42


def check_track(settings: TrackSettings) -> None:
    """Raise ConfigFault for the first option out of its range, with the range."""
    if settings.n_units < 1:
        raise ConfigFault(f"n_units {settings.n_units}", fix="give 1 or more")
    check_shares(settings, ("directional_share", "speed_share"))
    positive = ("seconds", "speed_cms", "pace_seconds", "rest_seconds", "field_cm", "peak_hz")
    check_positive(settings, (*positive, "floor_hz", "speed_rate_hz"))
    for name in ("pace_spread", "speed_gain"):
        if getattr(settings, name) < 0:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give 0 or more")
    if not 0 <= settings.refractory_seconds < FRAME_S:
        what = f"refractory_seconds {settings.refractory_seconds:g}"
        raise ConfigFault(what, fix=f"give 0 to less than {FRAME_S:g}")
    if settings.track_cm < SHORTEST_CM or settings.track_cm % CELL_CM:
        what = f"track_cm {settings.track_cm:g}"
        raise ConfigFault(what, fix=f"give whole cm, {SHORTEST_CM:g} or more")
    n_frames = round(settings.seconds / FRAME_S)
    check_memory(
        f"3 arrays of {settings.n_units} cells x {n_frames} frames x 8 bytes",
        24 * settings.n_units * n_frames,
        fix="give shorter sessions or fewer cells; several sessions are fine",
    )
