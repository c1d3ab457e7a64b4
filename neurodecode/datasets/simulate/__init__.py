"""Simulated data sets with a known answer: model, planted effect, best possible score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def _motor_imagery(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.motor_imagery import simulate_motor_imagery

    return simulate_motor_imagery(folder, **options)


def _circuit(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.circuit import simulate_circuit

    return simulate_circuit(folder, **options)


def _listening(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.listening import simulate_listening

    return simulate_listening(folder, **options)


def _morphometry(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.morphometry import simulate_morphometry

    return simulate_morphometry(folder, **options)


def _band_limited_noise(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.band_limited_noise import simulate_band_limited_noise

    return simulate_band_limited_noise(folder, **options)


def _rated(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.rated import simulate_rated

    return simulate_rated(folder, **options)


def _responses(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.responses import simulate_responses

    return simulate_responses(folder, **options)


def _resting(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.resting import simulate_resting

    return simulate_resting(folder, **options)


def _spiking(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.spiking import simulate_spiking

    return simulate_spiking(folder, **options)


def _track(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.track import simulate_track

    return simulate_track(folder, **options)


def _viewing(folder: Path, **options: Any) -> list[Path]:
    from neurodecode.datasets.simulate.viewing import simulate_viewing

    return simulate_viewing(folder, **options)


SIMULATORS: Mapping[str, Callable[..., list[Path]]] = {
    "band_limited_noise": _band_limited_noise,
    "circuit": _circuit,
    "listening": _listening,
    "morphometry": _morphometry,
    "motor_imagery": _motor_imagery,
    "rated": _rated,
    "responses": _responses,
    "resting": _resting,
    "spiking": _spiking,
    "track": _track,
    "viewing": _viewing,
}
"""Simulators by name: ``SIMULATORS[name](folder, **options)`` writes files and returns them."""
