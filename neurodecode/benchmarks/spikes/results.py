"""The report of a benchmark of ``spikes``, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.evaluated import read_facts, read_tables
from neurodecode.benchmarks.ratios import AS_FAST, SPREAD, ratios_over_repeats
from neurodecode.benchmarks.spikes.claims import spikes_claims
from neurodecode.benchmarks.spikes.config import KINDS
from neurodecode.benchmarks.spikes.evaluation import writing_split
from neurodecode.benchmarks.spikes.growth import Growth, growths_of
from neurodecode.benchmarks.spikes.programs import SINGLE, WHOLE
from neurodecode.benchmarks.spikes.sections import (
    growth_section,
    training_section,
    writing_section,
)
from neurodecode.report.model import Headline, Report

if TYPE_CHECKING:
    import pandas as pd

    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.workflow.step import Job


@dataclass(frozen=True)
class Measured:
    """What the jobs of a run left.

    Attributes
    ----------
    tables : dict of DataFrame
        Every timing, by kind: writing, training, cost.
    ratios : list of MetricRow
        Median and range over the repeats.
    gaps : dict
        Largest difference of the programs: ``tokens``, ``loss``, ``gradient``.
    written : dict
        ``distinct``: most neurons that differ among the tokens of a window.
    growths : list of Growth
    machine : dict
    """

    tables: dict[str, pd.DataFrame]
    ratios: list[MetricRow]
    gaps: dict[str, float]
    written: dict[str, Any]
    growths: list[Growth]
    machine: dict[str, Any]


def build_report(job: Job) -> Report:
    """Assemble the report of a finished benchmark."""
    config = job.config
    assert isinstance(config, BenchConfig)
    found = load_measured(job, config)
    claims = spikes_claims(found.gaps, found.ratios, found.growths, config)
    first = "Tokens, losses and gradients must be equal first."
    sections = [
        writing_section(found.tables["writing"], found.written, found.ratios, config),
        training_section(found.tables["training"], found.ratios, config),
        growth_section(found.tables["cost"], found.growths, config),
        *closing_sections(job, claims, found.machine, first=first),
    ]
    data = {
        "metrics": [asdict(row) for row in found.ratios], "gaps": found.gaps,
        **{kind: table.to_dict("records") for kind, table in found.tables.items()},
        "growth": [asdict(growth) for growth in found.growths], "machine": found.machine,
        "claims": [vars(claim) for claim in claims], "main": SINGLE,
    }  # fmt: skip
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against its peers"
    return Report(title, config.description, headline(found, config), sections, data)


def load_measured(job: Job, config: BenchConfig) -> Measured:
    """Read the evaluations of all units, and the machine of the first."""
    kinds = {
        kind: [folder for folder in job.evaluations if folder.name.startswith(kind)]
        for kind in KINDS
    }
    facts = {kind: [read_facts(folder) for folder in folders] for kind, folders in kinds.items()}
    gaps: dict[str, float] = {}
    for found in (*facts["writing"], *facts["training"]):
        for name, gap in found["gaps"].items():
            gaps[name] = max(gap, gaps.get(name, 0.0))
    tables = {kind: read_tables(folders) for kind, folders in kinds.items()}
    ratios = ratios_over_repeats(
        [*facts["writing"], *facts["training"]], repeats=config.repeats, seed=config.seed
    )
    machine = read_json(job.model_of(kinds["writing"][0].name) / "model.json")["machine"]
    written = {"distinct": max(found["distinct"] for found in facts["writing"])}
    return Measured(tables, ratios, gaps, written, growths_of(tables["cost"]), machine)


def headline(found: Measured, config: BenchConfig) -> Headline:
    """Return the first ratio of writing, or, where tokens differ, how many do."""
    threads = config.workers[0]
    for row in found.ratios:
        if (row.model, row.split) == (SINGLE, writing_split(WHOLE, threads)):
            return Headline(
                label=f"writing one window, threads: {threads}",
                metric="times as fast as a pass per token", value=row.value,
                ci_low=row.ci_low or 0.0, ci_high=row.ci_high or 0.0, chance=AS_FAST, p_value=None,
                n=row.n, unit="repeat", spread=SPREAD, baseline="as fast as the peer",
            )  # fmt: skip
    gap = found.gaps["tokens"]
    return Headline(
        label="results differ, so times are not compared", metric="tokens that differ, at most",
        value=gap, ci_low=gap, ci_high=gap, chance=0.0, p_value=None, n=config.repeats,
        unit="repeat", spread=SPREAD, baseline="same tokens",
    )  # fmt: skip
