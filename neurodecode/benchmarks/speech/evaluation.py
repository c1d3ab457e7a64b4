"""Compares results first, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.benchmarks.evaluated import Evaluated, ratio_summary
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat
from neurodecode.benchmarks.speech.programs import OURS, PEER, READERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.config import BenchConfig


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare one job's results and times; a program whose results differ gets no ratio."""
    if unit.startswith("step"):
        return _evaluate_steps(config, unit, measured)
    if unit.startswith("windows"):
        return _evaluate_windows(config, unit, measured)
    return _evaluate_retrieval(measured)


def _evaluate_steps(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    threads, repeat = unit.split("-")[2::2]
    gaps = loss_gaps(measured["losses"])
    seconds = pd.DataFrame(measured["seconds"])
    ratios = {name: float((seconds[PEER] / seconds[name]).median()) for name in gaps}
    rows = [
        ratio_of_repeat(ratio, model=name, split=f"threads-{threads}", repeat=repeat,
                        seed=config.seed)
        for name, ratio in ratios.items()
        if agrees(gaps[name], config.tolerated["loss"])
    ]  # fmt: skip
    cpu = pd.DataFrame(measured["cpu_seconds"])
    table = pd.concat([seconds, cpu.add_suffix(", CPU")], axis=1)
    table = table.assign(step=range(1, len(table) + 1), threads=int(threads), repeat=int(repeat))
    facts = {"gaps": gaps, "losses": measured["losses"]}
    return Evaluated(table, rows, facts, ratio_summary(rows))


def loss_gaps(losses: Mapping[str, list[float]]) -> dict[str, float]:
    """Return each program's largest difference from the peer's loss, over the steps compared."""
    peer = np.asarray(losses[PEER])
    return {
        name: float(np.abs(np.asarray(found) - peer).max())
        for name, found in losses.items()
        if name != PEER
    }


def _evaluate_windows(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    repeat, seconds, n = unit.rpartition("-")[2], measured["seconds"], measured["n_windows"]
    rows = [
        ratio_of_repeat(seconds[name] / seconds[OURS], model=OURS, split=name, repeat=repeat,
                        seed=config.seed)
        for name in READERS
        if agrees(measured["gaps"][name], config.tolerated["windows"])
    ]  # fmt: skip
    table = pd.DataFrame(
        [
            {"program": name, "repeat": int(repeat), "seconds": spent, "per_second": n / spent}
            for name, spent in seconds.items()
        ]
    )
    return Evaluated(table, rows, {"gaps": measured["gaps"]}, ratio_summary(rows))


def _evaluate_retrieval(measured: Mapping[str, Any]) -> Evaluated:
    table = pd.DataFrame(measured["checked"])
    wrong = int((table["ours"] != table["dense"]).sum())
    names = ("seconds", "drawing", "peak_memory_gb", "first_choices")
    facts = {"n_checked": len(table), "n_wrong": wrong, **{name: measured[name] for name in names}}
    summary = f"{wrong} of {len(table)} ranks differ, {measured['peak_memory_gb']:.2f} GB"
    return Evaluated(table, [], facts, summary)
