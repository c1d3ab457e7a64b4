"""The claims of the benchmark of ``image``: equal results, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.benchmarks.image.config import RetrievalSection, RidgeSection, settings_of
from neurodecode.benchmarks.image.programs import KERNEL, LOOP, OURS, SKLEARN, split_of
from neurodecode.benchmarks.ratios import agreement, reached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.report.model import Claim

SIZE = (2000, 50, 100)
"""Windows, sensors and samples that the claims are about: 5,000 features."""
FIGURES = (
    ("R1", "scikit_learn", SKLEARN, "A penalty chosen at least {:g} times as fast as by "
     "scikit-learn's RidgeCV"),
    ("R2", "himalaya", KERNEL, "A penalty chosen at least {:g} times as fast as by himalaya's "
     "KernelRidgeCV"),
    ("R3", "retrieval", LOOP, "Pictures ranked at least {:g} times as fast as query by query"),
)  # fmt: skip


def image_claims(
    gaps: Mapping[str, float | None], ratios: Sequence[MetricRow], config: BenchConfig
) -> list[Claim]:
    """Answer whether results agree, and whether each figure is reached.

    Parameters
    ----------
    gaps : mapping of {"ridge", "ranks"} to float or None
        Largest difference of ours from any peer; None where penalties differ.
    ratios : sequence of MetricRow
        Median, smallest and largest ratio; ``split`` is the peer and the threads.
    """
    claimed, tolerated, note = config.claimed, config.tolerated, size_note(config)
    return [
        agreement("ridge", "Penalties are equal, scores and predictions", gaps["ridge"],
                  tolerated["ridge"]),
        agreement("ranks", "Ranks are equal but for the order of ties,", gaps["ranks"],
                  tolerated["ranks"]),
        *(
            reached(
                f"{key}-threads-{n}", f"{text.format(claimed[name])}, threads: {n}",
                [r for r in ratios if (r.model, r.split) == (OURS, split_of(peer, n))],
                claimed[name], note,
            )
            for key, name, peer, text in FIGURES
            for n in config.workers
        ),
    ]  # fmt: skip


def size_note(config: BenchConfig) -> str:
    """Say where this run is not of the size that the claims are about."""
    bench, array = settings_of(config), config.data.simulation
    same = (bench.ridge, bench.retrieval) == (RidgeSection(), RetrievalSection())
    if same and (array.n_trials, array.n_channels, array.n_samples) == SIZE:
        return ""
    return "claimed for the full size; here another"
