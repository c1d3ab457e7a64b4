"""The jobs of the ``spikes`` pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from neurodecode.artefacts import sha256_text
from neurodecode.spikes.variants import NETWORKS, decoder_slug, generator_of

if TYPE_CHECKING:
    from neurodecode.spikes.config import SpikesConfig

Task = Literal["generate", "wire", "decode", "few-shot"]
TOGETHER, RIVALS, EVERYBODY = "all", "rivals", "everybody"


@dataclass(frozen=True)
class Part:
    """One model to train.

    Attributes
    ----------
    task : {"generate", "wire", "decode", "few-shot"}
    model : str
        Generative model, behaviour decoder, or, of few-shot tuning, the model that is pretrained.
    seed : int
        Of weights and batches.
    slug : str
        Name for folders.
    """

    task: Task
    model: str
    seed: int
    slug: str

    @property
    def shared(self) -> bool:
        """Whether one network is trained for all sessions of all subjects."""
        return self.task == "generate" and generator_of(self.model).shared

    @property
    def quick(self) -> bool:
        """Whether it is a rival, trained in seconds: a job of its own would cost more."""
        if self.task == "decode":
            return self.model not in NETWORKS
        return self.task == "generate" and not generator_of(self.model).network


@dataclass(frozen=True)
class Unit:
    """What one job trains.

    Attributes
    ----------
    name : str
        As in :meth:`SpikesConfig.units`.
    parts : tuple of Part
        One; all rivals of a subject; or with ``jobs: subject`` all of a subject.
    subjects : tuple of str
        Whose sessions it reads: one, or, of shared networks, all.
    """

    name: str
    parts: tuple[Part, ...]
    subjects: tuple[str, ...]


def parts_of(config: SpikesConfig) -> list[Part]:
    """Return all models of an experiment, in the order of the report."""
    parts = [
        Part("generate", name, config.seed, f"generate.{generator_of(name).slug}")
        for name in config.models
    ]
    if config.wiring is not None:
        parts.append(Part("wire", config.wiring.model, config.seed, "wire"))
    parts += [
        Part("decode", name, config.seed, f"decode.{decoder_slug(name)}")
        for name in config.decoders
    ]
    return parts + [
        Part("few-shot", config.few_shot.model, config.seed + number, f"few-shot.seed-{number}")
        for number in range(1, config.few_shot.n_seeds + 1)
    ]


def units_of(config: SpikesConfig, subjects: list[str]) -> dict[str, Unit]:
    """Return all jobs of an experiment by name."""
    parts = parts_of(config)
    own = [part for part in parts if not part.shared]
    groups = [_grouped(TOGETHER, own)]
    if config.jobs == "model":
        groups = [(part.slug, [part]) for part in own if not part.quick]
        groups.append(_grouped(RIVALS, [part for part in own if part.quick]))
    units = [
        Unit(f"{head}.sub-{subject}", tuple(mine), (subject,))
        for subject in subjects for head, mine in groups if mine
    ]  # fmt: skip
    units += [
        Unit(f"{one.slug}.{EVERYBODY}", (one,), tuple(subjects)) for one in parts if one.shared
    ]
    return {unit.name: unit for unit in units}


def _grouped(head: str, parts: list[Part]) -> tuple[str, list[Part]]:
    """Name a group by what it trains, so that other models make another job."""
    which = sha256_text(" ".join(part.slug for part in parts))[:6]
    return f"{head}-{which}", parts
