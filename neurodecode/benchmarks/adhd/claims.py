"""The claims of the benchmark of ``adhd``: equal counts, then one subject, then ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.benchmarks.adhd.config import BrainSection, settings_of
from neurodecode.benchmarks.adhd.programs import DENSE, NETWORKX, OURS, SPARSE, split_of
from neurodecode.benchmarks.ratios import agreement, reached
from neurodecode.report.model import Claim, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow

PEERS = (("B4", "dense", DENSE, "blocks of a float32 product"),
         ("B5", "sparse", SPARSE, "scipy's sparse A.A*A"),
         ("B6", "networkx", NETWORKX, "networkx, on the coarser grid"))  # fmt: skip


def adhd_claims(
    gap: float | None, subjects: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig,
    *, absent: Sequence[str] = (),
) -> list[Claim]:  # fmt: skip
    """Answer whether counts agree, and whether each figure is reached.

    Parameters
    ----------
    gap : float or None
        Most voxels whose count differs from ours.
    subjects : DataFrame
        ``threads, seconds, peak_memory_gb`` of every round of the whole subject.
    ratios : sequence of MetricRow
    absent : sequence of str
        Peers that are not installed.
    """
    claimed, note = config.claimed, size_note(config)
    claims = [agreement("B1", "Every program counts the same integers; voxels that differ,", gap,
                        config.tolerated["counts"])]  # fmt: skip
    for n, part in subjects.groupby("threads"):
        for key, name, column, unit in (("B2", "subject_seconds", "seconds", "s"),
                                        ("B3", "subject_gb", "peak_memory_gb", "GB")):  # fmt: skip
            limit = claimed[name]
            text = (f"Correlation, degree and 3-cycles of a whole subject take at most "
                    f"{limit:g} {unit}, threads: {n}")  # fmt: skip
            claims.append(at_most(f"{key}-threads-{n}", text, part[column], limit, unit, note))
    for key, name, peer, said in PEERS:
        for n in config.workers:
            for density in settings_of(config).counting.densities:
                label = f"{key}-{density:g}-threads-{n}"
                text = (f"Counts at least {claimed[name]:g} times as fast as {said}, density "
                        f"{density:g}, threads: {n}")  # fmt: skip
                if peer in absent:
                    claims.append(Claim(label, text, "parity", "-", "not tested",
                                        f"{peer} is not installed"))  # fmt: skip
                    continue
                split = split_of(peer, density, n)
                found = [row for row in ratios if (row.model, row.split) == (OURS, split)]
                claims.append(reached(label, text, found, claimed[name], note))
    return claims


def at_most(
    key: str, text: str, values: pd.Series[float], limit: float, unit: str, note: str
) -> Claim:
    """Answer whether a figure stays below a limit in every round."""
    low, middle, high = values.min(), float(np.median(values)), values.max()
    verdict: Verdict = "holds" if high <= limit else "fails" if low > limit else "not shown"
    return Claim(key, text, "simulated", f"{middle:.2f} [{low:.2f}, {high:.2f}] {unit}", verdict,
                 note)  # fmt: skip


def size_note(config: BenchConfig) -> str:
    """Say where this run is not of the size that the claims are about."""
    same = settings_of(config).brain == BrainSection()
    return "" if same else "claimed for 29,398 voxels; here another number"
