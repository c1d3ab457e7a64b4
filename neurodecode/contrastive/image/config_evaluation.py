"""Settings of what is asked of trained image decoders: retrieval, time course, generation."""

from __future__ import annotations

from math import floor
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import Section
from neurodecode.contrastive.image.decoders import parse_decoder
from neurodecode.faults import unknown
from neurodecode.stimuli.generation.generator import GENERATORS, default_generator
from neurodecode.stimuli.pictures.encoder import PICTURE_ENCODERS, default_picture_encoder

Span = tuple[float, float]
Average = Literal["single", "repetitions", "participants"]
AVERAGES: dict[str, str] = {
    "single": "single trials",
    "repetitions": "averaged over repetitions",
    "participants": "averaged over repetitions and participants",
}
"""What of a picture's estimates is averaged before they are ranked, in words."""
SETS = ("small", "large")
"""Test sets: one picture of each test category, and the others."""


class SlidingWindows(Section):
    """Windows of one length at regular steps; published: 0.1 s every 0.025 s."""

    length: float = Field(default=0.1, gt=0, description="Length of a window, s")
    start: float = Field(default=-0.1, description="Start of the first window, s")
    stop: float = Field(default=1.0, description="No window ends later, s")
    step: float = Field(default=0.025, gt=0, description="From one start to the next, s")

    def spans(self) -> list[Span]:
        """Return start and stop of every window."""
        n = floor((self.stop - self.length - self.start) / self.step + 1e-6) + 1
        starts = [round(self.start + i * self.step, 4) for i in range(max(n, 0))]
        return [(start, round(start + self.length, 4)) for start in starts]


class GrowingWindows(Section):
    """Windows that all begin at the same time; published: from -0.1 s, 0.025 s more each."""

    start: float = Field(default=-0.1, description="Start of all windows, s")
    first: float = Field(default=0.0, description="End of the shortest window, s")
    stop: float = Field(default=1.0, description="End of the longest, s")
    step: float = Field(default=0.025, gt=0, description="From one end to the next, s")

    def spans(self) -> list[Span]:
        """Return start and stop of every window."""
        n = floor((self.stop - self.first) / self.step + 1e-6) + 1
        return [(self.start, round(self.first + i * self.step, 4)) for i in range(max(n, 0))]


class TimeSection(Section):
    """Decoding from parts of the window, a job each; none: off."""

    decoders: tuple[str, ...] = Field(
        default=("contrastive",), min_length=1, description="Trained on every window"
    )
    sliding: SlidingWindows | None = Field(
        default=None, description="Windows of one length; null: none"
    )
    growing: GrowingWindows | None = Field(
        default=None, description="Windows of one start; null: none"
    )

    @field_validator("decoders")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            parse_decoder(name)
        return value

    @model_validator(mode="after")
    def _some_window(self) -> TimeSection:
        for kind in ("sliding", "growing"):
            windows = getattr(self, kind)
            if windows is not None and not windows.spans():
                raise ValueError(f"no {kind} window fits between its start and stop")
        return self

    def spans(self) -> list[Span]:
        """Return start and stop of all windows."""
        return [span for kind in (self.sliding, self.growing) if kind for span in kind.spans()]

    def unit_names(self) -> list[str]:
        """Return one name per window, as ``sliding.-100_0`` (milliseconds)."""
        return [
            window_name(kind, span)
            for kind, windows in (("sliding", self.sliding), ("growing", self.growing))
            if windows is not None
            for span in windows.spans()
        ]


class GenerationSection(Section):
    """Redrawing the seen picture from predicted latents; no generator: off."""

    generator: str | None = Field(
        default=None, description="faces, drawn, diffusion or unclip; default: faces or drawn"
    )
    options: dict[str, Any] = Field(default={}, description="Options of the generator")
    clip_weights: tuple[float, ...] = Field(
        default=(0.0, 0.25, 0.5, 0.75),
        min_length=1,
        description="Lambdas tried; the one with the best top-5 on validation pictures is kept",
    )
    windows: tuple[Span, ...] = Field(
        default=(), description="Also from these parts of the window alone, (start, stop) in s"
    )
    window_clip_weight: float = Field(
        default=0.5, ge=0, lt=1, description="Lambda of those parts, which is not searched"
    )
    averages: tuple[Average, ...] = Field(
        default=("participants",),
        min_length=1,
        description="What is averaged before a picture is redrawn: nothing, repetitions, or also "
        "participants",
    )
    restandardise: bool = Field(
        default=True,
        description="Predicted features take mean and deviation of the training targets, over "
        "the whole test batch (transductive, as published)",
    )
    max_pictures: int | None = Field(default=None, ge=2, description="Of the small test set")
    identification: tuple[str, ...] = Field(
        default=("default", "pixels"), description="Encoders of the two-way identification"
    )

    @field_validator("generator")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is None or value in GENERATORS:
            return value
        if value == "default":
            return default_generator()
        raise ValueError(unknown("picture generator", value, (*GENERATORS, "default")))

    @field_validator("identification")
    @classmethod
    def _installed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found = [default_picture_encoder() if name == "default" else name for name in value]
        for name in found:
            if name not in PICTURE_ENCODERS:
                raise ValueError(unknown("picture encoder", name, PICTURE_ENCODERS))
        return tuple(found)

    def unit_names(self) -> list[str]:
        """Return "generation", and one name per further window."""
        if self.generator is None:
            return []
        return ["generation.full", *(window_name("generation", span) for span in self.windows)]


class ImageEvaluation(Section):
    """Retrieval of the seen picture."""

    top_k: tuple[int, ...] = Field(
        default=(1, 5),
        min_length=1,
        description="Ranks up to which a retrieved picture counts as found",
    )
    headline_k: int = Field(
        default=5, ge=1, description="The one of `top_k` that the report is about"
    )
    headline_set: Literal["small", "large"] = Field(
        default="small",
        description="Test set that the report is about: of each test category the picture shown "
        "most often (small), or its others (large)",
    )
    headline_average: Average = Field(
        default="repetitions", description="What is averaged in the score that the report is about"
    )
    n_bootstrap: int = Field(default=2000, ge=100, description="Bootstrap samples, for intervals")
    n_permutations: int = Field(default=2000, ge=100, description="Of the cluster test over time")
    stream_trials: int = Field(
        default=20, ge=0, description="Trials replayed in real time for the latency table; 0: off"
    )

    @model_validator(mode="after")
    def _headline_is_computed(self) -> ImageEvaluation:
        if self.headline_k not in self.top_k:
            raise ValueError("headline_k must be one of top_k")
        return self


def window_name(kind: str, span: Span) -> str:
    """Return the name of a unit that sees part of the window.

    Examples
    --------
    >>> window_name("sliding", (-0.1, 0.0))
    'sliding.-100_0'
    """
    start, stop = (round(1000 * edge) for edge in span)
    return f"{kind}.{start}_{stop}"
