"""Settings of the benchmark of ``image``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from neurodecode.benchmarks.method import MAIN, ArraySection, Benchmark
from neurodecode.config import Section

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig


class RidgeSection(Section):
    """Ridge regression from flattened windows to an embedding; its penalty is chosen."""

    n_targets: int = Field(default=256, ge=1, description="Numbers of the embedding")
    n_alphas: int = Field(default=12, ge=2, description="Penalties tried")
    n_folds: int = Field(default=5, ge=2, description="Folds by which the penalty is chosen")
    precision: Literal["float32", "float64"] = Field(
        default="float64",
        description="Of windows and targets; in float32 himalaya's KernelRidgeCV loses digits",
    )


class RetrievalSection(Section):
    """Predicted embeddings ranked against all pictures of the large test set and those unseen."""

    n_queries: int = Field(default=2400, ge=1, description="Test trials, each ranked once")
    n_candidates: int = Field(
        default=6059, ge=2, description="Pictures among which each one is looked for"
    )
    n_features: int = Field(default=768, ge=1, description="Numbers of a picture's embedding")


class ImageBenchmark(Benchmark):
    """Linear baseline and retrieval of ``image``."""

    method: Literal["image"] = Field(
        default="image", description="Whose benchmark: the pipeline that is timed"
    )
    ridge: RidgeSection = RidgeSection()
    retrieval: RetrievalSection = RetrievalSection()

    targets: ClassVar[dict[str, float]] = {"scikit_learn": 5.0, "himalaya": 1.0, "retrieval": 2.0}
    tolerances: ClassVar[dict[str, float]] = {"ridge": 1e-4, "ranks": 1.0}

    def check(self, simulation: ArraySection) -> None:
        """Refuse fewer trials than two per fold."""
        if simulation.n_trials < 2 * self.ridge.n_folds:
            raise ValueError(f"data.simulation.n_trials must be {2 * self.ridge.n_folds} or more")

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job of each kind per number of threads and repeat."""
        pairs = [(r + 1, w) for r in range(repeats) for w in workers]
        ridge: dict[str, list[str]] = {f"ridge-threads-{w}-repeat-{r}": [MAIN] for r, w in pairs}
        return {**ridge, **{f"retrieval-threads-{w}-repeat-{r}": [] for r, w in pairs}}


def settings_of(config: BenchConfig) -> ImageBenchmark:
    """Return the settings of an experiment that times ``image``."""
    assert isinstance(config.benchmark, ImageBenchmark)
    return config.benchmark
