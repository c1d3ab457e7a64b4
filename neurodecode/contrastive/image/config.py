"""Settings of the ``image`` pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.artefacts import slug
from neurodecode.config import Experiment, Section, TrialsSection
from neurodecode.contrastive.config_model import BrainSection, HeadSection
from neurodecode.contrastive.image.config_evaluation import (
    GenerationSection,
    ImageEvaluation,
    TimeSection,
)
from neurodecode.contrastive.image.decoders import (
    DEFAULT,
    Decoder,
    check_target,
    parse_decoder,
)
from neurodecode.evaluation.picture_splits import PICTURE_PROTOCOLS
from neurodecode.faults import unknown
from neurodecode.signals.continuous import ContinuousSection
from neurodecode.stimuli.pictures.encoder import PICTURE_ENCODERS, default_picture_encoder
from neurodecode.training_config import TrainerSection

SIMULATED = "simulated-viewing"
Scaling = Literal["none", "standardise"]


class ViewerSimulation(Section):
    """The simulated viewers (see ``neurodecode.datasets.simulate.viewing``)."""

    n_participants: int = Field(default=8, ge=1, le=99, description="Simulated viewers")
    n_categories: int = Field(default=200, ge=2, description="Of all pictures")
    images_per_category: int = Field(
        default=6, ge=1, description="Pictures of each training category"
    )
    n_test_categories: int = Field(default=40, ge=1, description="Unseen in training")
    test_repetitions: int = Field(default=8, ge=1, description="Of each test picture")
    n_channels: int = Field(default=32, ge=1, le=64, description="Channels of the recordings")
    sfreq: float = Field(default=120.0, gt=100, description="Of the files, Hz")
    snr: float = Field(default=0.15, ge=0, description="Response to background noise, amplitude")
    low_level_share: float = Field(
        default=0.4, ge=0, le=1, description="Of the response's variance, low-level features"
    )
    category_share: float = Field(
        default=0.5, ge=0, le=1, description="Of the latents' variance, between categories"
    )
    latent_dimensions: int = Field(
        default=16, ge=1, description="In which pictures differ; brains tell few features apart"
    )
    pictures: str = Field(
        default="default", description="Generator of the pictures: faces, drawn, or the default"
    )
    early: tuple[str, ...] = Field(
        default=("colour_histogram", "hog"),
        min_length=1,
        description="Encoders whose features the early response carries",
    )
    late: str = Field(
        default="default", description="Encoder whose features the late response carries"
    )
    encoder_options: dict[str, dict[str, Any]] = Field(
        default={}, description="Options by encoder, as {efficientnet_lite0: {size: 128}}"
    )
    common_head: bool = Field(default=False, description="The same sources in everybody")


class ImageData(TrialsSection):
    """Recordings of people who look at pictures: a data set, a BIDS folder, the simulation."""

    options: dict[str, Any] = Field(
        default={}, description="Options of the data set's loader, as {task: things}"
    )
    allow_missing: bool = Field(default=False, description="Go on with the files that are here")
    bank: Path | None = Field(
        default=None, description="Folder of pictures never shown: more candidates"
    )
    simulation: ViewerSimulation = ViewerSimulation()


class ViewingSignals(ContinuousSection):
    """From recordings to windows around picture onsets; defaults of Benchetrit et al. (2024)."""

    tmax: float = Field(default=1.0, description="Window end after the onset, s, included")
    lag: float = Field(default=0.0, ge=0, le=0, description="A picture has no time course: 0")


class PictureSplit(Section):
    """Which trials train, validate and test."""

    protocol: str = Field(
        default="zero_shot",
        description="zero_shot: test categories unseen in training; unseen_images; "
        "unseen_recordings: pictures known; random_trials: leaks",
    )
    valid: float = Field(default=0.2, gt=0, lt=1, description="Share of the training pictures")
    test: float = Field(
        default=0.1, gt=0, lt=1, description="Share tested, where the data set names no test"
    )

    @field_validator("protocol")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in PICTURE_PROTOCOLS:
            raise ValueError(unknown("protocol", value, PICTURE_PROTOCOLS))
        return value


class EmbeddingSection(Section):
    """How a picture becomes a target."""

    target: str = Field(
        default=DEFAULT, description="Encoder of the decoders that name none; see the user guide"
    )
    options: dict[str, dict[str, Any]] = Field(
        default={}, description="Options by encoder, as {dinov2: {pooling: mean}}"
    )
    scaling: Scaling = Field(
        default="none",
        description="Targets of networks: as they are (published), or every feature by its mean "
        "and deviation over training pictures",
    )

    @field_validator("target")
    @classmethod
    def _installed(cls, value: str) -> str:
        """Put the name of what is installed here, so that every job of a run reads the same."""
        target = default_picture_encoder() if value == DEFAULT else value
        check_target(target)
        return target

    @field_validator("options")
    @classmethod
    def _known(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name in value:
            if name not in PICTURE_ENCODERS:
                raise ValueError(unknown("picture encoder", name, PICTURE_ENCODERS))
        return value


class ImageTraining(Section):
    """Optimiser and losses; the defaults are the published ones."""

    batch_size: int = Field(default=128, ge=2, description="Windows per update")
    learning_rate: float = Field(default=3e-4, gt=0, description="Learning rate of Adam")
    clip_weight: float = Field(
        default=0.75, ge=0, le=1, description="Lambda of 'joint': 1 is the contrastive loss alone"
    )
    symmetric: bool = Field(
        default=False, description="Both directions, as the main text says; appendix B: one"
    )
    normalise_estimates: bool = Field(
        default=False, description="Cosine similarity; appendix B: candidates' norm alone"
    )
    temperature: float = Field(default=1.0, gt=0, description="Scores are divided by it")
    learn_temperature: bool = Field(default=False, description="As the main text says")
    merge_duplicates: bool = Field(
        default=True, description="The same picture twice in a batch is no negative of itself"
    )
    gather: bool = Field(
        default=True,
        description="On several devices: negatives from all of them together, as on a single one",
    )


class ImageRidge(Section):
    """The linear baseline."""

    alphas: tuple[float, ...] = Field(
        default=tuple(10.0**k for k in range(-1, 9)),
        min_length=1,
        description="Penalties that are tried",
    )
    folds: int = Field(default=5, ge=2, description="All presentations of a picture in one fold")
    pooling: Literal["participant", "pooled"] = Field(
        default="participant", description="One model each, or one for all on common channels"
    )
    average: int = Field(default=1, ge=1, description="Samples averaged into one beforehand")
    scaling: Scaling = Field(
        default="standardise",
        description="Targets of ridge; uncentred ones would rank pictures by their likeness to the "
        "mean picture",
    )


class ImageConfig(Experiment):
    """One experiment of the ``image`` pipeline."""

    data: ImageData
    signals: ViewingSignals = ViewingSignals()
    split: PictureSplit = PictureSplit()
    embedding: EmbeddingSection = EmbeddingSection()
    brain: BrainSection = BrainSection(n_blocks=2)
    head: HeadSection = HeadSection()
    training: ImageTraining = ImageTraining()
    trainer: TrainerSection = TrainerSection()
    ridge: ImageRidge = ImageRidge()
    decoders: tuple[str, ...] = Field(
        default=("contrastive", "ridge"),
        min_length=1,
        description="'objective' or 'objective, target'; first: the one the report is about",
    )
    seeds: tuple[int, ...] = Field(
        default=(1,), min_length=1, description="One training each (published: three)"
    )
    time: TimeSection = TimeSection()
    generation: GenerationSection = GenerationSection()
    evaluation: ImageEvaluation = ImageEvaluation()
    references: dict[str, float] = Field(
        default={}, description="Published figures to compare with, by what they are"
    )

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "split", "seed"),
        "prepare": ("data", "signals", "split", "seed"),
        "train": ("data", "signals", "embedding", "brain", "head", "training", "trainer", "ridge",
                  "time.decoders", "generation.generator", "generation.options",
                  "generation.clip_weights", "generation.window_clip_weight"),
        "evaluate": ("data", "evaluation", "generation", "seed"),
        "report": ("description", "decoders", "seeds", "time", "evaluation", "references", "seed"),
    }  # fmt: skip
    """Decoders, seeds and windows are in the names of the units that they make."""

    @field_validator("decoders")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            parse_decoder(name)
        return value

    @model_validator(mode="after")
    def _windows_inside(self) -> ImageConfig:
        spans = [*self.time.spans(), *self.generation.windows]
        slack = 0.5 / self.signals.sfreq
        for start, stop in spans:
            if stop <= start:
                raise ValueError(f"window {start:g} to {stop:g} s ends before it begins")
            if start < self.signals.tmin - slack or stop > self.signals.tmax + slack:
                raise ValueError(
                    f"window {start:g} to {stop:g} s lies outside signals.tmin="
                    f"{self.signals.tmin:g} to tmax={self.signals.tmax:g}"
                )
        return self

    @property
    def main(self) -> Decoder:
        """The decoder the report is about."""
        return parse_decoder(self.decoders[0])

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per decoder and seed, per time window, and per generation window.

        Each job reads all stores: candidates are everybody's test pictures.
        """
        names = []
        for name in self.decoders:
            decoder = parse_decoder(name)
            once = decoder.shuffled or decoder.objective == "ridge"
            names += [
                f"{slug(name)}.seed-{seed}" for seed in (self.seeds[:1] if once else self.seeds)
            ]
        names += self.time.unit_names()
        names += self.generation.unit_names()
        return dict.fromkeys(names, subjects)

    def simulated_subjects(self) -> list[str]:
        """Labels ``01``, ``02``, ... of the simulated participants."""
        if self.data.path is not None or self.data.dataset != SIMULATED:
            return []
        return [f"{i + 1:02d}" for i in range(self.data.simulation.n_participants)]
