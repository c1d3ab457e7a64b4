"""The claims of a benchmark: equal scores, then so many times as fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from neurodecode.benchmarks.acm.config import settings_of
from neurodecode.benchmarks.acm.evaluation import MODES
from neurodecode.benchmarks.ratios import agrees, reached
from neurodecode.report.model import Claim, Verdict

if TYPE_CHECKING:
    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow

PAPER_SIZE = (288, 22, 1001)
PAPER_GRID = 600


def bench_claims(
    gaps: Mapping[str, float], ratios: Sequence[MetricRow], config: BenchConfig
) -> list[Claim]:
    """Answer, for each mode, whether scores agree and whether the ratio is reached.

    Parameters
    ----------
    gaps : mapping of mode to float
        Largest difference of AUC from the peer.
    ratios : sequence of MetricRow
        Median, smallest and largest ratio; ``split`` is "workers-N".
    """
    claims = [_agreement(mode, gaps[mode], config.tolerated["auc"]) for mode in MODES]
    note = _size_note(config)
    for mode, target in config.claimed.items():
        for workers in config.workers:
            key = f"{mode}-{workers}"
            text = f"At least {target:g} times as fast as the peer, {mode}, workers: {workers}"
            found = [r for r in ratios if (r.model, r.split) == (mode, f"workers-{workers}")]
            claims.append(reached(key, text, found, target, note))
    return claims


def _agreement(mode: str, gap: float, tolerance: float) -> Claim:
    text = f"Scores of the {mode} mode equal the peer's within {tolerance:g} AUC"
    if gap != gap:
        return Claim(f"scores-{mode}", text, "parity", "-", "not tested", "nothing to compare")
    verdict: Verdict = "holds" if agrees(gap, tolerance) else "fails"
    return Claim(f"scores-{mode}", text, "parity", f"{gap:.1e} at most", verdict)


def _size_note(config: BenchConfig) -> str:
    """Say where this run is not of the size that the claim is about."""
    n = config.data.simulation
    size = (n.n_trials, n.n_channels, n.n_samples)
    if size == PAPER_SIZE and settings_of(config).n_candidates == PAPER_GRID:
        return ""
    return (
        "claimed for 22 channels x 1001 samples x 288 trials and 600 candidates; here "
        f"{n.n_channels} x {n.n_samples} x {n.n_trials} and {settings_of(config).n_candidates}"
    )
