"""Compares outputs and gradients first, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.benchmarks.emotion.programs import OURS, PLAIN, RIVAL
from neurodecode.benchmarks.evaluated import Evaluated, ratio_summary
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.config import BenchConfig


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare one job's results and times; results that differ give no ratio."""
    threads, repeat = map(int, unit.split("-")[2::2])
    table = pd.DataFrame(measured["throughput"]).assign(threads=threads, repeat=repeat)
    rows = []
    if all(agrees(gap, config.tolerated[name]) for name, gap in measured["gaps"].items()):
        rows = [
            ratio_of_repeat(1 / row["ratio"], model=OURS,
                            split=split_of(row["phase"], row["network"], threads),
                            repeat=repeat, seed=config.seed)
            for row in measured["throughput"] if row["network"] in (PLAIN, RIVAL)
        ]  # fmt: skip
    return Evaluated(table, rows, {"gaps": measured["gaps"]}, ratio_summary(rows))


def split_of(phase: str, peer: str, threads: int) -> str:
    """Name what a ratio is of."""
    return f"{phase}, {peer}, threads: {threads}"
