"""Settings of the ``bench`` pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from neurodecode.benchmarks.acm.config import ACMBenchmark
from neurodecode.benchmarks.adhd.config import ADHDBenchmark
from neurodecode.benchmarks.emotion.config import EmotionBenchmark
from neurodecode.benchmarks.image.config import ImageBenchmark
from neurodecode.benchmarks.mci.config import MCIBenchmark
from neurodecode.benchmarks.method import ArraySection
from neurodecode.benchmarks.mindbridge.config import MindBridgeBenchmark
from neurodecode.benchmarks.speech.config import SpeechBenchmark
from neurodecode.benchmarks.spikes.config import SpikesBenchmark
from neurodecode.config import DataSection, Experiment
from neurodecode.faults import unknown

STEPS = {"train": "measure", "evaluate": "evaluation", "report": "results"}
"""Module of a method's package that carries out a rule."""


class BenchData(DataSection):
    """The arrays that are timed."""

    simulation: ArraySection = ArraySection()


class BenchConfig(Experiment):
    """One experiment of the ``bench`` pipeline, named after the method that is timed."""

    data: BenchData
    benchmark: Annotated[
        ACMBenchmark
        | SpeechBenchmark
        | ImageBenchmark
        | MindBridgeBenchmark
        | EmotionBenchmark
        | SpikesBenchmark
        | ADHDBenchmark
        | MCIBenchmark,
        Field(
            discriminator="method",
            description="What is timed; `method` names the pipeline and decides which of the keys "
            "below there are",
        ),
    ]
    workers: tuple[int, ...] = Field(
        default=(1, 2),
        min_length=1,
        description="Worker processes (acm, mci) or threads (the others), of both programs alike; "
        "the plain loop of mci has one process",
    )
    repeats: int = Field(default=3, ge=1, description="Timings of everything; medians are reported")
    tolerances: dict[str, float] = Field(
        default={},
        description="Largest differences at which times are compared, where not the method's own",
    )
    targets: dict[str, float] = Field(
        default={}, description="Figures claimed, where not the method's own"
    )

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "benchmark", "seed"),
        "prepare": ("data", "benchmark", "seed"),
        "train": ("benchmark", "seed"),
        "evaluate": ("benchmark", "tolerances"),
        "report": ("description", "benchmark", "workers", "repeats", "tolerances", "targets"),
    }

    @model_validator(mode="after")
    def _fits_the_method(self) -> BenchConfig:
        self.benchmark.check(self.data.simulation)
        for name in ("targets", "tolerances"):
            own = getattr(self.benchmark, name)
            for key in getattr(self, name):
                if key not in own:
                    raise ValueError(unknown(f"entry of {name}", key, own))
        return self

    @property
    def claimed(self) -> Mapping[str, float]:
        """All figures claimed, by name."""
        return {**self.benchmark.targets, **self.targets}

    @property
    def tolerated(self) -> Mapping[str, float]:
        """All largest differences from the peer, by name."""
        return {**self.benchmark.tolerances, **self.tolerances}

    def modules(self, rule: str) -> tuple[str, ...]:
        """Name the method's own module for a rule."""
        package = f"neurodecode.benchmarks.{self.benchmark.method}"
        return (f"{package}.{STEPS[rule]}",) if rule in STEPS else ()

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """The jobs of the method."""
        return self.benchmark.units(self.workers, self.repeats)

    def simulated_subjects(self) -> list[str]:
        """Names of the simulated arrays, which take the place of subjects."""
        return list(self.benchmark.arrays(self.data.simulation))
