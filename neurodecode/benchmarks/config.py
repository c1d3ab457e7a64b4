"""Settings of the ``bench`` pipeline."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from neurodecode.config import DataSection, Experiment, Section

Shape = tuple[int, int, int]
MAIN, WIDE = "main", "wide"
"""Names of the simulated arrays: the one of the comparison, and the one of many channels."""


class ArraySection(Section):
    """Size of the simulated array (see ``neurodecode.datasets.simulate.band_limited_noise``)."""

    n_trials: int = Field(default=288, ge=20, description="Both classes together")
    n_channels: int = Field(default=22, ge=3)
    n_samples: int = Field(default=1001, ge=50, description="Per trial, at 250 Hz")


class BenchData(DataSection):
    """The arrays that are timed."""

    simulation: ArraySection = ArraySection()


class CostSection(Section):
    """Cost curves: seconds of one (order, lag) point against one size, the others as they are."""

    channels: tuple[int, ...] = Field(default=(), description="Numbers of channels")
    orders: tuple[int, ...] = Field(default=(), description="Embedding dimensions")
    trials: tuple[int, ...] = Field(default=(), description="Numbers of trials given to the search")
    order: int = Field(default=4, ge=1, description="Order where it is not what varies")
    lag: int = Field(default=4, ge=1)
    repeats: int = Field(default=3, ge=1)


class ACMBenchmark(Section):
    """The nested search of ``acm`` against MOABB's embedding, pyRiemann and GridSearchCV.

    Defaults are the paper's grid.
    """

    method: Literal["acm"] = "acm"
    orders: tuple[int, ...] = Field(default=tuple(range(1, 11)), min_length=1)
    lags: tuple[int, ...] = Field(default=tuple(range(1, 11)), min_length=1)
    C: tuple[float, ...] = Field(default=(0.5, 1.0, 1.5), min_length=1)
    kernels: tuple[Literal["linear", "rbf"], ...] = Field(default=("linear", "rbf"), min_length=1)
    n_splits: int = Field(default=3, ge=2, description="Inner folds")
    outer_splits: int = Field(default=5, ge=2, description="The first outer training set is timed")
    sampled: tuple[tuple[int, int], ...] = Field(
        min_length=1,
        description="(order, lag) pairs at which the peer is timed; its whole search is estimated "
        "from them. Smallest and largest order must be among them",
    )
    cost: CostSection = CostSection()

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

    def arrays(self, main: ArraySection) -> dict[str, Shape]:
        """Return the arrays to simulate, by name."""
        found = {MAIN: (main.n_trials, main.n_channels, main.n_samples)}
        if self.cost.channels:
            found[WIDE] = (main.n_trials, max(self.cost.channels), main.n_samples)
        return found

    def curves(self) -> dict[str, str]:
        """Return the units of the cost curves and the array each reads."""
        arrays = {"channels": WIDE, "orders": MAIN, "trials": MAIN}
        return {f"cost-{c}": a for c, a in arrays.items() if getattr(self.cost, c)}


class BenchConfig(Experiment):
    """One experiment of the ``bench`` pipeline, named after the method that is timed."""

    data: BenchData
    # a second method joins as a union of sections, told apart by their `method`
    benchmark: ACMBenchmark
    workers: tuple[int, ...] = Field(
        default=(1, 2), min_length=1, description="Worker processes, of both programs alike"
    )
    repeats: int = Field(default=3, ge=1, description="Timings of everything; medians are reported")
    tolerance: float = Field(
        default=1e-3, gt=0, description="Largest difference of AUC at which times are compared"
    )
    targets: dict[str, float] = Field(
        default={"exact": 30.0, "shared": 50.0}, description="Claimed ratios, by our mode"
    )

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data", "benchmark.cost.channels", "seed"),
        "prepare": ("data", "benchmark.cost.channels", "seed"),
        "train": ("benchmark", "seed"),
        "evaluate": ("benchmark", "tolerance"),
        "report": ("description", "benchmark", "workers", "repeats", "tolerance", "targets"),
    }

    @model_validator(mode="after")
    def _enough_trials(self) -> BenchConfig:
        if max(self.benchmark.cost.trials, default=0) > self.data.simulation.n_trials:
            raise ValueError("benchmark.cost.trials has more than data.simulation.n_trials")
        return self

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """One job per number of workers and repeat, then one per cost curve."""
        pairs = [(r, w) for r in range(self.repeats) for w in self.workers]
        timed = {f"workers-{w}-repeat-{r + 1}": [MAIN] for r, w in pairs}
        return timed | {unit: [name] for unit, name in self.benchmark.curves().items()}

    def simulated_subjects(self) -> list[str]:
        """Names of the simulated arrays, which take the place of subjects."""
        return list(self.benchmark.arrays(self.data.simulation))
