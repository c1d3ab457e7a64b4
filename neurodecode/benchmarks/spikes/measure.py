"""Carries out one job of the benchmark of ``spikes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.machine import describe_machine, limited
from neurodecode.benchmarks.spikes.config import settings_of
from neurodecode.benchmarks.spikes.training import time_training
from neurodecode.benchmarks.spikes.writing import time_writing
from neurodecode.spikes.cost import time_growth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.benchmarks.config import BenchConfig


def measure_unit(
    config: BenchConfig,
    unit: str,
    stores: Sequence[Path],  # noqa: ARG001 - as other methods; spikes are drawn, none is read
) -> dict[str, Any]:
    """Time writing, training, or growing populations; add ``machine`` and ``summary``."""
    bench, kind = settings_of(config), unit.partition("-")[0]
    threads, repeat = map(int, unit.split("-")[2::2])
    seed = config.seed + repeat
    found: dict[str, Any]
    with limited(threads):
        machine = describe_machine()
        if kind == "writing":
            found = time_writing(bench, seed=seed)
            summary = f"{found['n_tokens']} tokens with {len(found['seconds'])} programs"
        elif kind == "training":
            found = {"steps": time_training(bench, seed=seed)}
            summary = f"{bench.training.rounds} steps at {len(found['steps'])} dropouts"
        else:
            sizes = bench.cost
            table = time_growth(bench.network, n_units=sizes.n_units, rounds=sizes.rounds,
                                batch_size=sizes.batch_size, seed=seed)  # fmt: skip
            found = {"growth": table.to_dict("records")}
            summary = f"{sizes.rounds} steps of {len(sizes.n_units)} populations"
    return {"machine": machine, "summary": summary, **found}
