"""The claims of the benchmark of ``mci``: equal scores, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.benchmarks.mci.config import NestedSection, settings_of
from neurodecode.benchmarks.mci.evaluation import split_of
from neurodecode.benchmarks.ratios import agreement, reached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.report.model import Claim


def nested_claims(
    gaps: Mapping[str, float], ratios: Sequence[MetricRow], config: BenchConfig
) -> list[Claim]:
    """Answer whether scores agree, and whether the figure is reached with all workers."""
    tolerated, target, workers = config.tolerated, config.claimed["plain"], max(config.workers)
    return [
        agreement("scores", "Scores of people left out equal those of the plain loop",
                  gaps["scores"], tolerated["scores"]),
        agreement("inner", "Inner scores of what was chosen equal those of the plain loop",
                  gaps["inner"], tolerated["inner"]),
        reached(
            f"plain-workers-{workers}",
            f"At least {target:g} times as fast as the plain scikit-learn loop, which has one "
            f"process, workers: {workers}",
            [row for row in ratios if row.split == split_of(workers)], target, size_note(config),
        ),
    ]  # fmt: skip


def size_note(config: BenchConfig) -> str:
    """Say what is extrapolated, and where this run is not of the size that the claim is about."""
    asked, usual = settings_of(config).nested, NestedSection()
    timed = {"timed_replicates", "timed_folds", "replicates"}
    same = asked.model_dump(exclude=timed) == usual.model_dump(exclude=timed)
    note = "seconds per outer fold of the part that was timed, not of the whole"
    return note if same else f"{note}; claimed for another size"
