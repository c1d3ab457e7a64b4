"""Compares counts first, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.benchmarks.adhd.programs import OURS, split_of
from neurodecode.benchmarks.evaluated import Evaluated, ratio_summary
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare one job's counts and times; counts that differ give no ratio."""
    threads, repeat = map(int, unit.split("-")[2::2])
    if unit.startswith("subject"):
        table = pd.DataFrame(measured["parts"])
        table = table.assign(seconds=table.sum(axis=1), round=range(1, len(table) + 1))
        facts = {name: measured[name] for name in
                 ("n_voxels", "n_volumes", "theta", "density", "engine", "compiling",
                  "peak_memory_gb")}  # fmt: skip
        summary = f"{table['seconds'].median():.3g} s, {facts['peak_memory_gb']:.2f} GB"
        return Evaluated(table.assign(threads=threads, repeat=repeat, **facts), [], facts, summary)
    table = timings(measured).assign(threads=threads, repeat=repeat)
    rows = _ratios(config, measured, threads, repeat)
    gap = max((gap for graph in measured["graphs"] for gap in graph["differing"].values()),
              default=None)  # fmt: skip
    return Evaluated(table, rows, {"gaps": {"counts": gap}}, ratio_summary(rows))


def timings(measured: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row per density, program and round; ``seconds`` are of all voxels."""
    return pd.DataFrame([
        {"n_voxels": measured["n_voxels"], "program": name, "round": number + 1,
         "seconds": spent * graph["scale"][name], "measured_seconds": spent,
         **{key: graph[key] for key in
            ("density", "theta", "edge_density", "mean_degree", "wedges", "engine")}}
        for graph in measured["graphs"]
        for name, rounds in graph["seconds"].items()
        for number, spent in enumerate(rounds)
    ])  # fmt: skip


def _ratios(
    config: BenchConfig, measured: Mapping[str, Any], threads: int, repeat: int
) -> list[MetricRow]:
    table, rows = timings(measured), []
    for graph in measured["graphs"]:
        mine = table[table["density"] == graph["density"]]
        each = mine.pivot_table(index="round", columns="program", values="seconds")
        for peer, differing in graph["differing"].items():
            if agrees(differing, config.tolerated["counts"]):
                split = split_of(peer, graph["density"], threads)
                ratio = float((each[peer] / each[OURS]).median())
                rows.append(ratio_of_repeat(ratio, model=OURS, split=split, repeat=repeat,
                                            seed=config.seed))  # fmt: skip
    return rows
