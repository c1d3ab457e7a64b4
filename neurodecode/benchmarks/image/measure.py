"""Carries out one job of the benchmark of ``image``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.image.config import settings_of
from neurodecode.benchmarks.image.retrieval import time_retrieval
from neurodecode.benchmarks.image.ridge import time_ridges
from neurodecode.benchmarks.machine import describe_machine, limited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.benchmarks.config import BenchConfig


def measure_unit(config: BenchConfig, unit: str, stores: Sequence[Path]) -> dict[str, Any]:
    """Time ridge regressions or retrieval; add ``machine`` and ``summary``."""
    bench, (kind, *_) = settings_of(config), unit.split("-")
    threads, repeat = map(int, unit.split("-")[2::2])
    seed = config.seed + repeat
    with limited(threads):
        machine = describe_machine()
        if kind == "ridge":
            found = time_ridges(stores[0], bench.ridge, seed=seed, turn=repeat)
        else:
            found = time_retrieval(bench.retrieval, seed=seed, turn=repeat)
    spent = ", ".join(f"{name}: {seconds:.3g} s" for name, seconds in found["seconds"].items())
    return {"machine": machine, "summary": spent, **found}
