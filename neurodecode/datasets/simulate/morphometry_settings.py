"""Options of ``simulate_morphometry``, and their ranges."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.faults import ConfigFault


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of ``simulate_morphometry``, explained there, with the same defaults."""

    n_people: int = 320
    converter_share: float = 0.3
    n_excluded: int = 30
    n_sites: int = 3
    n_scans: int = 2
    effect: float = 1.0
    ageing: float = 1.0
    age_gap: float = 3.0
    site_effect: float = 0.5
    random_state: int = 42


def check_settings(settings: Settings) -> None:
    """Raise ConfigFault for the first option out of its range, with the range."""
    for name, least in {"n_people": 4, "n_excluded": 0, "n_sites": 1, "n_scans": 1}.items():
        if getattr(settings, name) < least:
            raise ConfigFault(f"{name} {getattr(settings, name)}", fix=f"give {least} or more")
    for name in ("effect", "ageing", "site_effect"):
        if getattr(settings, name) < 0:
            raise ConfigFault(f"{name} {getattr(settings, name):g}", fix="give 0 or more")
    if settings.n_scans > MOST_SCANS:
        raise ConfigFault(f"n_scans {settings.n_scans}", fix=f"give at most {MOST_SCANS}")
    n_converters = int(settings.n_people * settings.converter_share)
    if not 1 <= n_converters < settings.n_people:
        what = f"{n_converters} converters among {settings.n_people} people"
        raise ConfigFault(what, fix="give a converter_share between 0 and 1, or more people")


MOST_SCANS = 3
"""A scan every two years; the earliest conversions are one year after the first."""
