"""Compares scores first, then seconds per outer fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.benchmarks.evaluated import Evaluated, ratio_summary
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.config import BenchConfig

OURS, PLAIN = "ours", "plain"


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare one job's results and times; results that differ give no ratio."""
    workers, repeat = map(int, unit.split("-")[2::2])
    seconds = measured["seconds_per_fold"]
    table = pd.DataFrame([
        {"program": name, "seconds": seconds[name], "workers": workers, "repeat": repeat}
        for name in (OURS, PLAIN)
    ])  # fmt: skip
    rows = []
    if all(agrees(gap, config.tolerated[name]) for name, gap in measured["gaps"].items()):
        ratio = seconds[PLAIN] / seconds[OURS]
        split, seed = split_of(workers), config.seed
        rows = [ratio_of_repeat(ratio, model=OURS, split=split, repeat=repeat, seed=seed)]
    return Evaluated(table, rows, {"gaps": measured["gaps"]}, ratio_summary(rows))


def split_of(workers: int) -> str:
    """Name what a ratio is of."""
    return f"nested search, plain loop, workers: {workers}"
