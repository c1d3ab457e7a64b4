"""Compares scores first, then times."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import write_json, write_parquet
from neurodecode.benchmarks.extrapolation import whole_search_seconds
from neurodecode.evaluation.metric_row import MetricRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from neurodecode.benchmarks.config import ACMBenchmark, BenchConfig

MODES = ("exact", "shared")
SPEED_UP = "speed_up"
AS_FAST = 1.0
"""The chance level of a ratio of times: as fast as the peer."""


@dataclass(frozen=True)
class Evaluated:
    """What ``evaluate`` writes for one unit: candidates or curve points, ratios, agreement."""

    table: pd.DataFrame
    rows: list[MetricRow]
    facts: dict[str, Any]
    summary: str

    def save(self, folder: Path) -> None:
        """Write the evaluation artefacts; a benchmark has no shuffles and no resamples."""
        write_parquet(folder / "predictions.parquet", self.table)
        for draws in ("null", "resampled"):
            write_parquet(folder / f"{draws}.parquet", pd.DataFrame())
        content = {"rows": [asdict(row) for row in self.rows], "audit": [], **self.facts}
        write_json(folder / "metrics.json", content)


def evaluate_unit(config: BenchConfig, unit: str, measured: Mapping[str, Any]) -> Evaluated:
    """Compare scores and times of one repeat; a cost curve is passed on as it was measured.

    A mode of ours whose scores differ from the peer's by more than the tolerance gets no ratio.
    """
    if "points" in measured:
        points = pd.DataFrame(measured["points"])
        return Evaluated(points, [], {}, f"{len(points)} points")
    workers, repeat = unit.split("-")[1::2]
    table = pd.DataFrame(measured["candidates"]).astype(dict.fromkeys(("peer", *MODES), float))
    peer = peer_seconds(table, config.benchmark)
    total = pd.DataFrame(measured["ours"]).groupby("mode")["seconds"].sum()
    gaps = {mode: largest_gap(table, mode) for mode in MODES}
    rows = [
        MetricRow(
            metric=SPEED_UP, value=peer / float(total[mode]), chance=AS_FAST, n=1, unit="repeat",
            level="session", split=f"workers-{workers}", model=mode, subject="main",
            session=f"repeat-{repeat}", seed=config.seed,
        )
        for mode in MODES
        if agrees(gaps[mode], config.tolerance)
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


def agrees(gap: float | None, tolerance: float) -> bool:
    """Return whether scores are equal within the tolerance; never when nothing was compared."""
    return gap is not None and bool(gap <= tolerance)
