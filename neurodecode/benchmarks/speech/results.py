"""The report of a benchmark of ``speech``, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.evaluated import read_facts, read_tables
from neurodecode.benchmarks.ratios import AS_FAST, SPREAD, ratios_over_repeats
from neurodecode.benchmarks.speech.claims import speech_claims
from neurodecode.benchmarks.speech.programs import OURS
from neurodecode.benchmarks.speech.sections import (
    retrieval_section,
    step_section,
    windows_section,
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
    steps, windows : DataFrame
        Seconds of every timed step; of reading all windows, a row per program and repeat.
    ratios : list of MetricRow
        Median and range over the repeats.
    gaps : dict
        Largest difference of ours from the peers: ``loss`` and ``windows``.
    retrieval, machine : dict
    """

    steps: pd.DataFrame
    windows: pd.DataFrame
    ratios: list[MetricRow]
    gaps: dict[str, float]
    retrieval: dict[str, Any]
    machine: dict[str, Any]


def build_report(job: Job) -> Report:
    """Assemble the report of a finished benchmark."""
    config = job.config
    assert isinstance(config, BenchConfig)
    found = load_measured(job, config)
    claims = speech_claims(found.gaps, found.ratios, found.retrieval, config)
    sections = [
        step_section(found.steps, found.ratios, config),
        windows_section(found.windows, found.ratios, config),
        retrieval_section(found.retrieval, config),
        *closing_sections(job, claims, found.machine, first="Results must be equal first."),
    ]
    data = {
        "metrics": [asdict(row) for row in found.ratios],
        "gaps": found.gaps,
        "steps": found.steps.to_dict("records"),
        "windows": found.windows.to_dict("records"),
        "retrieval": found.retrieval,
        "machine": found.machine,
        "claims": [vars(claim) for claim in claims],
        "main": OURS,
    }
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against its peers"
    return Report(title, config.description, headline(found, config), sections, data)


def load_measured(job: Job, config: BenchConfig) -> Measured:
    """Read the evaluations of all units, and the machine of the first."""
    kinds = {
        kind: [folder for folder in job.evaluations if folder.name.startswith(kind)]
        for kind in ("step", "windows", "retrieval")
    }
    facts = {kind: [read_facts(folder) for folder in folders] for kind, folders in kinds.items()}
    gaps = {
        "loss": max(found["gaps"][OURS] for found in facts["step"]),
        "windows": max(gap for found in facts["windows"] for gap in found["gaps"].values()),
    }
    machine = read_json(job.model_of(kinds["step"][0].name) / "model.json")["machine"]
    ratios = ratios_over_repeats(
        [*facts["step"], *facts["windows"]], repeats=config.repeats, seed=config.seed
    )
    return Measured(
        read_tables(kinds["step"]), read_tables(kinds["windows"]), ratios, gaps,
        {k: v for k, v in facts["retrieval"][0].items() if k not in ("rows", "audit")}, machine,
    )  # fmt: skip


def headline(found: Measured, config: BenchConfig) -> Headline:
    """Return the first ratio of ours, or, where losses differ, by how much."""
    split = f"threads-{config.workers[0]}"
    for row in found.ratios:
        if (row.model, row.split) == (OURS, split):
            return Headline(
                label=f"training step, threads: {config.workers[0]}",
                metric="times as fast as the straightforward one", value=row.value,
                ci_low=row.ci_low or 0.0, ci_high=row.ci_high or 0.0, chance=AS_FAST, p_value=None,
                n=row.n, unit="repeat", spread=SPREAD, baseline="as fast as the peer",
            )  # fmt: skip
    gap = found.gaps["loss"]
    return Headline(
        label="losses differ, so times are not compared", metric="loss, largest difference",
        value=gap, ci_low=gap, ci_high=gap, chance=0.0, p_value=None, n=config.repeats,
        unit="repeat", spread=SPREAD, baseline="same losses",
    )  # fmt: skip
