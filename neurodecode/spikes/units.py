"""The jobs of the ``spikes`` pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neurodecode.spikes.variants import decoder_slug, generator_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.spikes.config import SpikesConfig

Task = Literal["generate", "decode", "few-shot"]


@dataclass(frozen=True)
class Unit:
    """What one job trains: one model on the sessions of one subject.

    Attributes
    ----------
    name : str
        As in :meth:`SpikesConfig.units`.
    task : {"generate", "decode", "few-shot"}
    model : str
        Generative model, behaviour decoder, or, of few-shot tuning, the model that is pretrained.
    subject : str
    seed : int
        Of weights and batches.
    """

    name: str
    task: Task
    model: str
    subject: str
    seed: int


def units_of(config: SpikesConfig, subjects: list[str]) -> dict[str, Unit]:
    """Return all jobs of an experiment by name, in the order of the report."""
    return {unit.name: unit for unit in _units(config, subjects)}


def unit_of(config: SpikesConfig, name: str) -> Unit:
    """Return the unit of a name from :meth:`SpikesConfig.units`."""
    _, _, subject = name.partition(".sub-")
    return units_of(config, [subject])[name]


def _units(config: SpikesConfig, subjects: list[str]) -> Iterator[Unit]:
    for subject in subjects:
        for name in config.models:
            slug = generator_of(name).slug
            yield Unit(f"generate.{slug}.sub-{subject}", "generate", name, subject, config.seed)
        for name in config.decoders:
            slug = decoder_slug(name)
            yield Unit(f"decode.{slug}.sub-{subject}", "decode", name, subject, config.seed)
        for number in range(1, config.few_shot.n_seeds + 1):
            yield Unit(
                f"few-shot.seed-{number}.sub-{subject}", "few-shot", config.few_shot.model,
                subject, config.seed + number,
            )  # fmt: skip
