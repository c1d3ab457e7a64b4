"""The two parts of the report of a benchmark of ``image``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.image.config import settings_of
from neurodecode.benchmarks.image.programs import OURS, RANKERS, RIDGES, split_of
from neurodecode.benchmarks.ratios import SPREAD, ratio_cells
from neurodecode.report.model import Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow

COLUMNS = (
    "threads", "program", "s, median", SPREAD, "ours, times as fast", SPREAD, "CPU s, median",
)  # fmt: skip


def ridge_section(
    table: pd.DataFrame,
    ratios: Sequence[MetricRow],
    found: Mapping[str, Any],
    config: BenchConfig,
) -> Section:
    """Seconds of every program, and ours against each."""
    sizes, (n_samples, n_features) = settings_of(config).ridge, found["shape"]
    text = (
        f"Ridge regression from {n_samples} windows of {n_features} values ({sizes.precision}) to "
        f"{sizes.n_targets} targets: the best of {sizes.n_alphas} penalties by {sizes.n_folds} "
        f"folds and mean R2, then a fit of all windows. Every program is given the same arrays, "
        f"folds and penalties, in turn, another one first in each repeat. Penalty, score and "
        f"predictions of these same fits must agree before times are compared. CPU seconds hardly "
        f"feel other work on the machine. R2 of the penalty chosen: {found['scores'][OURS]:.3f}."
    )
    return Section("Ridge regression", [text, _times(table, ratios, RIDGES)])


def retrieval_section(
    table: pd.DataFrame,
    ratios: Sequence[MetricRow],
    found: Mapping[str, Any],
    config: BenchConfig,
) -> Section:
    """Seconds of every program, and ours against each."""
    sizes = settings_of(config).retrieval
    text = (
        f"{sizes.n_queries} embeddings of {sizes.n_features} values ranked against "
        f"{sizes.n_candidates} candidates, from embeddings to ranks. Ours normalises the "
        f"candidates, takes one product and counts the scores above the true one; nothing is "
        f"sorted. Ranks of all queries must agree before times are compared. First choices that "
        f"are right: {found['first_choices']:.3f}."
    )
    return Section("Retrieval", [text, _times(table, ratios, RANKERS)])


def _times(table: pd.DataFrame, ratios: Sequence[MetricRow], peers: tuple[str, ...]) -> Table:
    rows: list[tuple[Any, ...]] = []
    for threads, part in table.groupby("threads"):
        for name in (OURS, *peers):
            mine = part[part["program"] == name]
            seconds, cpu = mine["seconds"], f"{mine['cpu_seconds'].median():.3g}"
            ratio = ("1", "")
            if name != OURS:
                ratio = ratio_cells(ratios, OURS, split_of(name, str(threads)))
            spread = f"{seconds.min():.3g} to {seconds.max():.3g}"
            rows.append((threads, name, f"{seconds.median():.3g}", spread, *ratio, cpu))
    return Table(COLUMNS, rows)
