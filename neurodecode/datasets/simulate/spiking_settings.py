"""Options of the simulated populations that shape a session, and their ranges."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.faults import ConfigFault

FRAME_S = 0.05
"""Frames and behaviour, 20 per second, as in the recordings of Neuroformer."""

MOST_BYTES = 4 << 30


@dataclass(frozen=True, kw_only=True)
class PopulationSettings:
    """Options that the simulators of wired populations share."""

    n_units: int = 60
    seconds: float = 1200.0
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


@dataclass(frozen=True, kw_only=True)
class Settings(PopulationSettings):
    """Options of ``simulate_spiking``, explained there, with the same defaults."""

    bin_seconds: float = 0.005


def check_settings(settings: Settings) -> None:
    """Raise ConfigFault for the first option out of its range, with the range."""
    check_population(settings)
    check_width("bin_seconds", settings.bin_seconds)
    n_bins = round(settings.seconds / settings.bin_seconds)
    # counts, traces and log rates of all bins are held at once
    check_memory(
        f"3 arrays of {settings.n_units} units x {n_bins} bins x 8 bytes",
        24 * settings.n_units * n_bins,
        fix="give shorter sessions, longer bins or fewer units; several sessions are fine",
    )


def check_population(settings: PopulationSettings) -> None:
    """Raise ConfigFault for the first shared option out of its range, with the range."""
    for name, least in {"n_units": 2, "n_hubs": 0, "n_stimuli": 0}.items():
        if getattr(settings, name) < least:
            raise ConfigFault(f"{name} {getattr(settings, name)}", fix=f"give {least} or more")
    if settings.n_hubs >= settings.n_units:
        raise ConfigFault(
            f"{settings.n_hubs} hubs among {settings.n_units} units", fix="give fewer hubs"
        )
    check_shares(settings, ("hub_reach", "chain_share", "tuned_share"))
    for name in ("coupling", "stimulus_gain", "behaviour_gain", "gap_seconds"):
        if getattr(settings, name) < 0:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give 0 or more")
    check_positive(settings, ("rate_hz", "behaviour_seconds", "trial_seconds"))
    least_s = (settings.trial_seconds + settings.gap_seconds) * max(1, settings.n_stimuli)
    if settings.seconds < least_s:
        raise ConfigFault(
            f"a session of {settings.seconds:g} s has no room for one trial of each stimulus",
            fix=f"give {least_s:g} s or more",
        )


def check_shares(settings: object, names: tuple[str, ...]) -> None:
    """Raise ConfigFault for the first of these options that is not a share."""
    for name in names:
        if not 0 <= getattr(settings, name) <= 1:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give 0 to 1")


def check_positive(settings: object, names: tuple[str, ...]) -> None:
    """Raise ConfigFault for the first of these options that is not above 0."""
    for name in names:
        if not getattr(settings, name) > 0:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give more than 0")


def check_width(name: str, seconds: float) -> None:
    """Raise ConfigFault unless a frame is a whole number of bins of this width."""
    ratio = FRAME_S / seconds if seconds > 0 else 0.0
    if abs(ratio - round(ratio)) > 1e-9 or ratio < 1:
        raise ConfigFault(
            f"{name} {seconds:g} does not divide a frame of {FRAME_S:g} s",
            fix="give 0.0005, 0.001, 0.005 or 0.01",
        )


def check_memory(what: str, n_bytes: float, *, fix: str) -> None:
    """Raise ConfigFault if arrays are too large to be held."""
    if n_bytes > MOST_BYTES:
        raise ConfigFault(f"{what} need {n_bytes / 2**30:.1f} GiB", fix=fix)
