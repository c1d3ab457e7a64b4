"""Settings of the ``emotion`` pipeline."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import Experiment, Section, TrialsSection
from neurodecode.emotion.config_model import NetworkSection
from neurodecode.emotion.config_signals import PreparationSettings
from neurodecode.emotion.config_training import CalibrationSection, SourceSection, WithinSection
from neurodecode.emotion.decoders import decoder_of
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS, SplitSettings, rated_protocol
from neurodecode.faults import ConfigFault, unknown

SIMULATED = "simulated-rated"
ACROSS = ("calibrated", "zero_shot", "zero_shot_unseen_clips")
"""Protocols whose models are trained on other people; the rest stays within a subject."""


class RatedSimulation(Section):
    """The simulated viewers (see ``neurodecode.datasets.simulate.rated``)."""

    n_subjects: int = Field(default=6, ge=1, le=99, description="Simulated viewers")
    n_clips: int = Field(default=18, ge=2, description="Everybody watches all of them")
    seconds: float = Field(default=60.0, gt=0, description="Of a clip")
    baseline_seconds: float = Field(default=61.0, ge=0, description="Before each clip")
    effect: float = Field(default=1.25, ge=0, description="Strength of what is felt")
    deviation: float = Field(
        default=0.3, ge=0, le=1, description="Share of what is felt that is a person's own"
    )
    clip_identity: float = Field(
        default=0.7, ge=0, description="Nuisance: a signature of each clip, unrelated to ratings"
    )
    drift: float = Field(default=0.4, ge=0, description="Nuisance: slow drift over the session")
    subject_gain: float = Field(default=0.5, ge=0, description="Nuisance: people differ")


class RatedDataSection(TrialsSection):
    """Rated clips: a data set by name, a local BIDS folder, the simulation."""

    options: dict[str, Any] = Field(default={}, description="Options of the data set's loader")
    allow_missing: bool = Field(default=False, description="Go on with the files that are here")
    simulation: RatedSimulation = RatedSimulation()


class SplitSection(Section):
    """How each protocol divides the trials; each reads what concerns it."""

    n_pieces: int = Field(
        default=10, ge=3, description="time_blocks: contiguous pieces of every clip"
    )
    n_folds: int = Field(default=6, ge=3, description="Clips held out together: groups of clips")
    n_random_folds: int = Field(default=10, ge=3, description="random_windows: folds")
    calibration_seconds: float = Field(
        default=10.0, gt=0, description="calibrated: the beginning of every clip of the target"
    )
    sources: Literal["all", "previous", "none"] = Field(
        default="all",
        description="calibrated: trained before on all others, on the previous subject, on nobody",
    )
    valid_subjects: int = Field(default=1, ge=1, description="Sources that validate")
    missing: Literal["fault", "warn"] = Field(
        default="fault",
        description="A level that is tested and not trained on: stop, or count it as errors",
    )
    max_folds: int | None = Field(
        default=None, ge=1, description="Run so many of a subject's folds only, evenly spaced"
    )

    def settings(self, sampling_rate: float, window_samples: int, seed: int) -> SplitSettings:
        """Return what the protocols read; lengths in samples."""
        return SplitSettings(
            n_pieces=self.n_pieces, n_folds=self.n_folds, n_random_folds=self.n_random_folds,
            window_samples=window_samples, sources=self.sources, seed=seed, missing=self.missing,
            calibration_samples=round(self.calibration_seconds * sampling_rate),
            valid_subjects=self.valid_subjects,
        )  # fmt: skip


class EmotionEvaluation(Section):
    """How answers are scored."""

    n_crops: int = Field(
        default=1000,
        ge=0,
        description="Random test windows with equal levels per fold, as published; 0: none",
    )
    n_optimal: int = Field(
        default=500, ge=50, description="Simulated windows for the best possible score"
    )
    n_resamples: int = Field(default=2000, ge=100, description="Of trials, for intervals")
    n_permutations: int = Field(default=1000, ge=0, description="Shuffles of ratings, for p")


class EmotionConfig(Experiment):
    """One experiment of the ``emotion`` pipeline."""

    data: RatedDataSection
    labels: tuple[str, ...] = Field(
        default=("valence", "arousal"), min_length=1, description="Ratings that are decoded"
    )
    signals: PreparationSettings = PreparationSettings()
    window_seconds: float = Field(default=1.0, gt=0, description="Of what is decoded")
    protocols: tuple[str, ...] = Field(
        default=("leave_clips_out", "time_blocks"),
        min_length=1,
        description="Splits; first: the one the report is about",
    )
    split: SplitSection = SplitSection()
    models: tuple[str, ...] = Field(
        default=("HiSTN G0", "HiSTN G0, one-hot"),
        min_length=1,
        description="Decoders; first: the one the report is about",
    )
    models_across: tuple[str, ...] | None = Field(
        default=None, description="Of protocols across subjects; null: the same"
    )
    sigma: float = Field(default=0.5, gt=0, description="Of smoothed ratings, in levels")
    network: NetworkSection = NetworkSection()
    within: WithinSection = WithinSection()
    sources: SourceSection = SourceSection()
    calibration: CalibrationSection = CalibrationSection()
    jobs: Literal["model", "subject"] = Field(
        default="model",
        description="A job of train is a model and a subject, or all models of a subject",
    )
    evaluation: EmotionEvaluation = EmotionEvaluation()

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "seed"),
        "prepare": ("data.options", "signals"),
        "train": ("labels", "window_seconds", "split", "sigma", "network", "within", "sources",
                  "calibration", "models", "models_across", "seed"),
        "evaluate": ("evaluation", "labels", "window_seconds", "split", "seed"),
        "report": ("description", "models", "models_across", "protocols", "labels", "evaluation"),
    }  # fmt: skip

    @field_validator("protocols")
    @classmethod
    def _known_protocols(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in RATED_PROTOCOLS:
                raise ValueError(unknown("protocol", name, RATED_PROTOCOLS))
        return value

    @field_validator("models", "models_across")
    @classmethod
    def _known_models(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in value or ():
            decoder_of(name)
        return value

    @field_validator("labels", "protocols", "models")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        twice = [name for name in value if value.count(name) > 1]
        if twice:
            raise ValueError(f"'{twice[0]}' stands twice")
        return value

    @model_validator(mode="after")
    def _fits(self) -> EmotionConfig:
        if self.window_seconds > self.signals.seconds:
            raise ValueError(
                f"window_seconds {self.window_seconds:g} is longer than signals.seconds "
                f"{self.signals.seconds:g}"
            )
        return self

    @property
    def window_samples(self) -> int:
        """Samples of a window."""
        return round(self.window_seconds * self.signals.sampling_rate)

    def models_of(self, protocol: str) -> tuple[str, ...]:
        """Return the decoders that a protocol trains."""
        if protocol in ACROSS and self.models_across is not None:
            return self.models_across
        return self.models

    def fewest_subjects(self, protocol: str) -> int:
        """Return how many people a protocol needs: the tested one, and those it learns from."""
        if protocol not in ACROSS:
            return 1
        alone = protocol == "calibrated" and self.split.sources == "none"
        return self.split.valid_subjects + (1 if alone else 2)

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per protocol and tested subject, and per model unless ``jobs: subject``.

        Raises
        ------
        ConfigFault
            If there are fewer subjects than a protocol needs.
        """
        found = {}
        for protocol in self.protocols:
            self._require_people(protocol, len(subjects))
            slugs = [decoder_of(name).slug for name in self.models_of(protocol)]
            for subject in subjects:
                read = subjects if protocol in ACROSS else [subject]
                for middle in [""] if self.jobs == "subject" else [f".{slug}" for slug in slugs]:
                    found[f"{protocol}{middle}.sub-{subject}"] = read
        return found

    def _require_people(self, protocol: str, n_subjects: int) -> None:
        needed = self.fewest_subjects(protocol)
        if n_subjects >= needed:
            return
        within = [name for name in self.protocols if name not in ACROSS] or ["leave_clips_out"]
        raise ConfigFault(
            f"protocol {protocol} needs {needed} subjects, {self.split.valid_subjects} of them to "
            f"validate; there {'is' if n_subjects == 1 else 'are'} {n_subjects}",
            where="protocols",
            fix=f"add subjects, or stay within them: protocols=[{', '.join(within)}]",
        )

    def simulated_subjects(self) -> list[str]:
        """Labels ``01``, ``02``, ... of the simulated viewers."""
        if self.data.path is not None or self.data.dataset != SIMULATED:
            return []
        return [f"{i + 1:02d}" for i in range(self.data.simulation.n_subjects)]

    def leaks(self, protocol: str) -> str | None:
        """Return what leaks in a protocol, or None."""
        return rated_protocol(protocol).leaks
