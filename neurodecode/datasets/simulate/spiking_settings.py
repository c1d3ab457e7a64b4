"""Options of ``simulate_spiking`` that shape a session, and their ranges."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.faults import ConfigFault

FRAME_S = 0.05
"""Frames and behaviour, 20 per second, as in the recordings of Neuroformer."""

MOST_BYTES = 4 << 30


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of ``simulate_spiking``, explained there, with the same defaults."""

    n_units: int = 60
    seconds: float = 1200.0
    bin_seconds: float = 0.005
    n_hubs: int = 6
    hub_reach: float = 0.3
    chain_share: float = 0.01
    coupling: float = 1.0
    rate_hz: float = 3.0
    stimulus_gain: float = 0.6
    behaviour_gain: float = 0.6
    tuned_share: float = 0.6
    behaviour_seconds: float = 3.0
    n_stimuli: int = 4
    trial_seconds: float = 4.0
    gap_seconds: float = 1.0
    random_state: int = 42

    @property
    def bins_per_frame(self) -> int:
        """Bins that stimulus and behaviour stay constant."""
        return round(FRAME_S / self.bin_seconds)


def check_settings(settings: Settings) -> None:
    """Raise ConfigFault for the first option out of its range, with the range."""
    for name, least in {"n_units": 2, "n_hubs": 0, "n_stimuli": 0}.items():
        if getattr(settings, name) < least:
            raise ConfigFault(f"{name} {getattr(settings, name)}", fix=f"give {least} or more")
    if settings.n_hubs >= settings.n_units:
        raise ConfigFault(
            f"{settings.n_hubs} hubs among {settings.n_units} units", fix="give fewer hubs"
        )
    for name in ("hub_reach", "chain_share", "tuned_share"):
        if not 0 <= getattr(settings, name) <= 1:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give 0 to 1")
    for name in ("coupling", "stimulus_gain", "behaviour_gain", "gap_seconds"):
        if getattr(settings, name) < 0:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give 0 or more")
    for name in ("rate_hz", "behaviour_seconds", "trial_seconds", "bin_seconds"):
        if not getattr(settings, name) > 0:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give more than 0")
    _check_time(settings)


def _check_time(settings: Settings) -> None:
    ratio = FRAME_S / settings.bin_seconds
    if abs(ratio - round(ratio)) > 1e-9 or ratio < 1:
        raise ConfigFault(
            f"bin_seconds {settings.bin_seconds:g} does not divide a frame of {FRAME_S:g} s",
            fix="give 0.001, 0.005 or 0.01",
        )
    least = (settings.trial_seconds + settings.gap_seconds) * max(1, settings.n_stimuli)
    if settings.seconds < least:
        raise ConfigFault(
            f"a session of {settings.seconds:g} s has no room for one trial of each stimulus",
            fix=f"give {least:g} s or more",
        )
    # counts, traces and log rates of all bins, 8 bytes each, are held at once
    needed = 24 * settings.n_units * settings.seconds / settings.bin_seconds
    if needed > MOST_BYTES:
        raise ConfigFault(
            f"3 arrays of {settings.n_units} units x {settings.seconds / settings.bin_seconds:.0f} "
            f"bins x 8 bytes need {needed / 2**30:.1f} GiB",
            fix="give shorter sessions, longer bins or fewer units; several sessions are fine",
        )
