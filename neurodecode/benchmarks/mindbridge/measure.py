"""Carries out one job of the benchmark of ``mindbridge``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.machine import describe_machine, limited
from neurodecode.benchmarks.mindbridge.config import settings_of
from neurodecode.benchmarks.mindbridge.step import time_steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.benchmarks.config import BenchConfig


def measure_unit(
    config: BenchConfig,
    unit: str,
    stores: Sequence[Path],  # noqa: ARG001 - as other methods; batches are drawn, none is read
) -> dict[str, Any]:
    """Time training steps; add ``machine`` and ``summary``."""
    threads, repeat = map(int, unit.split("-")[2::2])
    with limited(threads):
        machine = describe_machine()
        found = time_steps(settings_of(config), seed=config.seed + repeat)
    summary = f"{settings_of(config).step.rounds} steps, peak {found['memory']['peak']:.1f} GB"
    return {"machine": machine, "summary": summary, **found}
