"""The paper's claims about image decoding, each tested on what this run has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodecode.contrastive.image.contrasts import (
    Contrast,
    Course,
    contrast,
    early,
    high_over_low,
    late_after,
    level_of,
    offset_gain,
    redrawn_difference,
)
from neurodecode.report.model import Claim, Verdict
from neurodecode.report.verdicts import (
    ALPHA,
    chance_verdict,
    paired_claim,
    score_text,
    side,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from neurodecode.contrastive.image.config import ImageConfig

NOT_HERE = "not part of this run"
PUBLISHED_FACTOR = 7.0
MARGIN = 0.05
"""What the joint decoder may lose in accuracy and still serve retrieval."""
TWO_WAY = " two-way"


@dataclass(frozen=True)
class Evidence:
    """What claims are judged by.

    Attributes
    ----------
    kind : str
        "simulated" or "real".
    group : mapping of str to Series
        Group row of each decoder, of the headline's metric and label.
    comparisons : DataFrame
        Main decoder minus each other one, over participants.
    factor : Contrast or None
        How many times as often the main decoder finds the picture as the linear one.
    linear : str or None
        The linear decoder with the same target.
    courses : dict of str to Course
        Relative ranks over sliding windows.
    course_table : DataFrame
        Of :func:`time_course`.
    offset : float
        When pictures disappear, s after the onset.
    redrawn : mapping of str to DataFrame
        Scores of redrawn pictures by the name of the unit.
    redrawn_rows : DataFrame
        Metric rows of "generation.full".
    latency : DataFrame or None
        Of the replay: ``stage, median_ms, p95_ms, max_ms``.
    same_as_offline : float or None
        Share of replayed trials with the decision of the same chain offline.
    interval_s : float
        Median time between pictures.
    """

    kind: str
    group: Mapping[str, pd.Series]
    comparisons: pd.DataFrame
    factor: Contrast | None
    linear: str | None
    courses: dict[str, Course]
    course_table: pd.DataFrame
    offset: float
    redrawn: Mapping[str, pd.DataFrame]
    redrawn_rows: pd.DataFrame
    latency: pd.DataFrame | None
    same_as_offline: float | None
    interval_s: float


def image_claims(found: Evidence, config: ImageConfig) -> list[Claim]:
    """Answer the claims I1 to I7."""
    return [
        *_deep_against_linear(found, config),
        *_high_level_late(found, config),
        _high_level_used(found, config),
        *_low_level_lost(found, config),
        *_rises_twice(found, config),
        _joint(found, config),
        _real_time(found),
    ]


def _deep_against_linear(found: Evidence, config: ImageConfig) -> list[Claim]:
    text = "The deep module retrieves better than a linear decoder"
    times = "About seven times as often"
    rows = found.comparisons
    mine = rows[rows["model"] == found.linear] if found.linear and len(rows) else rows[:0]
    if not len(mine) or found.factor is None:
        untested = [Claim("I1", text, found.kind, "-", "not tested", NOT_HERE)]
        return [*untested, Claim("I1b", times, found.kind, "-", "not tested", NOT_HERE)]
    factor = found.factor
    reaches = factor.high >= PUBLISHED_FACTOR
    holds: Verdict = "holds" if reaches and factor.low > 1 else "not shown" if reaches else "fails"
    said = f"x {factor.estimate:.2f} [{factor.low:.2f}, {factor.high:.2f}]"
    note = f"{config.decoders[0]} against {found.linear}, same target, over participants"
    return [
        paired_claim("I1", text, mine.iloc[0], found.kind, note),
        Claim("I1b", times, found.kind, said, holds, "holds if the interval reaches 7"),
    ]


def _high_level_late(found: Evidence, config: ImageConfig) -> list[Claim]:
    text = "Late responses are best decoded with high-level features"
    first = "Early responses carry low-level features at least as well"
    late = high_over_low(found.courses, config, late_after(found.offset), config.seed)
    start = high_over_low(found.courses, config, early, config.seed)
    if late is None or start is None:
        note = "needs sliding windows with a low-level and a high-level target"
        return [Claim(key, what, found.kind, "-", "not tested", note)
                for key, what in (("I2", text), ("I2b", first))]  # fmt: skip
    where = f"relative ranks, high-level minus low-level target, {late.n} {late.unit}s; windows"
    return [
        Claim("I2", text, found.kind, late.text, side(late.low, late.high),
              f"{where} from 0.25 s to 0.3 s after the offset"),
        Claim("I2b", first, found.kind, start.text, side(-start.high, -start.low),
              f"{where} up to 0.25 s after the onset; holds if low-level leads"),
    ]  # fmt: skip


def _high_level_used(found: Evidence, config: ImageConfig) -> Claim:
    text = "Retrieval and generation carry high-level features"
    best = [model for model in found.group if level_of(model, config) == "high"]
    if not best:
        return Claim("I3", text, found.kind, "-", "not tested", "no high-level target")
    row = found.group[best[0]]
    verdict, figure = chance_verdict(row), f"retrieval {score_text(row)}"
    two_way = _two_way(found, config, "high")
    if two_way is None:
        return Claim("I3", text, found.kind, figure, verdict, "retrieval alone: nothing redrawn")
    figure += f"; two-way identification {score_text(two_way)}"
    if verdict == "holds" and not two_way["ci_low"] > 0.5:
        verdict = "not shown"
    return Claim("I3", text, found.kind, figure, verdict, "both above chance")


def _low_level_lost(found: Evidence, config: ImageConfig) -> list[Claim]:
    text = "Redrawn pictures keep high-level features better than pixels"
    first = "Low-level scores of redrawn pictures come from early windows"
    full = found.redrawn.get("generation.full")
    high = _columns(found, config, "high")
    claims = [Claim("I4", text, found.kind, "-", "not tested", NOT_HERE)]
    if full is not None and high and f"pixels{TWO_WAY}" in full:
        table = full.groupby("image")[[*high, f"pixels{TWO_WAY}"]].mean()
        gap = contrast(
            (table[high].mean(axis=1) - table[f"pixels{TWO_WAY}"]).to_numpy(float), "picture",
            config.seed,
        )  # fmt: skip
        note = "two-way identification by high-level features minus by pixels, same pictures"
        claims = [Claim("I4", text, found.kind, gap.text, side(gap.low, gap.high), note)]
    parts = config.generation.windows
    tables = [found.redrawn.get(name) for name in config.generation.unit_names()[1:]]
    if len(tables) < 2 or tables[0] is None or tables[-1] is None:
        return [*claims, Claim("I4b", first, found.kind, "-", "not tested", NOT_HERE)]
    gain = redrawn_difference(tables[0], tables[-1], "PixCorr", config.seed)
    assert gain is not None
    note = f"PixCorr from {_span(parts[0])} minus from {_span(parts[-1])}, by picture"
    return [*claims, Claim("I4b", first, found.kind, gain.text, side(gain.low, gain.high), note)]


def _rises_twice(found: Evidence, config: ImageConfig) -> list[Claim]:
    after_onset = "Decoding is at chance before the onset and rises after it"
    again = "and again after the offset"
    table = found.course_table
    if table.empty or "sliding" not in set(table["kind"]):
        return [Claim(key, text, found.kind, "-", "not tested", "needs sliding windows")
                for key, text in (("I5", after_onset), ("I5b", again))]  # fmt: skip
    model = next(iter(found.courses))
    mine = table[(table["kind"] == "sliding") & (table["model"] == model)]
    before = mine[mine["stop"] <= 1e-6]
    rising = mine[(mine["start"] >= -1e-6) & (mine["p_cluster"] < ALPHA)]
    quiet = len(before) > 0 and not (before["p_cluster"] < ALPHA).any()
    verdict: Verdict = "holds" if quiet and len(rising) else "fails"
    if not len(before):
        verdict = "not tested"
    elif quiet and not len(rising):
        verdict = "not shown"
    first = f"from the window that ends at {rising['stop'].min():g} s" if len(rising) else "never"
    figure = f"{(before['p_cluster'] < ALPHA).sum()} of {len(before)} windows before, {first}"
    note = f"{model}; clusters p < {ALPHA:g}"
    claims = [Claim("I5", after_onset, found.kind, figure, verdict, note)]
    gain = offset_gain(found.courses[model], found.offset, config.seed)
    if gain is None:
        return [*claims, Claim("I5b", again, found.kind, "-", "not tested", "too few windows")]
    note = f"{model}: relative ranks, windows that end 0.15-0.25 s after the offset minus 0-0.1 s"
    return [*claims, Claim("I5b", again, found.kind, gain.text, side(gain.low, gain.high), note)]


def _joint(found: Evidence, config: ImageConfig) -> Claim:
    text = "Contrastive and squared-error loss trained together serve retrieval and generation"
    rows = found.comparisons
    mine = rows[rows["model"] == "joint"] if len(rows) else rows
    if not len(mine) or "joint" not in found.group:
        return Claim("I6", text, found.kind, "-", "not tested", NOT_HERE)
    row, two_way = mine.iloc[0], _two_way(found, config, "high")
    figure = f"retrieval {-row['difference']:+.3f} [{-row['ci_high']:+.3f}, {-row['ci_low']:+.3f}]"
    retrieves = row["ci_high"] < MARGIN and chance_verdict(found.group["joint"]) == "holds"
    verdict: Verdict = "holds" if retrieves else "not shown"
    if row["ci_low"] > MARGIN:
        verdict = "fails"
    note = f"joint minus {config.decoders[0]}, may lose {MARGIN:g}"
    if two_way is None:
        return Claim("I6", text, found.kind, figure, "not tested", f"{note}; nothing redrawn")
    figure += f"; two-way identification {score_text(two_way)}"
    if verdict == "holds" and not two_way["ci_low"] > 0.5:
        verdict = "not shown"
    return Claim("I6", text, found.kind, figure, verdict, note)


def _real_time(found: Evidence) -> Claim:
    text = "A streaming decoder keeps up in real time"
    if found.latency is None or found.same_as_offline is None:
        return Claim("I7", text, found.kind, "-", "not tested", NOT_HERE)
    total = found.latency.set_index("stage").loc["total"]
    figure = f"{total['median_ms']:.1f} ms per trial, 95 % below {total['p95_ms']:.1f} ms"
    fast = total["p95_ms"] < 1000 * found.interval_s
    verdict: Verdict = "holds" if fast and found.same_as_offline == 1 else "fails"
    note = (
        f"a picture every {found.interval_s:.2f} s; {100 * found.same_as_offline:.0f} % of the "
        "decisions as by the same causal chain offline"
    )
    return Claim("I7", text, found.kind, figure, verdict, note)


def _columns(found: Evidence, config: ImageConfig, level: str) -> list[str]:
    names = [f"{name}{TWO_WAY}" for name in config.generation.identification
             if level_of(f"ridge, {name}", config) == level]  # fmt: skip
    full = found.redrawn.get("generation.full")
    return [name for name in names if full is not None and name in full]


def _two_way(found: Evidence, config: ImageConfig, level: str) -> pd.Series | None:
    """Return the metric row of two-way identification by features of a level."""
    for name in _columns(found, config, level):
        rows = found.redrawn_rows
        mine = rows[(rows["metric"] == name) & (rows["level"] == "group")]
        if len(mine):
            return mine.iloc[0]
    return None


def _span(span: tuple[float, float]) -> str:
    return f"{span[0]:g} to {span[1]:g} s"
