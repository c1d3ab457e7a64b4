"""The report of a benchmark of ``mci``, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.evaluated import read_facts, read_tables
from neurodecode.benchmarks.mci.claims import nested_claims
from neurodecode.benchmarks.mci.config import settings_of
from neurodecode.benchmarks.mci.evaluation import OURS, PLAIN, split_of
from neurodecode.benchmarks.ratios import AS_FAST, SPREAD, ratio_cells, ratios_over_repeats
from neurodecode.report.model import Headline, Report, Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.workflow.step import Job

SECONDS_PER_HOUR = 3600.0


def build_report(job: Job) -> Report:
    """Assemble the report of a finished benchmark."""
    config = job.config
    assert isinstance(config, BenchConfig)
    facts = [read_facts(folder) for folder in job.evaluations]
    ratios = ratios_over_repeats(facts, repeats=config.repeats, seed=config.seed)
    gaps = {key: max(found["gaps"][key] for found in facts) for key in ("scores", "inner")}
    machine = read_json(job.model_of(job.evaluations[0].name) / "model.json")["machine"]
    table = read_tables(job.evaluations)
    claims = nested_claims(gaps, ratios, config)
    sections = [
        seconds_section(table, ratios, config),
        *closing_sections(job, claims, machine, first="Scores must be equal first."),
    ]
    data = {
        "metrics": [asdict(row) for row in ratios], "gaps": gaps,
        "seconds": table.to_dict("records"), "machine": machine,
        "claims": [vars(claim) for claim in claims], "main": OURS,
    }  # fmt: skip
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against the plain loop"
    return Report(title, config.description, headline(ratios, gaps, config), sections, data)


def seconds_section(
    table: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig
) -> Section:
    """Seconds per outer fold of both programs, and hours of the whole from them."""
    asked, rows = settings_of(config).nested, []
    n_folds = asked.replicates * asked.outer_folds
    for workers, part in table.groupby("workers", sort=False):
        for name in (OURS, PLAIN):
            seconds = part.loc[part["program"] == name, "seconds"]
            ratio = ratio_cells(ratios, OURS, split_of(int(str(workers))))
            hours = float(seconds.median()) * n_folds / SECONDS_PER_HOUR
            rows.append((workers if name == OURS else 1, name, f"{seconds.median():.2f}",
                         f"{seconds.min():.2f} to {seconds.max():.2f}", f"{hours:.2f}",
                         *(ratio if name == OURS else ("1", ""))))  # fmt: skip
    text = (
        f"{asked.n_people} people, {asked.n_measures} measures, {len(asked.classifiers)} "
        f"classifiers of {asked.candidates} settings, {asked.outer_folds} outer and "
        f"{asked.inner_folds} inner folds. Timed: {asked.timed_replicates} replicates of ours, "
        f"{min(asked.timed_folds, asked.outer_folds)} outer folds of the plain loop. The hours of "
        f"{asked.replicates} replicates are extrapolated, {n_folds} times the seconds of a fold. "
        "The plain loop fits a scikit-learn pipeline (harmonisation, ranking, classifier) for "
        "every setting and inner fold; ours computes harmonised measures and rankings once per "
        "split."
    )
    columns = ("processes", "program", "seconds per outer fold, median", SPREAD,
               "hours of the whole, extrapolated", "times as fast", SPREAD)  # fmt: skip
    return Section("Seconds per outer fold", [text, Table(columns, rows)])


def headline(
    ratios: Sequence[MetricRow], gaps: Mapping[str, float], config: BenchConfig
) -> Headline:
    """Return the ratio with all workers, or, where scores differ, by how much."""
    workers = max(config.workers)
    for row in ratios:
        if row.split == split_of(workers):
            return Headline(
                label=f"nested search, workers: {workers}", metric="times as fast",
                value=row.value, ci_low=row.ci_low or 0.0, ci_high=row.ci_high or 0.0,
                chance=AS_FAST, p_value=None, n=row.n, unit="repeat", spread=SPREAD,
                baseline="as fast as the plain loop",
            )  # fmt: skip
    gap = max(gaps.values())
    return Headline(
        label="scores differ, so times are not compared", metric="largest difference",
        value=gap, ci_low=gap, ci_high=gap, chance=0.0, p_value=None, n=config.repeats,
        unit="repeat", spread=SPREAD, baseline="same scores",
    )  # fmt: skip
