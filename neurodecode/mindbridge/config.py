"""Settings of the ``mindbridge`` pipeline."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.artefacts import slug
from neurodecode.config import DataSection, Experiment, Section
from neurodecode.evaluation.stimulus_assignment import count_folds
from neurodecode.evaluation.stimulus_splits import STIMULUS_PROTOCOLS
from neurodecode.faults import unknown
from neurodecode.mindbridge.config_model import (
    BridgeSection,
    LossSection,
    OptimiserSection,
    Regime,
    Repetition,
)
from neurodecode.mindbridge.models import BRIDGE, VARIANTS
from neurodecode.stimuli.generation.generator import GENERATORS, default_generator
from neurodecode.stimuli.pictures.encoder import PICTURE_ENCODERS, default_picture_encoder
from neurodecode.training_config import TrainerSection

SIMULATED = "simulated-responses"
DEFAULT = "default"
OWN_TARGETS = ("category", "latent", "shipped")
"""Targets that are no encoder's: one-hot category, the latent a simulated picture was made from,
embeddings that came with the data set."""


class ResponseSimulation(Section):
    """The simulated subjects (see ``neurodecode.datasets.simulate.responses``)."""

    n_subjects: int = Field(default=4, ge=1, le=99, description="Simulated subjects")
    n_voxels: tuple[int, ...] = Field(
        default=(3000, 2500, 2000, 1500), min_length=1, description="Of each subject, by turns"
    )
    n_train: int = Field(default=600, ge=2, description="Stimuli of each subject, nobody else's")
    n_shared_test: int = Field(default=100, ge=2, description="Stimuli that everybody saw")
    n_repetitions: int = Field(default=3, ge=1, description="Of each shared stimulus")
    n_train_repetitions: int = Field(default=1, ge=1, description="Of each subject's own")
    n_latent: int = Field(default=16, ge=1, description="Features that the brain follows")
    ncsnr: float = Field(default=0.25, ge=0, description="Response to noise of a typical voxel")
    pictures: str = Field(default=DEFAULT, description="Generator: faces, drawn, none, default")
    embedding: str = Field(default=DEFAULT, description="What the brain follows")


class ResponseData(DataSection):
    """Responses to pictures: a data set by name, a local folder, the simulation."""

    options: dict[str, Any] = Field(default={}, description="Options of the data set's loader")
    allow_missing: bool = Field(default=False, description="Go on with the files that are here")
    simulation: ResponseSimulation = ResponseSimulation()


class StimulusSplit(Section):
    """Which trials train, validate and test."""

    protocol: str = Field(default="shared_test", description="Name of the split")
    valid: float = Field(default=0.1, gt=0, lt=1, description="Share of the training stimuli")
    test: float = Field(default=0.1, gt=0, lt=1, description="Share, where none is published")
    disjoint: bool | None = Field(
        default=None,
        description="No training stimulus of one subject is another's; null: as the protocol",
    )
    fold: int = Field(default=0, ge=0, description="Of leave_runs_out: which runs test")
    folds: Literal["all"] | Annotated[int, Field(ge=2)] | None = Field(
        default=None,
        description="Of leave_runs_out: train on each of so many folds, or of all 1 / test, and "
        "average; null: one fold",
    )

    @field_validator("protocol")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in STIMULUS_PROTOCOLS:
            raise ValueError(unknown("protocol", value, STIMULUS_PROTOCOLS))
        return value

    @model_validator(mode="after")
    def _folds_exist(self) -> StimulusSplit:
        if self.folds is None:
            return self
        if self.protocol != "leave_runs_out":
            raise ValueError(f"folds are of protocol leave_runs_out, not of {self.protocol}")
        if self.fold:
            raise ValueError("give fold, which is one, or folds")
        n_folds = count_folds(self.test)
        if n_folds < 2 or (self.folds != "all" and self.folds > n_folds):
            raise ValueError(f"folds is {self.folds}, with test {self.test:g} there are {n_folds}")
        return self

    @property
    def trained_folds(self) -> tuple[int, ...]:
        """Folds that have trainings of their own; none where ``fold`` is the only one."""
        if self.folds is None:
            return ()
        return tuple(range(count_folds(self.test) if self.folds == "all" else self.folds))


class TargetSection(Section):
    """What signals are decoded into."""

    image: str = Field(default=DEFAULT, description="Encoder of the image head's target")
    text: str | None = Field(
        default=None, description="Target of the second head (published: clip_text); null: none"
    )
    options: dict[str, dict[str, Any]] = Field(default={}, description="Options by encoder")
    centre: bool = Field(
        default=False,
        description="Subtract the mean over training pictures, so that cosines are not those of "
        "likeness to the mean picture; CLIP tokens need none",
    )

    @field_validator("image", "text")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value == DEFAULT:
            return default_picture_encoder()
        if value is not None and value not in (*PICTURE_ENCODERS, *OWN_TARGETS):
            raise ValueError(unknown("target", value, (*PICTURE_ENCODERS, *OWN_TARGETS, DEFAULT)))
        return value


class BatchSection(Section):
    """How batches are made."""

    batch_size: int = Field(default=50, ge=2, description="Of each subject")
    mode: Literal["min_size", "max_size", "max_size_cycle"] = Field(
        default="min_size", description="An epoch ends with the shortest loader (published)"
    )
    repetition: Repetition = Field(
        default="step", description="Repetition that is shown: by turns, as published, or random"
    )


class TuningSection(Section):
    """A subject the model has not seen, on few stimuli; no length: off."""

    lengths: tuple[int, ...] = Field(default=(), description="Training stimuli of the new subject")
    held_out: int = Field(default=1, ge=1, description="The last so many subjects, in turn")
    regimes: tuple[Regime, ...] = Field(
        default=("reset", "full", "scratch"),
        min_length=1,
        description="What is trained: the subject's parts, everything, or all from new weights",
    )
    without_cycle: bool = Field(
        default=True, description="Reset-tuning also without the cycle, its pseudo-data"
    )
    seeds: tuple[int, ...] = Field(default=(), description="None: those of the experiment")
    max_epochs: int = Field(default=200, ge=1, description="Epochs of each tuning")
    learning_rate: float = Field(default=1.5e-4, gt=0, description="Of each tuning")


class BridgeTrainer(TrainerSection):
    """As every training; the defaults are the published ones, the whole one-cycle schedule."""

    max_epochs: int = Field(default=600, ge=1, description="Epochs at most; published: 600")
    check_val_every_n_epoch: int = Field(
        default=10, ge=1, description="Validate, and keep a checkpoint, every so many epochs"
    )
    gradient_clip_val: float | None = Field(
        default=1.0, description="Largest norm of the gradient; null: as it is"
    )
    patience: int = Field(
        default=10_000,
        ge=1,
        description="Stop after so many validations without a smaller loss; a one-cycle schedule "
        "that is cut short never reaches its small rates, so the default never does",
    )


class RidgeSection(Section):
    """The linear baseline."""

    alphas: tuple[float, ...] = Field(
        default=tuple(10.0**k for k in range(8)),
        min_length=1,
        description="Penalties that are tried",
    )
    folds: int = Field(
        default=5, ge=2, description="Of the training part, to choose the penalty by"
    )


class PCASection(Section):
    """The alignment of principal components."""

    n_components: int = Field(default=10, ge=1, description="Matched one to one, by variance")


class RedrawSection(Section):
    """Redrawing pictures from predicted latents; no generator: off."""

    generator: str | None = Field(default=None, description="faces, drawn, diffusion, unclip")
    options: dict[str, Any] = Field(default={}, description="Options of the generator")
    restandardise: bool = Field(default=True, description="As the image pipeline (transductive)")
    candidates: int = Field(default=1, ge=1, description="Pictures drawn per stimulus")
    choice: Literal["prediction", "truth"] = Field(
        default="prediction",
        description="Which candidate is kept: nearest to the brain's prediction, or, as in the "
        "released code, to the true picture, which leaks and is marked",
    )
    identification: tuple[str, ...] = Field(
        default=(DEFAULT, "pixels"), description="Encoders of the two-way identification"
    )

    @field_validator("generator")
    @classmethod
    def _generator(cls, value: str | None) -> str | None:
        if value == DEFAULT:
            return default_generator()
        if value is not None and value not in GENERATORS:
            raise ValueError(unknown("picture generator", value, (*GENERATORS, DEFAULT)))
        return value

    @field_validator("identification")
    @classmethod
    def _encoders(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(default_picture_encoder() if name == DEFAULT else name for name in value)
        for name in found:
            if name not in PICTURE_ENCODERS:
                raise ValueError(unknown("picture encoder", name, PICTURE_ENCODERS))
        return found


class BridgeEvaluation(Section):
    """Retrieval in random sets of test stimuli."""

    set_size: int = Field(
        default=300, ge=2, description="Stimuli in a set that retrieval chooses from"
    )
    n_sets: int = Field(default=30, ge=1, description="Random sets")
    n_bootstrap: int = Field(default=2000, ge=100, description="Bootstrap samples, for intervals")


class MindBridgeConfig(Experiment):
    """One experiment of the ``mindbridge`` pipeline."""

    data: ResponseData
    split: StimulusSplit = StimulusSplit()
    target: TargetSection = TargetSection()
    bridge: BridgeSection = BridgeSection()
    losses: LossSection = LossSection()
    optimiser: OptimiserSection = OptimiserSection()
    batches: BatchSection = BatchSection()
    trainer: BridgeTrainer = BridgeTrainer()
    ridge: RidgeSection = RidgeSection()
    pca: PCASection = PCASection()
    models: tuple[str, ...] = Field(
        default=(BRIDGE, "single"), min_length=1, description="First: the one the report is about"
    )
    seeds: tuple[int, ...] = Field(default=(42,), min_length=1, description="One training each")
    tuning: TuningSection = TuningSection()
    redraw: RedrawSection = RedrawSection()
    evaluation: BridgeEvaluation = BridgeEvaluation()
    references: dict[str, float] = Field(
        default={}, description="Published figures to compare with, by what they are"
    )

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "split", "seed"),
        "prepare": ("data", "split", "seed"),
        "train": ("data.options", "target", "bridge", "losses", "optimiser", "batches", "trainer",
                  "ridge", "pca", "tuning"),
        "evaluate": ("evaluation", "redraw", "target", "seed"),
        "report": ("description", "models", "seeds", "evaluation", "references", "tuning", "seed"),
    }  # fmt: skip
    """Models, subjects and seeds are in the names of the units that they make."""

    @field_validator("models")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in VARIANTS:
                raise ValueError(unknown("model", name, VARIANTS))
        return value

    @model_validator(mode="after")
    def _redraws_what_it_predicts(self) -> MindBridgeConfig:
        if self.redraw.generator in ("faces", "drawn") and "latent" not in (
            self.target.image, self.target.text,
        ):  # fmt: skip
            raise ValueError("this generator needs target.text: latent (simulated pictures)")
        if self.redraw.generator is not None and VARIANTS[self.models[0]].kind == "ridge":
            raise ValueError("redrawing needs both heads: a network as the first of models")
        chosen = self.redraw.candidates > 1 and self.redraw.choice == "prediction"
        if self.redraw.generator is not None and chosen and self.target.image in OWN_TARGETS:
            raise ValueError(
                "redraw.choice: prediction needs an encoder of pictures as target.image, to "
                "compare candidates with what is predicted"
            )
        return self

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per model, seed and fold (single-subject models: and subject), and new subject.

        Each job reads all stores: targets are those of everybody's pictures.
        """
        folds = [f".fold-{fold}" for fold in self.split.trained_folds] or [""]
        names = []
        for model in self.models:
            variant = VARIANTS[model]
            once = variant.shuffled or variant.linear
            alone = [f".only-{subject}" for subject in subjects]
            ends = alone if variant.kind == "single" else [""]
            seeds = self.seeds[:1] if once else self.seeds
            names += [f"{slug(model)}.seed-{seed}{fold}{end}"
                      for seed in seeds for fold in folds for end in ends]  # fmt: skip
        if self.tuning.lengths and len(subjects) > 1:
            names += [
                f"tuning.seed-{seed}{fold}.new-{subject}"
                for seed in self.tuning.seeds or self.seeds
                for fold in folds
                for subject in subjects[-self.tuning.held_out :]
            ]
        return dict.fromkeys(names, subjects)

    def simulated_subjects(self) -> list[str]:
        """Labels ``01``, ``02``, ... of the simulated subjects."""
        if self.data.path is not None or self.data.dataset != SIMULATED:
            return []
        return [f"{i + 1:02d}" for i in range(self.data.simulation.n_subjects)]
