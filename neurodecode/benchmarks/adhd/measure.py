"""Carries out one job of the benchmark of ``adhd``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

from neurodecode.benchmarks.adhd.config import settings_of
from neurodecode.benchmarks.adhd.counting import time_counting
from neurodecode.benchmarks.adhd.programs import FULL_PEERS, SMALL_PEERS
from neurodecode.benchmarks.adhd.whole_subject import time_subject
from neurodecode.benchmarks.machine import describe_machine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.benchmarks.config import BenchConfig


def measure_unit(
    config: BenchConfig,
    unit: str,
    stores: Sequence[Path],  # noqa: ARG001 - as other methods; the person is drawn, none is read
) -> dict[str, Any]:
    """Time a whole subject, or 3-cycles against peers; add ``machine`` and ``summary``."""
    bench, (kind, _, threads, _, repeat) = settings_of(config), unit.split("-")
    seed = config.seed + int(repeat)
    with threadpool_limits(int(threads)):
        machine = describe_machine()
        if kind == "subject":
            found = time_subject(bench, threads=int(threads), seed=seed)
            spent = min(sum(parts.values()) for parts in found["parts"])
            summary = f"{found['n_voxels']} voxels: {spent:.3g} s, {found['peak_memory_gb']:.2f} GB"
        else:
            peers = FULL_PEERS if kind == "counting" else SMALL_PEERS
            found = time_counting(bench, peers=peers, threads=int(threads), seed=seed,
                                  turn=int(repeat))  # fmt: skip
            summary = f"{found['n_voxels']} voxels at {len(found['graphs'])} densities"
    return {"machine": machine, "summary": summary, **found}
