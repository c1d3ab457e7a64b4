"""Compares results first, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.benchmarks.evaluated import Evaluated, ratio_summary
from neurodecode.benchmarks.image.programs import OURS, split_of
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.config import BenchConfig


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare one job's results and times; a peer whose results differ gets no ratio."""
    kind, threads, repeat = unit.split("-")[::2]
    ridge = kind == "ridge"
    gaps = ridge_gaps(measured) if ridge else rank_gaps(measured["ranks"])
    tolerance = config.tolerated["ridge" if ridge else "ranks"]
    seconds = measured["seconds"]
    rows = [
        ratio_of_repeat(seconds[peer] / seconds[OURS], model=OURS, split=split_of(peer, threads),
                        repeat=repeat, seed=config.seed)
        for peer, gap in gaps.items()
        if agrees(gap, tolerance)
    ]  # fmt: skip
    columns = {key: pd.Series(measured[key]) for key in ("seconds", "cpu_seconds")}
    table = pd.DataFrame(columns).rename_axis("program").reset_index()
    table = table.assign(threads=int(threads), repeat=int(repeat))
    facts: dict[str, Any] = {"gaps": gaps}
    if ridge:
        facts |= {key: measured[key] for key in ("alphas", "scores", "shape")}
    else:
        ranks = pd.Series(measured["ranks"][OURS])
        facts |= {"n_queries": len(ranks), "first_choices": float((ranks == 1).mean())}
    return Evaluated(table, rows, facts, ratio_summary(rows))


def ridge_gaps(measured: Mapping[str, Any]) -> dict[str, float | None]:
    """Return each peer's larger difference of scores and predictions; None for another penalty."""
    alphas, scores = measured["alphas"], measured["scores"]
    return {
        peer: max(gap, abs(scores[peer] - scores[OURS]))
        if abs(alphas[peer] / alphas[OURS] - 1) < 1e-5  # himalaya holds penalties in float32
        else None
        for peer, gap in measured["gaps"].items()
    }


def rank_gaps(ranks: Mapping[str, list[int]]) -> dict[str, float | None]:
    """Return the largest difference of each peer's ranks from ours.

    Scores are exact, so that ranks differ only where a candidate ties with the true one: ours
    counts half of it, a sort has it before or after.
    """
    return {
        peer: float(max(abs(a - b) for a, b in zip(found, ranks[OURS], strict=True)))
        for peer, found in ranks.items()
        if peer != OURS
    }
