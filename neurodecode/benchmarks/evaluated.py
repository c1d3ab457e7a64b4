"""What ``evaluate`` leaves of one job of a benchmark."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.artefacts import read_json, write_json, write_parquet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.evaluation.metric_row import MetricRow


@dataclass(frozen=True)
class Evaluated:
    """What ``evaluate`` writes for one unit: single timings, ratios, agreement."""

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


def ratio_summary(rows: Sequence[MetricRow]) -> str:
    """Say in one line how fast the programs are whose results agree."""
    said = [f"{row.model} {row.value:.2f} times as fast ({row.split})" for row in rows]
    return ", ".join(said) or "results differ, times are not compared"


def read_facts(folder: Path) -> dict[str, Any]:
    """Read what :meth:`Evaluated.save` wrote as ``metrics.json``."""
    content: dict[str, Any] = read_json(folder / "metrics.json")
    return content


def read_tables(folders: Sequence[Path]) -> pd.DataFrame:
    """Read and join the timings of several units."""
    tables = [pd.read_parquet(folder / "predictions.parquet") for folder in folders]
    return pd.concat(tables, ignore_index=True)
