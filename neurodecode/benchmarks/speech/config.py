"""Settings of the benchmark of ``speech``; the defaults are the published sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from neurodecode.benchmarks.method import MAIN, ArraySection, Benchmark
from neurodecode.config import Section
from neurodecode.signals.continuous import ContinuousSection

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig


class StepSection(Section):
    """A training step of the brain module: forward, loss, backward, Adam."""

    batch_size: int = Field(default=16, ge=2, description="Windows per step")
    n_participants: int = Field(
        default=27, ge=1, description="Participants, each with a layer of its own"
    )
    n_features: int = Field(default=1024, ge=1, description="Features of the target, F")
    n_virtual_channels: int = Field(
        default=270, ge=1, description="Channels after spatial attention"
    )
    hidden: int = Field(default=320, ge=1, description="Width of the dilated convolutions")
    n_blocks: int = Field(default=5, ge=1, description="Blocks of dilated convolutions")
    rounds: int = Field(
        default=9, ge=1, description="Timed steps of every program per job; medians are compared"
    )


class WindowsSection(Section):
    """Windows read in random order from the stores of a participant."""

    n_windows: int = Field(default=1024, ge=2, description="Per repeat, over all recordings")
    batch_size: int = Field(default=128, ge=1, description="Windows read at a time")


class RetrievalSection(Section):
    """Test queries ranked against all candidates."""

    n_queries: int = Field(default=20_000, ge=1, description="Test windows, each ranked once")
    n_candidates: int = Field(
        default=1300, ge=2, description="Segments among which each one is looked for"
    )
    n_features: int = Field(default=1024, ge=1, description="Features of a segment, F")
    n_frames: int = Field(default=343, ge=1, description="Samples of a segment, T; published: 343")
    batch_size: int = Field(default=128, ge=1, description="Estimates that arrive at a time")
    n_checked: int = Field(
        default=64, ge=1, description="First queries, whose ranks a dense statement gives too"
    )


class SpeechBenchmark(Benchmark):
    """Training step, reading of windows, and evaluation of ``speech``."""

    method: Literal["speech"] = Field(
        default="speech", description="Whose benchmark: the pipeline that is timed"
    )
    signals: ContinuousSection = Field(
        default=ContinuousSection(), description="Length, baseline and limit of a window"
    )
    step: StepSection = StepSection()
    windows: WindowsSection = WindowsSection()
    retrieval: RetrievalSection = RetrievalSection()

    targets: ClassVar[dict[str, float]] = {"step": 1.3, "windows": 1.0, "memory_gb": 2.0}
    tolerances: ClassVar[dict[str, float]] = {"loss": 1e-5, "windows": 1e-4}

    def check(self, simulation: ArraySection) -> None:
        """Refuse recordings shorter than a window."""
        if simulation.n_samples <= self.signals.n_samples:
            raise ValueError(
                f"data.simulation.n_samples must exceed a window of {self.signals.n_samples}"
            )

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job per number of threads and repeat, one per repeat of reading, one retrieval."""
        pairs = [(r + 1, w) for r in range(repeats) for w in workers]
        steps: dict[str, list[str]] = {f"step-threads-{w}-repeat-{r}": [] for r, w in pairs}
        reading = {f"windows-repeat-{r + 1}": [MAIN] for r in range(repeats)}
        return {**steps, **reading, "retrieval": []}


def settings_of(config: BenchConfig) -> SpeechBenchmark:
    """Return the settings of an experiment that times ``speech``."""
    assert isinstance(config.benchmark, SpeechBenchmark)
    return config.benchmark
