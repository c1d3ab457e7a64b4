"""Compares scores first, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.benchmarks.acm.config import settings_of
from neurodecode.benchmarks.acm.extrapolation import whole_search_seconds
from neurodecode.benchmarks.evaluated import Evaluated
from neurodecode.benchmarks.ratios import agrees, ratio_of_repeat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.benchmarks.acm.config import ACMBenchmark
    from neurodecode.benchmarks.config import BenchConfig

MODES = ("exact", "shared")


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare scores and times of one repeat; a cost curve is passed on as it was measured.

    A mode of ours whose scores differ from the peer's by more than the tolerance gets no ratio.
    """
    if "points" in measured:
        points = pd.DataFrame(measured["points"])
        return Evaluated(points, [], {}, f"{len(points)} points")
    workers, repeat = unit.split("-")[1::2]
    table = pd.DataFrame(measured["candidates"]).astype(dict.fromkeys(("peer", *MODES), float))
    peer = peer_seconds(table, settings_of(config))
    total = pd.DataFrame(measured["ours"]).groupby("mode")["seconds"].sum()
    gaps = {mode: largest_gap(table, mode) for mode in MODES}
    rows = [
        ratio_of_repeat(peer / float(total[mode]), model=mode, split=f"workers-{workers}",
                        repeat=repeat, seed=config.seed)
        for mode in MODES
        if agrees(gaps[mode], config.tolerated["auc"])
    ]  # fmt: skip
    seconds = {"peer": peer, **{mode: float(total[mode]) for mode in MODES}}
    facts = {"seconds": seconds, "gaps": gaps, "workers": int(workers), "repeat": int(repeat)}
    said = [f"{row.model} {row.value:.1f} times as fast" for row in rows]
    summary = ", ".join(said) or "scores differ, times are not compared"
    return Evaluated(table.assign(workers=int(workers), repeat=int(repeat)), rows, facts, summary)


def peer_seconds(candidates: pd.DataFrame, bench: ACMBenchmark) -> float:
    """Estimate the seconds of the peer's whole search from the candidates it could score."""
    scored = candidates[candidates["peer"].notna()]
    timed: dict[tuple[int, int], list[float]] = {}
    for order, lag, seconds in scored[["order", "lag", "seconds"]].itertuples(index=False):
        timed.setdefault((order, lag), []).append(seconds)
    return whole_search_seconds(timed, bench.orders, len(bench.lags), bench.n_settings)


def largest_gap(candidates: pd.DataFrame, mode: str) -> float:
    """Return the largest difference of AUC over the candidates both could score; NaN if none."""
    gaps = (candidates[mode] - candidates["peer"]).abs().dropna().to_numpy()
    return float(gaps.max()) if len(gaps) else np.nan
