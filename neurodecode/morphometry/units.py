"""The jobs of the ``mci`` pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodecode.faults import ConfigFault, unknown
from neurodecode.morphometry.config import BASELINES_UNIT, NULL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.morphometry.config import MCIConfig


@dataclass(frozen=True)
class Unit:
    """What one job trains.

    Attributes
    ----------
    name : str
    form : str
        Form of the cohort; empty for the null test.
    harmonisations, classifiers, baselines : tuple of str
    """

    name: str
    form: str = ""
    harmonisations: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()


def units_of(config: MCIConfig) -> list[Unit]:
    """Return the units, those that take longest first."""
    found = [unit for form in config.forms for unit in _of_form(config, form)]
    return [*found, Unit(NULL)] if config.null_test.draws else found


def unit_of(config: MCIConfig, name: str) -> Unit:
    """Return the unit of a name from :func:`units_of`."""
    found = {unit.name: unit for unit in units_of(config)}
    if name not in found:
        raise ConfigFault(unknown("unit", name, found))
    return found[name]


def _of_form(config: MCIConfig, form: str) -> Iterator[Unit]:
    if config.jobs == "form":
        yield Unit(form, form, config.harmonisations, config.classifiers, config.baselines)
        return
    for harmonisation in config.harmonisations:
        name = f"{form}.{harmonisation}"
        if config.jobs == "harmonisation":
            yield Unit(name, form, (harmonisation,), config.classifiers)
            continue
        for classifier in config.classifiers:
            slug = classifier.replace(" ", "-")
            yield Unit(f"{name}.{slug}", form, (harmonisation,), (classifier,))
    if config.baselines:
        yield Unit(f"{form}.{BASELINES_UNIT}", form, config.harmonisations,
                   baselines=config.baselines)  # fmt: skip
