"""Settings of the benchmark of ``mci``; the defaults are the size that the claim is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator

from neurodecode.benchmarks.method import Benchmark
from neurodecode.config import Section
from neurodecode.morphometry.choices import CLASSIFIER_NAMES, require_known

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig


class NestedSection(Section):
    """The nested search, and how much of it is timed."""

    n_people: int = Field(default=160, ge=20, description="People in the table, of both groups")
    n_measures: int = Field(default=180, ge=3, description="Brain measures of each person")
    classifiers: tuple[str, ...] = Field(
        default=(
            "gaussian nb", "kernel nb", "lda", "logistic", "linear svm", "medium knn",
            "medium tree", "rusboost",
        ),
        description="What is searched, as `mci` names them",
    )  # fmt: skip
    candidates: int = Field(default=20, ge=1, description="Settings of each classifier")
    outer_folds: int = Field(default=5, ge=2, description="Folds that are scored")
    inner_folds: int = Field(
        default=5, ge=2, description="Folds of each training part, in which settings are chosen"
    )
    replicates: int = Field(default=100, ge=1, description="Of the whole, which is extrapolated")
    timed_replicates: int = Field(default=1, ge=1, description="Of ours, that are carried out")
    timed_folds: int = Field(
        default=1, ge=1, description="Outer folds of the first replicate that the plain loop does"
    )

    @field_validator("classifiers")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        require_known("classifier", value, CLASSIFIER_NAMES)
        return value


class MCIBenchmark(Benchmark):
    """Nested search of ``mci`` against the plain scikit-learn loop."""

    method: Literal["mci"] = Field(
        default="mci", description="Whose benchmark: the pipeline that is timed"
    )
    nested: NestedSection = NestedSection()

    targets: ClassVar[dict[str, float]] = {"plain": 4.0}
    tolerances: ClassVar[dict[str, float]] = {"scores": 1e-9, "inner": 1e-12}

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job per number of workers and repeat."""
        return {f"nested-workers-{w}-repeat-{r + 1}": [] for r in range(repeats) for w in workers}


def settings_of(config: BenchConfig) -> MCIBenchmark:
    """Return the settings of an experiment that times ``mci``."""
    assert isinstance(config.benchmark, MCIBenchmark)
    return config.benchmark
