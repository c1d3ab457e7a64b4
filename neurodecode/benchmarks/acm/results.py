"""The report of the ``bench`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.acm.claims import bench_claims
from neurodecode.benchmarks.acm.config import settings_of
from neurodecode.benchmarks.acm.evaluation import MODES
from neurodecode.benchmarks.acm.extrapolation import HOW
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.ratios import AS_FAST, SPREAD, agrees, ratio_over_repeats
from neurodecode.report.figures import curves_figure
from neurodecode.report.model import Block, Headline, Report, Section, Table

if TYPE_CHECKING:
    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.workflow.step import Job


@dataclass(frozen=True)
class Measured:
    """What the jobs of a run left.

    Attributes
    ----------
    candidates, curves : DataFrame
        Sampled candidates of all repeats; points of all cost curves.
    seconds : DataFrame
        ``workers, repeat, peer, exact, shared``, seconds of whole searches.
    gaps : dict
        Largest difference of AUC from the peer, by our mode, over all repeats.
    machine : dict
    """

    candidates: pd.DataFrame
    curves: pd.DataFrame
    seconds: pd.DataFrame
    gaps: dict[str, float]
    machine: dict[str, Any]


def build_report(job: Job) -> Report:
    """Assemble the report of a finished benchmark."""
    config = job.config
    assert isinstance(config, BenchConfig)
    found = load_measured(job)
    ratios = speed_ups(found, config)
    claims = bench_claims(found.gaps, ratios, config)
    sections = [
        _agreement_section(found, config),
        _ratio_section(found, ratios, config),
        *_curve_sections(found, config),
        *closing_sections(job, claims, found.machine, first="Scores must be equal first."),
    ]
    data = {
        "metrics": [asdict(row) for row in ratios],
        "gaps": found.gaps,
        "seconds": found.seconds.to_dict("records"),
        "candidates": found.candidates.to_dict("records"),
        "curves": found.curves.to_dict("records"),
        "machine": found.machine,
        "claims": [vars(claim) for claim in claims],
        "main": "exact",
    }
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against its peer"
    return Report(title, config.description, headline(ratios, found.gaps, config), sections, data)


def load_measured(job: Job) -> Measured:
    """Read the evaluations of all units, and the machine of the first."""
    tables, curves, facts = [], [], []
    for folder in job.evaluations:
        table = pd.read_parquet(folder / "predictions.parquet")
        if folder.name.startswith("cost"):
            curves.append(table)
        else:
            tables.append(table)
            facts.append(read_json(folder / "metrics.json"))
    seconds = pd.DataFrame(
        [{"workers": f["workers"], "repeat": f["repeat"], **f["seconds"]} for f in facts]
    ).sort_values(["workers", "repeat"])
    gaps = {
        mode: float(np.nanmax([*(_number(f["gaps"][mode]) for f in facts), -1])) for mode in MODES
    }
    gaps = {mode: gap if gap >= 0 else np.nan for mode, gap in gaps.items()}
    machine = read_json(job.folder / "model" / job.evaluations[0].name / "model.json")["machine"]
    points = pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()
    return Measured(pd.concat(tables, ignore_index=True), points, seconds, gaps, machine)


def speed_ups(found: Measured, config: BenchConfig) -> list[MetricRow]:
    """Return the ratios, median and range over the repeats, of the modes whose scores agree.

    A repeat's ratio has numerator and denominator from the same job.
    """
    rows = []
    for workers, part in found.seconds.groupby("workers"):
        for mode in MODES:
            if not agrees(found.gaps[mode], config.tolerated["auc"]):
                continue
            ratio = (part["peer"] / part[mode]).tolist()
            rows.append(
                ratio_over_repeats(ratio, model=mode, split=f"workers-{workers}", seed=config.seed)
            )
    return rows


def headline(rows: list[MetricRow], gaps: dict[str, float], config: BenchConfig) -> Headline:
    """Return the first ratio, or, where scores differ, by how much."""
    if rows:
        row = rows[0]
        return Headline(
            label=f"{row.model} search, {_workers(row.split)}", metric="times as fast as the peer",
            value=row.value, ci_low=row.ci_low or 0.0, ci_high=row.ci_high or 0.0,
            chance=AS_FAST, p_value=None, n=row.n, unit="repeat", spread=SPREAD,
            baseline="as fast as the peer",
        )  # fmt: skip
    gap = min((g for g in gaps.values() if not np.isnan(g)), default=1.0)
    return Headline(
        label=f"scores differ by more than {config.tolerated['auc']:g}, so times are not compared",
        metric="AUC, largest difference", value=gap, ci_low=gap, ci_high=gap, chance=0.0,
        p_value=None, n=config.repeats, unit="repeat", spread=SPREAD, baseline="same scores",
    )  # fmt: skip


def _agreement_section(found: Measured, config: BenchConfig) -> Section:
    tolerance = config.tolerated["auc"]
    first = found.candidates.drop_duplicates(["order", "lag", "C", "kernel"])
    rows = [
        (row.order, row.lag, f"{row.C:g}", row.kernel, _f5(row.peer), _f5(row.exact),
         _f5(row.shared), f"{row.seconds:.2f}", row.workers)
        for row in first.itertuples()
    ]  # fmt: skip
    columns = ("order", "lag", "C", "kernel", "AUC, peer", "AUC, exact", "AUC, shared",
               "peer, s", "workers")  # fmt: skip
    said = [
        f"{mode}: largest difference {_f5(gap)}, "
        + ("agrees" if agrees(gap, tolerance) else "DOES NOT AGREE, no ratio is given")
        for mode, gap in found.gaps.items()
    ]
    missing = int(first[["peer", *MODES]].isna().any(axis=1).sum())
    text = (
        f"Every candidate the peer was timed at, on the same folds; mean AUC may differ by "
        f"{tolerance:g} at most. {'; '.join(said)}. "
        f"{missing} of {len(first)} candidates could not be scored by both."
    )
    return Section("Agreement", [text, Table(columns, rows, "Candidates compared", folded=True)])


def _ratio_section(found: Measured, ratios: list[MetricRow], config: BenchConfig) -> Section:
    bench = settings_of(config)
    rows = [
        (_workers(r.split), r.model, f"{r.value:.1f}", f"{r.ci_low:.1f} to {r.ci_high:.1f}", r.n)
        for r in ratios
    ]
    seconds = [
        (row.workers, row.repeat, f"{row.peer:.1f}", f"{row.exact:.1f}", f"{row.shared:.1f}")
        for row in found.seconds.itertuples()
    ]
    pairs = ", ".join(f"({order}, {lag})" for order, lag in bench.sampled)
    size = (
        f"{len(bench.orders)} orders x {len(bench.lags)} lags x {bench.n_settings} settings = "
        f"{bench.n_candidates} candidates, {bench.n_splits} inner folds, one outer training set"
    )
    how = (
        f"Ours is timed whole: {size}. The peer is timed at the (order, lag) pairs {pairs}, in the "
        f"same job and between the parts of ours, one BLAS thread per worker, warm-up not counted. "
        f"{HOW} With several workers the sampled candidates themselves run on those workers."
    )
    blocks: list[Block] = [
        how,
        Table(("", "our mode", "times as fast, median", SPREAD, "repeats"), rows),
        Table(("workers", "repeat", "peer, estimated, s", "exact, s", "shared, s"), seconds,
              "Seconds of a whole search", folded=True),
    ]  # fmt: skip
    if len(ratios) < len(MODES) * found.seconds["workers"].nunique():
        blocks.insert(1, "A mode whose scores do not agree has no ratio.")
    return Section("Ratios", blocks)


def _curve_sections(found: Measured, config: BenchConfig) -> list[Section]:
    if found.curves.empty:
        return []
    bench = settings_of(config)
    cost = bench.cost
    blocks: list[Block] = []
    for curve, part in found.curves.groupby("curve", sort=False):
        fixed = "" if curve == "orders" else f"order {cost.order}, "
        blocks.append(
            curves_figure(part.rename(columns={"exact": "ours, exact", "shared": "ours, shared"}),
                          ("peer", "ours, exact", "ours, shared"), xlabel=str(curve),
                          ylabel=f"s for one point ({fixed}lag {cost.lag})", name=f"cost-{curve}")
        )  # fmt: skip
        blocks.append(_growth(part, str(curve)))
    text = (
        f"Seconds of one (order, lag) point with all {bench.n_settings} settings, one "
        f"worker, median and range of {cost.repeats}. The peer is timed at one setting, times "
        f"the number of settings, since it repeats everything for each."
    )
    return [Section("Cost curves", [text, *blocks])]


def _growth(part: pd.DataFrame, curve: str) -> str:
    """Word the power of the size with which the seconds grow, from its first value to its last."""
    medians = part.groupby("value")[["peer", *MODES]].median()
    if len(medians) < 2:
        return ""
    span = np.log(medians.index[-1] / medians.index[0])
    powers = np.log(medians.iloc[-1] / medians.iloc[0]) / span
    said = ", ".join(f"{name} {power:.1f}" for name, power in powers.items())
    return f"{medians.index[0]} to {medians.index[-1]} {curve}: seconds grow with the power {said}."


def _workers(split: str) -> str:
    number = split.rpartition("-")[2]
    return f"{number} worker" + ("" if number == "1" else "s")


def _f5(value: Any) -> str:
    return "-" if np.isnan(value) else f"{value:.5f}"


def _number(value: float | None) -> float:
    return np.nan if value is None else value
