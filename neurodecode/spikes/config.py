"""Settings of the ``spikes`` pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import DataSection, Experiment, Section
from neurodecode.evaluation.spike_splits import SpikeSplitSettings, spike_protocol
from neurodecode.faults import ConfigFault, unknown
from neurodecode.spikes.config_model import FrameSection, NeuroformerConfig, WindowSection
from neurodecode.spikes.config_network import NetworkSection, WiringSection
from neurodecode.spikes.config_training import Frozen, SamplingSection, SpikeTraining
from neurodecode.spikes.units import units_of
from neurodecode.spikes.variants import GLM, decoder_slug, generator_of

SIMULATIONS = {
    "simulated-circuit": ("circuit", "simulate_circuit"),
    "simulated-spiking": ("spiking", "simulate_spiking"),
    "simulated-track": ("track", "simulate_track"),
}
"""Modules and functions that simulate, by data set."""


class SpikeDataSection(DataSection):
    """Spike trains: a data set by name, own arrays or NWB files, a simulation."""

    options: dict[str, Any] = Field(default={}, description="Options of the data set's loader")
    allow_missing: bool = Field(default=False, description="Go on with the files that are here")
    simulation: dict[str, Any] = Field(
        default={}, description="Options of the simulator, as its documentation lists them"
    )

    @model_validator(mode="after")
    def _simulated(self) -> SpikeDataSection:
        if self.simulation and self.dataset not in SIMULATIONS:
            raise ValueError(f"'{self.dataset}' is not simulated: leave 'simulation' out")
        if self.simulation:
            module, function = SIMULATIONS[self.dataset]
            simulate = getattr(import_module(f"neurodecode.datasets.simulate.{module}"), function)
            for name in self.simulation:
                if name not in simulate.__kwdefaults__:
                    raise ValueError(unknown("option of the simulator", name,
                                             simulate.__kwdefaults__))  # fmt: skip
        return self


class SpikeSplitSection(Section):
    """How windows are divided; each protocol reads what concerns it."""

    n_blocks: int = Field(default=20, ge=3, description="blocked_time: blocks of a session")
    n_folds: int = Field(
        default=5, ge=3, description="Groups of blocks or trials; one tests, one validates"
    )
    folds: tuple[int, ...] | Literal["all"] = Field(
        default=(0,), description="Which of them are run; of random_windows there is one"
    )
    gap_seconds: float = Field(default=1.0, ge=0, description="Between what two parts see, s")
    stratify: str | None = Field(
        default=None, description="trial_wise: label of the trials to spread evenly"
    )
    train_share: float = Field(
        default=0.8, gt=0, lt=1, description="random_windows: share of them that trains"
    )

    @model_validator(mode="after")
    def _existing_folds(self) -> SpikeSplitSection:
        for fold in () if self.folds == "all" else self.folds:
            if not 0 <= fold < self.n_folds:
                raise ValueError(f"fold {fold}: there are 0 to {self.n_folds - 1}")
        return self

    def settings(self, seed: int) -> SpikeSplitSettings:
        """Return what the protocols read."""
        return SpikeSplitSettings(
            n_blocks=self.n_blocks, n_folds=self.n_folds, gap_s=self.gap_seconds,
            stratify=self.stratify, train_share=self.train_share, seed=seed,
        )  # fmt: skip


class CropSection(Section):
    """Windows around an event of the trials, instead of whole trials or the whole recording."""

    event: str = Field(description="Column of the trials with its time, or start or stop")
    before: float = Field(default=0.0, description="Seconds before it that belong to the piece")
    after: float = Field(gt=0, description="Seconds after it")


class FewShotSection(Section):
    """A model pretrained on spikes, then tuned to behaviour on few windows; and from scratch."""

    model: str = Field(default="state+past", description="What is pretrained, without behaviour")
    shares: tuple[float, ...] = Field(
        default=(0.01, 0.1, 1.0), description="Of the training windows whose behaviour is known"
    )
    n_seeds: int = Field(default=0, ge=0, description="Repetitions, each pretrained anew; 0: none")
    draw: Literal["random", "beginning"] = Field(
        default="random",
        description="Which training windows: drawn at random, as published, or the first in time",
    )
    freeze: tuple[Frozen, ...] = Field(
        default=(),
        description="Parts of the pretrained model that are not tuned; body: all but "
        "the heads that decode behaviour",
    )
    n_updates: int | None = Field(
        default=None,
        ge=1,
        description="Of each tuning, whatever the share; null: the epochs of its Trainer",
    )
    spikes: bool = Field(
        default=True, description="Go on with the loss of spikes, of the same windows"
    )
    training: SpikeTraining = SpikeTraining()

    @field_validator("shares")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(not 0 < share <= 1 for share in value):
            raise ValueError("shares lie above 0, at most at 1")
        return value

    @model_validator(mode="after")
    def _never_stopped(self) -> FewShotSection:
        trainer = self.training.trainer
        if trainer.patience < trainer.max_epochs:
            raise ValueError("patience would stop by behaviour beyond the share: leave it out")
        return self


class SpikesEvaluation(Section):
    """How spikes are written and scored."""

    sampling: SamplingSection = SamplingSection()
    past: Literal["teacher", "own"] = Field(
        default="teacher", description="What comes before a window: the real spikes, or own ones"
    )
    n_draws: int = Field(default=4, ge=1, description="Generated versions of every window")
    n_windows: int | None = Field(
        default=None, ge=10, description="Test windows that are written, evenly spaced; null: all"
    )
    rate_bin: float = Field(default=0.5, gt=0, description="Bins of rate correlations, s")
    pulse_width: float = Field(default=0.05, gt=0, description="Of the CosMIC-like score, s")
    batch_size: int = Field(default=64, ge=1, description="Windows written together")
    n_resamples: int = Field(default=1000, ge=100, description="Of blocks of time, for intervals")


class SpikesConfig(Experiment):
    """One experiment of the ``spikes`` pipeline."""

    data: SpikeDataSection
    windows: WindowSection = WindowSection()
    step_seconds: float | None = Field(
        default=None, gt=0, description="From window to window; null: they follow one another"
    )
    crop: CropSection | None = Field(default=None, description="Null: all that was recorded")
    stimulus: FrameSection | None = Field(
        default=None, description="The clip beside a window; null: no model reads a stimulus"
    )
    inputs: tuple[str, ...] = Field(
        default=(), description="Behaviour that models with the part 'behaviour' read"
    )
    targets: tuple[str, ...] = Field(default=(), description="Behaviour that decoders decode")
    protocol: str = Field(default="blocked_time", description="How windows are divided")
    split: SpikeSplitSection = SpikeSplitSection()
    models: tuple[str, ...] = Field(
        default=("state+past", "state", GLM),
        min_length=1,
        description="Generative models; first: the one the report is about",
    )
    decoders: tuple[str, ...] = Field(default=(), description="Decoders of behaviour")
    decoder_model: str = Field(
        default="state+past", description="What the networks among the decoders read"
    )
    network: NetworkSection = NetworkSection()
    training: SpikeTraining = SpikeTraining()
    few_shot: FewShotSection = FewShotSection()
    wiring: WiringSection | None = Field(
        default=None, description="Null: no model is trained to show the wiring"
    )
    jobs: Literal["model", "subject"] = Field(
        default="model",
        description="A job of train is a network, or all rivals of a subject; or everything of one",
    )
    evaluation: SpikesEvaluation = SpikesEvaluation()

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "seed"),
        "prepare": ("data.options",),
        "train": ("windows", "step_seconds", "crop", "stimulus", "inputs", "targets", "protocol",
                  "split", "decoder_model", "network", "training", "few_shot", "wiring", "seed"),
        "evaluate": ("evaluation", "seed"),
        "report": ("description", "models", "decoders", "evaluation"),
    }  # fmt: skip

    @field_validator("models")
    @classmethod
    def _known_models(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            generator_of(name)
        return _once(value)

    @field_validator("decoders")
    @classmethod
    def _known_decoders(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            decoder_slug(name)
        return _once(value)

    @field_validator("protocol")
    @classmethod
    def _known_protocol(cls, value: str) -> str:
        return spike_protocol(value).name

    @model_validator(mode="after")
    def _fits(self) -> SpikesConfig:
        parts = {part for name in self.models for part in generator_of(name).parts}
        networks = (self.decoder_model, self.few_shot.model)
        for name in networks if self.wiring is None else (*networks, self.wiring.model):
            if name == GLM or generator_of(name).shared:
                raise ValueError(f"'{name}' is no network of one session")
            parts |= set(generator_of(name).parts)
        if "stimulus" in parts and self.stimulus is None:
            raise ValueError("a model reads the stimulus: say how under 'stimulus'")
        if "behaviour" in parts and not self.inputs:
            raise ValueError("a model reads behaviour: name it under 'inputs'")
        if (self.decoders or self.few_shot.n_seeds) and not self.targets:
            raise ValueError("decoders need behaviour to decode: name it under 'targets'")
        self._readable_wiring()
        bins = (self.step_seconds or 0.0) / self.windows.dt
        if abs(bins - round(bins)) > 1e-6:
            raise ValueError(f"step_seconds must be whole bins of {self.windows.dt:g} s")
        read = set(self.inputs) & set(self.targets)
        if read and "behaviour" in generator_of(self.decoder_model).parts:
            raise ValueError(f"'{min(read)}' cannot be read and decoded by one network")
        return self

    def _readable_wiring(self) -> None:
        asked = self.wiring
        if asked is not None and asked.stage == "past" and "past" not in asked.model.split("+"):
            raise ValueError(f"wiring: '{asked.model}' attends to no past window")

    def network_of(
        self, name: str, n_units: int, *, decoded: Mapping[str, int | None] | None = None
    ) -> NeuroformerConfig:
        """Return the settings of a generative model of a population.

        Parameters
        ----------
        name : str
            As in ``models``.
        n_units : int
        decoded : mapping of str to int or None, optional
            Behaviour that it decodes, with the number of classes; None: a quantity.
        """
        return self.network.of(
            generator_of(name), n_units, windows=self.windows, frames=self.stimulus,
            inputs=self.inputs, targets=decoded or {},
        )  # fmt: skip

    def for_wiring(self) -> SpikesConfig:
        """Return the experiment of the model that shows the wiring: spikes, in windows of its own.

        Raises
        ------
        ConfigFault
            If no wiring is asked for.
        """
        asked = self.wiring
        if asked is None:
            raise ConfigFault("no wiring is read", where="wiring", fix="give it a section")
        return self.model_copy(update={
            "windows": asked.windows or self.windows, "training": asked.training or self.training,
            "network": asked.network or self.network,
            "models": (asked.model,), "decoders": (), "targets": (), "step_seconds": None,
            "inputs": self.inputs if "behaviour" in generator_of(asked.model).parts else (),
            "stimulus": self.stimulus if "stimulus" in generator_of(asked.model).parts else None,
        })  # fmt: skip

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per subject and model, and per subject and seed of few-shot tuning."""
        return {name: list(unit.subjects) for name, unit in units_of(self, subjects).items()}

    def simulated_subjects(self) -> list[str]:
        """Labels ``01``, ``02``, ... of simulated subjects."""
        if self.data.path is not None or self.data.dataset not in SIMULATIONS:
            return []
        return [f"{i + 1:02d}" for i in range(int(self.data.simulation.get("n_subjects", 1)))]


def _once(value: tuple[str, ...]) -> tuple[str, ...]:
    twice = [name for name in value if value.count(name) > 1]
    if twice:
        raise ValueError(f"'{twice[0]}' stands twice")
    return value
