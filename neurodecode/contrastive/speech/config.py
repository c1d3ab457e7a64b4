"""Settings of the ``speech`` pipeline."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.artefacts import slug
from neurodecode.config import Experiment, Section, TrialsSection
from neurodecode.contrastive.config_model import BrainSection
from neurodecode.contrastive.speech.decoders import DECODERS, Decoder
from neurodecode.faults import unknown
from neurodecode.signals.continuous import ContinuousSection
from neurodecode.training_config import TrainerSection

SIMULATED = "simulated-listening"
BATCH = 128
"""Windows that a trained network sees at a time."""


class ListenerSimulation(Section):
    """The simulated listeners (see ``neurodecode.datasets.simulate.listening``)."""

    n_participants: int = Field(default=8, ge=1, le=99, description="Simulated listeners")
    n_sentences: int = Field(
        default=180, ge=0, description="Of the synthetic story that all hear, about 3 s each"
    )
    n_channels: int = Field(default=32, ge=1, le=64, description="Before some are dropped")
    sfreq: float = Field(default=128.0, gt=100, description="Of the files, Hz")
    snr: float = Field(
        default=0.1, ge=0, description="Response to background noise, amplitude over all channels"
    )
    lexical_share: float = Field(
        default=0.5, ge=0, le=1, description="Share of the response that words evoke, not sound"
    )
    common_head: bool = Field(default=False, description="The same sources in everybody")
    pops_per_minute: float = Field(default=1.0, ge=0, description="Electrode pops")
    audio: str | None = Field(
        default=None, description="Folder of recorded speech with transcripts.csv, told first"
    )


class SpeechData(TrialsSection):
    """Recordings of listening people: a data set by name, a local BIDS folder, the simulation."""

    options: dict[str, Any] = Field(
        default={},
        description="Options of the data set's loader, as {task: story, montage: standard_1005}",
    )
    allow_missing: bool = Field(default=False, description="Go on with the files that are here")
    simulation: ListenerSimulation = ListenerSimulation()


class StimulusSection(Section):
    """How sound becomes a target."""

    target: Literal["mel", "deep_mel", "wav2vec2", "moonshine", "envelope"] = Field(
        default="mel", description="Of the decoders that name none, as the ablations"
    )
    n_mels: int = Field(default=120, ge=1, description="Bands of the Mel spectrogram")
    options: dict[str, dict[str, Any]] = Field(
        default={}, description="Options by encoder, as {wav2vec2: {layers: article}}"
    )
    deep_mel_width: int = Field(default=320, ge=1, description="Width of the Deep Mel network")
    deep_mel_outputs: int = Field(default=768, ge=1, description="Features of Deep Mel")
    scaler_windows: int = Field(
        default=8000, ge=1, description="Training windows for the target's mean and deviation"
    )

    def options_of(self, encoder: str) -> dict[str, Any]:
        """Return the keyword arguments of one encoder."""
        own = {"n_mels": self.n_mels} if encoder == "mel" else {}
        return {**own, **self.options.get(encoder, {})}


class SentenceSplit(Section):
    """Blocks of sentences, drawn by a hash of their text."""

    test: float = Field(default=0.2, gt=0, lt=1, description="Expected share")
    valid: float = Field(default=0.1, gt=0, lt=1, description="Expected share")
    min_duration: float = Field(
        default=6.0, ge=0, description="Sentences are merged until longer than this, s"
    )


class TrainingSection(Section):
    """Optimiser and loss."""

    batch_size: int = Field(default=256, ge=2, description="Windows per update")
    group_size: int | None = Field(
        default=128,
        ge=2,
        description="Candidates of the loss: 1 true, the rest negatives; null: "
        "the whole batch. The published 127 negatives do not depend on devices here",
    )
    learning_rate: float = Field(default=3e-4, gt=0, description="Learning rate of Adam")
    symmetric: bool = Field(default=False, description="Beyond the paper: both directions")
    temperature: float = Field(
        default=1.0, gt=0, description="Scores are divided by it; the paper has none (1)"
    )
    learn_temperature: bool = Field(default=False, description="Beyond the paper")
    merge_duplicates: bool = Field(
        default=False, description="The same segment twice in a batch is no negative of itself"
    )
    gather: bool = Field(
        default=True,
        description="On several devices: groups from all of them together, as on a single one",
    )


class RidgeSection(Section):
    """The linear baseline: a backward model per participant."""

    tmin: float = Field(default=-0.1, description="First lag of the brain signal, s")
    tmax: float = Field(default=0.5, description="Last lag, s")
    sfreq: float = Field(default=30.0, gt=0, description="Rate of the lagged regression, Hz")
    alphas: tuple[float, ...] = Field(
        default=(1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2),
        min_length=1,
        description="Penalties in units of the mean eigenvalue; chosen on validation windows",
    )

    @model_validator(mode="after")
    def _lags_in_order(self) -> RidgeSection:
        if self.tmax < self.tmin:
            raise ValueError(f"lags need tmin <= tmax, got {self.tmin:g} to {self.tmax:g}")
        return self


class CurveSection(Section):
    """Accuracy against the number of training participants, always tested on the same ones.

    Every point is trained for as many updates as the model of all participants.
    """

    numbers: tuple[int, ...] = Field(
        default=(),
        description="Training participants; none: off; 1: one model for each of those tested",
    )
    tested: int = Field(default=2, ge=1, description="Participants tested, also trained on")

    @model_validator(mode="after")
    def _tested_are_trained_on(self) -> CurveSection:
        for number in self.numbers:
            if number < 1 or 1 < number < self.tested:
                raise ValueError(f"{number} participants cannot hold the tested={self.tested}")
        return self


class AdaptationSection(Section):
    """A participant the model was not trained on: only its layer is fitted."""

    minutes: tuple[float, ...] = Field(default=(), description="Amounts of data; none: off")
    held_out: int = Field(default=1, ge=1, description="The last so many participants, in turn")
    max_epochs: int = Field(default=20, ge=1, description="Epochs of each adaptation")
    learning_rate: float = Field(default=3e-3, gt=0, description="Of each adaptation")


class SpeechEvaluation(Section):
    """Retrieval of the heard segment."""

    top_k: tuple[int, ...] = Field(
        default=(1, 5, 10),
        min_length=1,
        description="Ranks up to which a retrieved segment counts as found",
    )
    headline_k: int = Field(
        default=10, ge=1, description="The one of `top_k` that the report is about"
    )
    batch_size: int = Field(default=BATCH, ge=1, description="Queries at a time")
    n_bootstrap: int = Field(default=2000, ge=100, description="Bootstrap samples, for intervals")

    @model_validator(mode="after")
    def _headline_is_computed(self) -> SpeechEvaluation:
        if self.headline_k not in self.top_k:
            raise ValueError("headline_k must be one of top_k")
        return self


class SpeechConfig(Experiment):
    """One experiment of the ``speech`` pipeline."""

    data: SpeechData
    signals: ContinuousSection = ContinuousSection()
    split: SentenceSplit = SentenceSplit()
    stimulus: StimulusSection = StimulusSection()
    brain: BrainSection = BrainSection()
    training: TrainingSection = TrainingSection()
    trainer: TrainerSection = TrainerSection()
    ridge: RidgeSection = RidgeSection()
    decoders: tuple[str, ...] = Field(
        default=("contrastive",), min_length=1, description="First: the one the report is about"
    )
    seeds: tuple[int, ...] = Field(
        default=(2036,), min_length=1, description="One training each (published: 2036 to 2038)"
    )
    curve: CurveSection = CurveSection()
    adaptation: AdaptationSection = AdaptationSection()
    evaluation: SpeechEvaluation = SpeechEvaluation()
    references: dict[str, float] = Field(
        default={}, description="Published figures to compare with, by what they are"
    )

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "split", "seed"),
        "prepare": ("data", "signals", "split", "seed"),
        "train": ("signals", "stimulus", "brain", "training", "trainer", "ridge", "adaptation"),
        "evaluate": ("evaluation", "stimulus", "curve", "seed"),
        "report": ("description", "decoders", "seeds", "evaluation", "references", "seed"),
    }
    """Decoders and seeds are in the names of the units that they make."""

    @field_validator("decoders")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in DECODERS:
                raise ValueError(unknown("decoder", name, DECODERS))
        return value

    @model_validator(mode="after")
    def _adaptation_has_a_layer(self) -> SpeechConfig:
        section = self.brain.model_copy(update=self.main.brain)
        layerless = self.main.objective == "ridge" or section.participants == "none"
        if self.adaptation.minutes and layerless:
            raise ValueError(
                f"adaptation fits a participant's own layer, '{self.decoders[0]}' has none"
            )
        return self

    @property
    def main(self) -> Decoder:
        """The decoder the report is about."""
        return DECODERS[self.decoders[0]]

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per decoder and seed, number of participants, and held-out participant.

        The last two train the first decoder, with the first seed. Each job reads all stores:
        candidates are everybody's test segments.
        """
        found = {}
        main = f"{slug(self.decoders[0])}.seed-{self.seeds[0]}"
        for name in self.decoders:
            once = DECODERS[name].shuffled or DECODERS[name].objective == "ridge"
            for seed in self.seeds[:1] if once else self.seeds:
                found[f"{slug(name)}.seed-{seed}"] = subjects
        for number in self.curve.numbers:
            if number == 1 < len(subjects):
                alone = subjects[: self.curve.tested]
                found |= {f"{main}.only-{subject}": subjects for subject in alone}
            elif number < len(subjects):
                found[f"{main}.participants-{number}"] = subjects
        if self.adaptation.minutes and len(subjects) > 1:
            for subject in subjects[-self.adaptation.held_out :]:
                found[f"{main}.without-{subject}"] = subjects
        return found

    def simulated_subjects(self) -> list[str]:
        """Labels ``01``, ``02``, ... of the simulated participants."""
        if self.data.path is not None or self.data.dataset != SIMULATED:
            return []
        return [f"{i + 1:02d}" for i in range(self.data.simulation.n_participants)]
