"""The claims of the benchmark of ``mindbridge``: equal results, then times and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.mindbridge.config import BridgeStepSection, settings_of
from neurodecode.benchmarks.ratios import agreement, reached
from neurodecode.mindbridge.config_model import BridgeSection
from neurodecode.report.model import Claim

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow


def bridge_step_claims(
    gaps: Mapping[str, float],
    ratios: Sequence[MetricRow],
    memory: Mapping[str, Any],
    config: BenchConfig,
) -> list[Claim]:
    """Answer whether results agree, and whether each figure is reached."""
    claimed, tolerated, note = config.claimed, config.tolerated, size_note(config)
    limit, peak = claimed["memory_gb"], memory["peak"]
    return [
        agreement("loss", "The loss equals the peer's, relatively,", gaps["loss"],
                  tolerated["loss"]),
        agreement("gradient", "Gradients equal the peer's, relative to the largest of each "
                  "parameter,", gaps["gradient"], tolerated["gradient"]),
        *(
            reached(
                f"T1-threads-{n}", f"A training step at least {claimed['step']:g} times as fast as "
                f"the straightforward one, threads: {n}",
                [row for row in ratios if row.split == f"threads-{n}"], claimed["step"], note,
            )
            for n in config.workers
        ),
        Claim("T2", f"A training step in less than {limit:g} GB", "parity", f"{peak:.1f} GB",
              "holds" if peak < limit else "fails", note),
    ]  # fmt: skip


def size_note(config: BenchConfig) -> str:
    """Say where this run is not of the size that the claims are about."""
    bench = settings_of(config)
    step = bench.step.model_copy(update={"rounds": BridgeStepSection().rounds})
    if (bench.bridge, step) == (BridgeSection(), BridgeStepSection()):
        return ""
    return "claimed for the published size; here another"
