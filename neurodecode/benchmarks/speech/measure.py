"""Carries out one job of the benchmark of ``speech``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.machine import describe_machine
from neurodecode.benchmarks.speech.config import settings_of
from neurodecode.benchmarks.speech.retrieval import time_retrieval
from neurodecode.benchmarks.speech.step import time_steps
from neurodecode.benchmarks.speech.windows import time_windows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.benchmarks.config import BenchConfig


def measure_unit(config: BenchConfig, unit: str, stores: Sequence[Path]) -> dict[str, Any]:
    """Time training steps, reading of windows, or retrieval; add ``machine`` and ``summary``."""
    bench, (kind, *_) = settings_of(config), unit.split("-")
    machine = describe_machine() | {
        "waiting threads (OMP_WAIT_POLICY)": os.environ.get("OMP_WAIT_POLICY", "not set"),
    }
    if kind == "step":
        threads, repeat = map(int, unit.split("-")[2::2])
        shape = (config.data.simulation.n_channels, bench.signals.n_samples)
        found = time_steps(bench.step, shape, threads=threads, seed=config.seed + repeat)
        summary = f"{bench.step.rounds} steps of {len(found['seconds'])} programs"
    elif kind == "windows":
        seed = config.seed + int(unit.split("-")[-1])
        found = time_windows(stores[0], bench.windows, bench.signals, seed=seed)
        summary = f"{found['n_windows']} windows with {len(found['seconds'])} programs"
    else:
        found = time_retrieval(bench.retrieval, threads=max(config.workers), seed=config.seed)
        summary = f"{found['seconds']:.0f} s, {found['peak_memory_gb']:.2f} GB"
    return {"machine": machine, "summary": summary, **found}
