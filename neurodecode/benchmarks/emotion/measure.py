"""Carries out one job of the benchmark of ``emotion``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.emotion.config import settings_of
from neurodecode.benchmarks.emotion.step import time_programs
from neurodecode.benchmarks.machine import describe_machine, limited

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.benchmarks.config import BenchConfig


def measure_unit(
    config: BenchConfig,
    unit: str,
    stores: Sequence[Path],  # noqa: ARG001 - as other methods; windows are drawn, none is read
) -> dict[str, Any]:
    """Time training steps and inference; add ``machine`` and ``summary``."""
    threads, repeat = map(int, unit.split("-")[2::2])
    with limited(threads):
        machine = describe_machine()
        found = time_programs(settings_of(config), seed=config.seed + repeat)
    speed = found["throughput"][0]["windows_per_second"]
    return {"machine": machine, "summary": f"trains on {speed:,.0f} windows per second", **found}
