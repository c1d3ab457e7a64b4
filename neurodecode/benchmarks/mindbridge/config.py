"""Settings of the benchmark of ``mindbridge``; the defaults are the published sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from neurodecode.benchmarks.method import Benchmark
from neurodecode.config import Section
from neurodecode.mindbridge.config_model import BridgeSection

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig


class BridgeStepSection(Section):
    """A training step of all subjects: forward, six losses, backward, AdamW."""

    n_subjects: int = Field(
        default=4, ge=2, description="People who share the translator; published: 4"
    )
    batch_size: int = Field(default=50, ge=2, description="Of each subject")
    image_shape: tuple[int, ...] = Field(
        default=(257, 768), min_length=1, description="Tokens x features of a picture's target"
    )
    text_shape: tuple[int, ...] = Field(
        default=(77, 768), min_length=1, description="Tokens x features of a caption's target"
    )
    rounds: int = Field(default=5, ge=1, description="Timed steps of each program per job")


class MindBridgeBenchmark(Benchmark):
    """Training step of ``mindbridge``."""

    method: Literal["mindbridge"] = Field(
        default="mindbridge", description="Whose benchmark: the pipeline that is timed"
    )
    bridge: BridgeSection = BridgeSection()
    step: BridgeStepSection = BridgeStepSection()

    targets: ClassVar[dict[str, float]] = {"step": 1.0, "memory_gb": 24.0}
    tolerances: ClassVar[dict[str, float]] = {"loss": 1e-4, "gradient": 1e-4}

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job per number of threads and repeat."""
        return {f"step-threads-{w}-repeat-{r + 1}": [] for r in range(repeats) for w in workers}


def settings_of(config: BenchConfig) -> MindBridgeBenchmark:
    """Return the settings of an experiment that times ``mindbridge``."""
    assert isinstance(config.benchmark, MindBridgeBenchmark)
    return config.benchmark
