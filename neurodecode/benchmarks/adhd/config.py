"""Settings of the benchmark of ``adhd``; the defaults are the published size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from neurodecode.benchmarks.method import Benchmark
from neurodecode.config import Section

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig

KINDS = ("subject", "counting", "small")
Density = Annotated[float, Field(gt=0, lt=1)]


class BrainSection(Section):
    """The person that is simulated: networks and smooth noise in MNI space, band-passed."""

    voxel_mm: int = Field(default=4, ge=3, le=15, description="4 mm: 29,398 voxels")
    n_volumes: int = Field(default=172, ge=20, description="Volumes of the scan")
    t_r: float = Field(default=2.0, gt=0, description="Repetition time, s")
    n_networks: int = Field(
        default=40, ge=0, description="Networks whose voxels share a course; 0: noise alone"
    )


class WholeSubjectSection(Section):
    """From courses to maps: correlation, degree and 3-cycles at one threshold."""

    density: Density = Field(default=0.015, description="Its threshold is found before, untimed")
    rounds: int = Field(default=2, ge=1, description="Turns per job")


class CountingSection(Section):
    """3-cycles of graphs that are there already."""

    densities: tuple[Density, ...] = Field(
        default=(0.004, 0.015, 0.07),
        min_length=1,
        description="Shares of all pairs that are edges, one graph for each",
    )
    n_rows: int = Field(
        default=512, ge=1, description="Voxels that dense and sparse peers count; ours counts all"
    )
    small_voxel_mm: int = Field(
        default=8, ge=3, le=15, description="For networkx and igraph; 8 mm: 3,666 voxels"
    )
    rounds: int = Field(default=1, ge=1, description="Turns of each program per job")


class ADHDBenchmark(Benchmark):
    """Voxel networks of ``adhd``: a whole subject, and 3-cycles against peers."""

    method: Literal["adhd"] = Field(
        default="adhd", description="Whose benchmark: the pipeline that is timed"
    )
    brain: BrainSection = BrainSection()
    subject: WholeSubjectSection = WholeSubjectSection()
    counting: CountingSection = CountingSection()
    n_subjects: int = Field(default=947, ge=1, description="Of the study whose cost is stated")

    targets: ClassVar[dict[str, float]] = {
        "subject_seconds": 10.0,
        "subject_gb": 3.0,
        "dense": 5.0,
        "sparse": 2.0,
        "networkx": 10.0,
    }
    tolerances: ClassVar[dict[str, float]] = {"counts": 0.0}

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job of each kind per number of threads and repeat."""
        return {
            f"{kind}-threads-{w}-repeat-{r + 1}": []
            for kind in KINDS for r in range(repeats) for w in workers
        }  # fmt: skip


def settings_of(config: BenchConfig) -> ADHDBenchmark:
    """Return the settings of an experiment that times ``adhd``."""
    assert isinstance(config.benchmark, ADHDBenchmark)
    return config.benchmark
