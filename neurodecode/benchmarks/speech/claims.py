"""The claims of the benchmark of ``speech``: equal results, then times and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.ratios import agreement, reached
from neurodecode.benchmarks.speech.config import RetrievalSection, StepSection, settings_of
from neurodecode.benchmarks.speech.programs import FROM_FILE, OURS
from neurodecode.report.model import Claim
from neurodecode.signals.continuous import ContinuousSection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow

N_CHANNELS = 208
"""Sensors of the published MEG recordings."""


def speech_claims(
    gaps: Mapping[str, float],
    ratios: Sequence[MetricRow],
    retrieval: Mapping[str, Any],
    config: BenchConfig,
) -> list[Claim]:
    """Answer whether results agree, and whether each figure is reached.

    Parameters
    ----------
    gaps : mapping of {"loss", "windows"} to float
        Largest difference of ours from the peers.
    ratios : sequence of MetricRow
        Median, smallest and largest ratio; ``split`` is "threads-N" or the peer that reads windows.
    retrieval : mapping
        ``n_checked, n_wrong, seconds, peak_memory_gb``.
    """
    bench, claimed = settings_of(config), config.claimed
    note = size_note(config)
    claims = [
        agreement("losses", "Losses of the first two steps equal the peer's", gaps["loss"],
                   config.tolerated["loss"]),
        *(
            reached(
                f"B1-threads-{n}",
                f"A training step at least {claimed['step']:g} times as fast as the "
                f"straightforward one, threads: {n}",
                [r for r in ratios if (r.model, r.split) == (OURS, f"threads-{n}")],
                claimed["step"], note,
            )
            for n in config.workers
        ),
        agreement("windows", "Windows equal MNE's, relative to the largest value",
                   gaps["windows"], config.tolerated["windows"]),
        reached(
            "B2", f"At least {claimed['windows']:g} times as many windows per second as singly "
            "through MNE, both from files", [r for r in ratios if r.split == FROM_FILE],
            claimed["windows"], note,
        ),
    ]  # fmt: skip
    return [*claims, *_retrieval_claims(retrieval, bench.retrieval, claimed["memory_gb"], note)]


def _retrieval_claims(
    found: Mapping[str, Any], sizes: RetrievalSection, limit: float, note: str
) -> list[Claim]:
    n, wrong, peak = found["n_checked"], found["n_wrong"], found["peak_memory_gb"]
    return [
        Claim("ranks", "Ranks equal those of a dense statement in double precision", "parity",
              f"{n - wrong} of {n}", "fails" if wrong else "holds"),
        Claim("B3", f"{sizes.n_queries} queries against {sizes.n_candidates} candidates in less "
              f"than {limit:g} GB", "simulated", f"{peak:.2f} GB, {found['seconds']:.0f} s",
              "holds" if peak < limit else "fails", note),
    ]  # fmt: skip


def size_note(config: BenchConfig) -> str:
    """Say where this run is not of the size that the claims are about."""
    bench, n_channels = settings_of(config), config.data.simulation.n_channels
    sizes = (bench.step.model_copy(update={"rounds": StepSection().rounds}), bench.retrieval)
    signals = bench.signals.n_samples == ContinuousSection().n_samples
    if sizes == (StepSection(), RetrievalSection()) and signals and n_channels == N_CHANNELS:
        return ""
    return "claimed for the published size; here another"
