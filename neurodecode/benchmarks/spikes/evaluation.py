"""Compares tokens, losses and gradients first, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.benchmarks.evaluated import Evaluated, ratio_summary
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat
from neurodecode.benchmarks.spikes.programs import BATCHED, FUSED, MAPS, PREFIX, SINGLE, WHOLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.config import BenchConfig


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare one job's results and times; results that differ give no ratio."""
    if unit.startswith("writing"):
        return _evaluate_writing(config, unit, measured)
    if unit.startswith("training"):
        return _evaluate_training(config, unit, measured)
    threads, repeat = _numbers(unit)
    table = pd.DataFrame(measured["growth"]).assign(threads=threads, repeat=repeat)
    largest = table["n_units"].max()
    return Evaluated(table, [], {}, f"{table['n_units'].min()} to {largest} units timed")


def writing_split(peer: str, threads: int) -> str:
    """Name what a ratio of writing is of."""
    return f"writing, {peer}, threads: {threads}"


def training_split(dropout: float, threads: int) -> str:
    """Name what a ratio of training is of."""
    return f"training, dropout {dropout:g}, threads: {threads}"


def _evaluate_writing(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    threads, repeat = _numbers(unit)
    table = pd.DataFrame([
        {"program": name, "round": number + 1, "seconds": spent,
         "seconds_per_window": spent / measured["windows"][name]}
        for name, rounds in measured["seconds"].items() for number, spent in enumerate(rounds)
    ]).assign(threads=threads, repeat=repeat)  # fmt: skip
    each = table.pivot_table(index="round", columns="program", values="seconds_per_window")
    differing = measured["differing"]
    equal = {name: agrees(differing[name], config.tolerated["tokens"]) for name in each}
    rows = [
        ratio_of_repeat(float((each[peer] / each[name]).median()), model=name,
                        split=writing_split(peer, threads), repeat=repeat, seed=config.seed)
        for name in (SINGLE, BATCHED) for peer in (WHOLE, PREFIX) if equal[name] and equal[peer]
        and equal[WHOLE]
    ]  # fmt: skip
    facts = {"gaps": {"tokens": max(differing.values())}, "differing": differing}
    facts |= {name: measured[name] for name in ("n_tokens", "distinct")}
    return Evaluated(table, rows, facts, ratio_summary(rows))


def _evaluate_training(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    threads, repeat = _numbers(unit)
    rows, tables, gaps = [], [], {"loss": 0.0, "gradient": 0.0}
    for step in measured["steps"]:
        losses, seconds = step["losses"], pd.DataFrame(step["seconds"])
        own = {"loss": abs(losses[FUSED] / losses[MAPS] - 1), "gradient": step["gradient_gap"]}
        gaps = {name: max(gaps[name], gap) for name, gap in own.items()}
        if all(agrees(gap, config.tolerated[name]) for name, gap in own.items()):
            ratio = float((seconds[MAPS] / seconds[FUSED]).median())
            split = training_split(step["dropout"], threads)
            rows.append(ratio_of_repeat(ratio, model=FUSED, split=split, repeat=repeat,
                                        seed=config.seed))  # fmt: skip
        tables += [
            pd.DataFrame({
                "dropout": step["dropout"], "program": name, "seconds": seconds[name],
                "tokens_per_second": step["tokens"] / seconds[name],
                "held_mb": step["held_mb"][name], "kernel": step["kernel"],
            }) for name in (FUSED, MAPS)
        ]  # fmt: skip
    table = pd.concat(tables, ignore_index=True).assign(threads=threads, repeat=repeat)
    return Evaluated(table, rows, {"gaps": gaps}, ratio_summary(rows))


def _numbers(unit: str) -> tuple[int, int]:
    """Return threads and repeat of a unit."""
    threads, repeat = map(int, unit.split("-")[2::2])
    return threads, repeat
