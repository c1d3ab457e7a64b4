"""Settings of the benchmark of ``acm``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from neurodecode.benchmarks.method import MAIN, ArraySection, Benchmark, Shape
from neurodecode.config import Section

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig

WIDE = "wide"
"""Name of the simulated array of many channels."""
FEWEST_TRIALS = 20


class CostSection(Section):
    """Cost curves: seconds of one (order, lag) point against one size, the others as they are."""

    channels: tuple[int, ...] = Field(default=(), description="Numbers of channels")
    orders: tuple[int, ...] = Field(default=(), description="Embedding dimensions")
    trials: tuple[int, ...] = Field(default=(), description="Numbers of trials given to the search")
    order: int = Field(default=4, ge=1, description="Order where it is not what varies")
    lag: int = Field(default=4, ge=1, description="Lag of every curve, in samples")
    repeats: int = Field(default=3, ge=1, description="Timings of each size; medians are drawn")


class ACMBenchmark(Benchmark):
    """The nested search of ``acm`` against MOABB's embedding, pyRiemann and GridSearchCV.

    Defaults are the paper's grid.
    """

    method: Literal["acm"] = Field(
        default="acm", description="Whose benchmark: the pipeline that is timed"
    )
    orders: tuple[int, ...] = Field(
        default=tuple(range(1, 11)), min_length=1, description="Embedding dimensions of the grid"
    )
    lags: tuple[int, ...] = Field(
        default=tuple(range(1, 11)), min_length=1, description="Lags of the grid, in samples"
    )
    C: tuple[float, ...] = Field(
        default=(0.5, 1.0, 1.5),
        min_length=1,
        description="Inverse regularisations of the SVM in the grid",
    )
    kernels: tuple[Literal["linear", "rbf"], ...] = Field(
        default=("linear", "rbf"), min_length=1, description="Kernels of the SVM in the grid"
    )
    n_splits: int = Field(default=3, ge=2, description="Inner folds")
    outer_splits: int = Field(default=5, ge=2, description="The first outer training set is timed")
    sampled: tuple[tuple[int, int], ...] = Field(
        min_length=1,
        description="(order, lag) pairs at which the peer is timed; its whole search is estimated "
        "from them. Smallest and largest order must be among them",
    )
    cost: CostSection = CostSection()

    targets: ClassVar[dict[str, float]] = {"exact": 30.0, "shared": 50.0}
    tolerances: ClassVar[dict[str, float]] = {"auc": 1e-3}

    @model_validator(mode="after")
    def _sample_spans_the_grid(self) -> ACMBenchmark:
        sampled = {order for order, _ in self.sampled}
        if not sampled <= set(self.orders) or not {lag for _, lag in self.sampled} <= set(
            self.lags
        ):
            raise ValueError("every sampled pair must be one of orders and lags")
        if not {min(self.orders), max(self.orders)} <= sampled:
            raise ValueError("smallest and largest order must be sampled, nothing is extrapolated")
        return self

    @property
    def n_settings(self) -> int:
        """Classifier settings per (order, lag)."""
        return len(self.C) * len(self.kernels)

    @property
    def n_candidates(self) -> int:
        """Candidates of the whole grid."""
        return len(self.orders) * len(self.lags) * self.n_settings

    def check(self, simulation: ArraySection) -> None:
        """Refuse too few trials, and a curve over more trials than there are."""
        if simulation.n_trials < FEWEST_TRIALS:
            raise ValueError(f"data.simulation.n_trials must be {FEWEST_TRIALS} or more")
        if max(self.cost.trials, default=0) > simulation.n_trials:
            raise ValueError("benchmark.cost.trials has more than data.simulation.n_trials")

    def arrays(self, main: ArraySection) -> dict[str, Shape]:
        """Return the array of the comparison and, for the curve over channels, a wide one."""
        found = super().arrays(main)
        if self.cost.channels:
            found[WIDE] = (main.n_trials, max(self.cost.channels), main.n_samples)
        return found

    def units(self, workers: tuple[int, ...], repeats: int) -> dict[str, list[str]]:
        """One job per number of workers and repeat, then one per cost curve."""
        pairs = [(r, w) for r in range(repeats) for w in workers]
        timed = {f"workers-{w}-repeat-{r + 1}": [MAIN] for r, w in pairs}
        arrays = {"channels": WIDE, "orders": MAIN, "trials": MAIN}
        curves = {f"cost-{c}": [a] for c, a in arrays.items() if getattr(self.cost, c)}
        return timed | curves


def settings_of(config: BenchConfig) -> ACMBenchmark:
    """Return the settings of an experiment that times ``acm``."""
    assert isinstance(config.benchmark, ACMBenchmark)
    return config.benchmark
