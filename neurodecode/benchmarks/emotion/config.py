"""Settings of the benchmark of ``emotion``; the defaults are the published sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from neurodecode.benchmarks.method import Benchmark
from neurodecode.config import Section

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig


class EmotionStepSection(Section):
    """Training steps and inference on windows of 14 channels, one second at 128 Hz."""

    batch_size: int = Field(default=256, ge=2, description="Windows per step")
    rounds: int = Field(default=7, ge=6, description="In each of which every program is timed")
    seconds_per_round: float = Field(
        default=0.3, ge=0, description="About as long each program trains, and decodes; one step"
    )


class EmotionBenchmark(Benchmark):
    """Training step and inference of HiSTN."""

    method: Literal["emotion"] = Field(
        default="emotion", description="Whose benchmark: the pipeline that is timed"
    )
    graph: Literal["G0", "G1", "G2"] = Field(
        default="G0", description="Hierarchy of HiSTN that is timed"
    )
    step: EmotionStepSection = EmotionStepSection()

    targets: ClassVar[dict[str, float]] = {
        "plain_training": 2.0,
        "plain_inference": 2.0,
        "eegnet_training": 1.0,
        "eegnet_inference": 1.0,
    }
    tolerances: ClassVar[dict[str, float]] = {"outputs": 1e-5, "gradient": 1e-4}

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job per number of threads and repeat."""
        return {f"step-threads-{w}-repeat-{r + 1}": [] for r in range(repeats) for w in workers}


def settings_of(config: BenchConfig) -> EmotionBenchmark:
    """Return the settings of an experiment that times ``emotion``."""
    assert isinstance(config.benchmark, EmotionBenchmark)
    return config.benchmark
