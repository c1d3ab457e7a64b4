"""Compares losses and gradients first, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.benchmarks.evaluated import Evaluated, ratio_summary
from neurodecode.benchmarks.mindbridge.programs import OURS, PEER
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.config import BenchConfig


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare one job's results and times; results that differ give no ratio."""
    threads, repeat = unit.split("-")[2::2]
    losses = measured["losses"]
    gaps = {"loss": abs(losses[OURS] / losses[PEER] - 1), "gradient": measured["gradient_gap"]}
    seconds = pd.DataFrame(measured["seconds"])
    rows = []
    if all(agrees(gap, config.tolerated[name]) for name, gap in gaps.items()):
        ratio = float((seconds[PEER] / seconds[OURS]).median())
        rows.append(ratio_of_repeat(ratio, model=OURS, split=f"threads-{threads}", repeat=repeat,
                                    seed=config.seed))  # fmt: skip
    cpu = pd.DataFrame(measured["cpu_seconds"]).add_suffix(", CPU")
    table = pd.concat([seconds, cpu], axis=1)
    table = table.assign(step=range(1, len(table) + 1), threads=int(threads), repeat=int(repeat))
    facts = {"gaps": gaps, "losses": losses, "memory": measured["memory"]}
    return Evaluated(table, rows, facts, ratio_summary(rows))
