"""What ``evaluate`` leaves of one job of a benchmark."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.artefacts import write_json, write_parquet

if TYPE_CHECKING:
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
