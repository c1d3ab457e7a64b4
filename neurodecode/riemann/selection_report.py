"""What the searches of a run chose, for its report."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd

from neurodecode.report.model import Block, Section, Table
from neurodecode.report.sections import METRIC_NAMES
from neurodecode.report.surfaces import surface_figure

GRID, TAKENS = "ACM+TS+SVM, grid", "ACM+TS+SVM, Takens"


def load_selection(folders: list[Path]) -> pd.DataFrame:
    """Read what all units' searches scored and chose; empty without a search."""
    tables = [pd.read_parquet(folder / "selection.parquet") for folder in folders]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def selection_sections(selection: pd.DataFrame, metric: str) -> list[Section]:
    """Return the section on chosen orders and lags, if anything was searched."""
    if selection.empty:
        return []
    named = METRIC_NAMES.get(metric, metric)
    blocks: list[Block] = [
        "Order, lag and classifier settings were chosen inside each outer training set; the "
        "held-out trials took no part."
    ]
    searched = selection[selection["model"] == GRID]
    if len(searched) and searched["score"].notna().any():
        marked = selection[selection["model"] == TAKENS]
        blocks.append(
            surface_figure(
                {s: _surface(part) for s, part in _by_subject(searched).items()},
                _by_subject(searched[searched["chosen"]]),
                _by_subject(marked),
                metric=named,
                mark="chosen from the dynamics (Takens), without labels",
                name="selection",
            )
        )
    blocks.append(_chosen_table(selection))
    missing = selection[selection["reason"] != ""]
    if len(missing):
        counts = missing.groupby(["model", "reason"]).size().reset_index(name="points")
        rows = counts.to_numpy().tolist()
        blocks.append(
            Table(("decoder", "reason", "points"), rows, "Points missing or moved", folded=True)
        )
    return [Section("Selection", blocks)]


def seconds_per_fold(selection: pd.DataFrame, model: str) -> float | None:
    """Return the mean time one outer fold's choice and fit took, in s."""
    part = selection[selection["model"] == model]
    if part.empty:
        return None
    return float(part.groupby(["subject", "split", "fold"])["seconds"].first().mean())


def _by_subject(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(subject): part for subject, part in table.groupby("subject")}


def _surface(part: pd.DataFrame) -> pd.DataFrame:
    """Mean score over outer folds; order 1, the same for all lags, stands in each column."""
    return part.pivot_table(index="order", columns="lag", values="score", dropna=False)


def _chosen_table(selection: pd.DataFrame) -> Table:
    chosen = selection[selection["chosen"]]
    rows = []
    for (model, subject), part in chosen.groupby(["model", "subject"], sort=False):
        points = Counter(zip(part["order"], part["lag"], strict=True))
        shown = ", ".join(f"({p}, {lag}) x {n}" for (p, lag), n in points.most_common())
        seconds = part.groupby(["split", "fold"])["seconds"].first().mean()
        rows.append((model, subject, shown, f"{seconds:.2f}"))
    columns = ("decoder", "subject", "(order, lag) x folds", "s per fold")
    return Table(columns, rows, "Chosen points", folded=True)
