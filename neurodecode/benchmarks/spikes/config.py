"""Settings of the benchmark of ``spikes``; the defaults are the published sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from neurodecode.benchmarks.method import ArraySection, Benchmark
from neurodecode.config import Section
from neurodecode.spikes.config_model import FrameSection, NeuroformerConfig, WindowSection
from neurodecode.spikes.config_network import NetworkSection
from neurodecode.spikes.variants import generator_of

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig

VARIANT = "state+past+stimulus+contrastive"
KINDS = ("writing", "training", "cost")


class PopulationSection(Section):
    """The recording that is simulated; the defaults are those of visual navigation, lateral."""

    n_units: int = Field(default=2023, ge=2, description="Neurons of the recording")
    windows: WindowSection = WindowSection(past=0.05, past_block=700)
    frames: FrameSection = FrameSection(window=0.15, kernel=(3, 5, 5))
    frame_shape: tuple[int, int] = Field(default=(30, 100), description="Rows, columns")
    rate_hz: float = Field(default=1.0, gt=0, description="Spikes of a unit per second")


class WritingSection(Section):
    """Windows written greedily, none of which ends early."""

    n_tokens: int = Field(default=100, ge=2, description="Written in each window")
    batch_size: int = Field(default=64, ge=2, description="Windows together, as by default")
    rounds: int = Field(default=1, ge=1, description="Turns of each program per job")


class FusedSection(Section):
    """Training steps: forward, loss, backward, AdamW."""

    batch_size: int = Field(default=4, ge=2, description="Published: 160")
    dropouts: tuple[float, ...] = Field(
        default=(0.2, 0.0),
        min_length=1,
        description="Of everything; PyTorch's fused kernel for processors has none",
    )
    rounds: int = Field(default=3, ge=1, description="Timed steps of each program per job")


class CostSection(Section):
    """Training steps on populations of growing size."""

    n_units: tuple[int, ...] = Field(
        default=(512, 1024, 2048, 4096, 8192),
        min_length=2,
        description="Sizes of the population, from which the exponent is fitted",
    )
    batch_size: int = Field(default=4, ge=1, description="Windows per step")
    rounds: int = Field(default=5, ge=1, description="Timed steps of each population per job")


class SpikesBenchmark(Benchmark):
    """Writing, training and growth of cost of ``spikes``."""

    method: Literal["spikes"] = Field(
        default="spikes", description="Whose benchmark: the pipeline that is timed"
    )
    network: NetworkSection = NetworkSection()
    population: PopulationSection = PopulationSection()
    writing: WritingSection = WritingSection()
    training: FusedSection = FusedSection()
    cost: CostSection = CostSection()

    targets: ClassVar[dict[str, float]] = {
        "writing": 5.0,
        "together": 5.0,
        "training": 1.0,
        "exponent": 1.15,
    }
    tolerances: ClassVar[dict[str, float]] = {"tokens": 0.0, "loss": 1e-5, "gradient": 1e-4}

    def check(self, simulation: ArraySection) -> None:
        """Refuse a network that cannot be built."""
        self.network_of(block=self.population.windows.block)

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job of each kind per number of threads and repeat."""
        return {
            f"{kind}-threads-{w}-repeat-{r + 1}": []
            for kind in KINDS for r in range(repeats) for w in workers
        }  # fmt: skip

    def network_of(self, *, block: int, dropout: float | None = None) -> NeuroformerConfig:
        """Return the settings of the model: past, stimulus and the contrastive loss.

        Parameters
        ----------
        block : int
            Tokens of a current window, SOS among them.
        dropout : float, optional
            Default: that of the network.
        """
        changed = {} if dropout is None else {"dropout": dropout}
        population = self.population
        return self.network.model_copy(update=changed).of(
            generator_of(VARIANT), population.n_units,
            windows=population.windows.model_copy(update={"block": block}),
            frames=population.frames, inputs=(), targets={},
        )  # fmt: skip


def settings_of(config: BenchConfig) -> SpikesBenchmark:
    """Return the settings of an experiment that times ``spikes``."""
    assert isinstance(config.benchmark, SpikesBenchmark)
    return config.benchmark
