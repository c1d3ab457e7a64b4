"""The claims of the benchmark of ``emotion``: equal results, then times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.benchmarks.emotion.config import EmotionStepSection, settings_of
from neurodecode.benchmarks.emotion.evaluation import split_of
from neurodecode.benchmarks.emotion.programs import PLAIN, RIVAL
from neurodecode.benchmarks.ratios import agreement, reached

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.report.model import Claim

PHASES = {"training": "Trains on", "inference": "Decodes"}
PEERS = {PLAIN: "its straightforward form", RIVAL: "EEGNet"}


def histn_claims(
    gaps: Mapping[str, float], ratios: Sequence[MetricRow], config: BenchConfig
) -> list[Claim]:
    """Answer whether results agree, and whether each figure is reached."""
    claimed, tolerated, note = config.claimed, config.tolerated, size_note(config)
    equal = [
        agreement("outputs", "Outputs equal those of the straightforward form, relatively,",
                  gaps["outputs"], tolerated["outputs"]),
        agreement("gradient", "Gradients equal those of the straightforward form, relatively,",
                  gaps["gradient"], tolerated["gradient"]),
    ]  # fmt: skip
    times = [
        reached(
            f"{key}-threads-{n}",
            f"{said} at least {claimed[key]:g} times as many windows per second as {name}, "
            f"threads: {n}",
            [row for row in ratios if row.split == split_of(phase, peer, n)], claimed[key], note,
        )
        for peer, name in PEERS.items()
        for phase, said in PHASES.items()
        for key in [f"{peer.lower()}_{phase}"]
        for n in config.workers
    ]  # fmt: skip
    return equal + times


def size_note(config: BenchConfig) -> str:
    """Say where this run is not of the size that the claims are about."""
    bench = settings_of(config)
    same = bench.step.batch_size == EmotionStepSection().batch_size and bench.graph == "G0"
    return "" if same else "claimed for the published size; here another"
