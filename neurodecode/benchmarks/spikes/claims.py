"""The claims of the benchmark of ``spikes``: equal results, then times and growth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.benchmarks.ratios import agreement, reached
from neurodecode.benchmarks.spikes.config import SpikesBenchmark, settings_of
from neurodecode.benchmarks.spikes.evaluation import training_split, writing_split
from neurodecode.benchmarks.spikes.programs import BATCHED, SINGLE, WHOLE
from neurodecode.report.model import Claim, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.benchmarks.spikes.growth import Growth
    from neurodecode.evaluation.metric_row import MetricRow

WRITING = {"writing": (SINGLE, "one window at a time"),
           "together": (BATCHED, "windows together, per window")}  # fmt: skip


def spikes_claims(
    gaps: Mapping[str, float],
    ratios: Sequence[MetricRow],
    growths: Sequence[Growth],
    config: BenchConfig,
) -> list[Claim]:
    """Answer whether results agree, and whether each figure is reached.

    Parameters
    ----------
    gaps : mapping of {"tokens", "loss", "gradient"} to float
        Largest difference of the programs.
    ratios : sequence of MetricRow
    growths : sequence of Growth
        One per number of threads.
    """
    tolerated = config.tolerated
    return [
        agreement("tokens", "Every program writes the same tokens, and all of them; those that "
                  "differ,", gaps["tokens"], tolerated["tokens"]),
        agreement("loss", "The loss is that with attention maps, relatively,", gaps["loss"],
                  tolerated["loss"]),
        agreement("gradient", "Gradients are those with attention maps, relatively,",
                  gaps["gradient"], tolerated["gradient"]),
        *_reached(ratios, config),
        *(_linear(growth, config) for growth in growths),
    ]  # fmt: skip


def _reached(ratios: Sequence[MetricRow], config: BenchConfig) -> list[Claim]:
    claimed, bench, note = config.claimed, settings_of(config), size_note(config)
    n_tokens, claims = bench.writing.n_tokens, []
    for n in config.workers:
        for key, (name, how) in WRITING.items():
            text = (f"Writes {n_tokens} tokens at least {claimed[key]:g} times as fast as a pass "
                    f"per token, {how}, threads: {n}")  # fmt: skip
            split = writing_split(WHOLE, n)
            found = [row for row in ratios if (row.model, row.split) == (name, split)]
            claims.append(reached(f"{key}-threads-{n}", text, found, claimed[key], note))
        for dropout in bench.training.dropouts:
            text = (f"Trains on at least {claimed['training']:g} times as many tokens per second "
                    f"as with attention maps, dropout {dropout:g}, threads: {n}")  # fmt: skip
            found = [row for row in ratios if row.split == training_split(dropout, n)]
            claims.append(reached(f"training-{dropout:g}-threads-{n}", text, found,
                                  claimed["training"], note))  # fmt: skip
    return claims


def _linear(growth: Growth, config: BenchConfig) -> Claim:
    limit = config.claimed["exponent"]
    text = (f"The cost of a training step grows at most linearly with units, with an exponent of "
            f"{limit:g} at most, threads: {growth.threads}")  # fmt: skip
    low, high = growth.low, growth.high
    verdict: Verdict = "holds" if high <= limit else "fails" if low > limit else "not shown"
    return Claim(f"exponent-threads-{growth.threads}", text, "simulated",
                 f"{growth.exponent:.2f} [{low:.2f}, {high:.2f}]", verdict,
                 size_note(config))  # fmt: skip


def size_note(config: BenchConfig) -> str:
    """Say where this run is not of the size that the claims are about."""
    bench, usual = settings_of(config), SpikesBenchmark()
    writing = bench.writing.model_copy(update={"rounds": usual.writing.rounds})
    training = bench.training.model_copy(update={"rounds": usual.training.rounds})
    cost = bench.cost.model_copy(update={"rounds": usual.cost.rounds})
    here = bench.model_copy(update={"writing": writing, "training": training, "cost": cost})
    return "" if here == usual else "claimed for the published size; here another"
