"""The report of a benchmark of ``adhd``, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.adhd.claims import adhd_claims
from neurodecode.benchmarks.adhd.config import KINDS, settings_of
from neurodecode.benchmarks.adhd.programs import SMALL_PEERS
from neurodecode.benchmarks.adhd.sections import counting_section, small_section, subject_section
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.evaluated import read_facts, read_tables
from neurodecode.benchmarks.ratios import SPREAD, ratios_over_repeats
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
        Every timing, by kind: subject, counting, small.
    ratios : list of MetricRow
        Median and range over the repeats.
    gap : float or None
        Most voxels whose count differs.
    absent : list of str
        Peers that are not installed.
    machine : dict
    """

    tables: dict[str, pd.DataFrame]
    ratios: list[MetricRow]
    gap: float | None
    absent: list[str]
    machine: dict[str, Any]


def build_report(job: Job) -> Report:
    """Assemble the report of a finished benchmark."""
    config = job.config
    assert isinstance(config, BenchConfig)
    found = load_measured(job, config)
    tables = found.tables
    claims = adhd_claims(found.gap, tables["subject"], found.ratios, config, absent=found.absent)
    sections = [
        subject_section(tables["subject"], config),
        counting_section(tables["counting"], found.ratios, config),
        small_section(tables["small"], tables["counting"], found.ratios, config),
        *closing_sections(job, claims, found.machine, first="Counts must be equal first."),
    ]
    data = {
        "metrics": [asdict(row) for row in found.ratios], "gaps": {"counts": found.gap},
        **{kind: table.to_dict("records") for kind, table in tables.items()},
        "machine": found.machine, "claims": [vars(claim) for claim in claims], "main": "subject",
    }  # fmt: skip
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against its peers"
    return Report(title, config.description, headline(tables["subject"], config), sections, data)


def load_measured(job: Job, config: BenchConfig) -> Measured:
    """Read the evaluations of all units, and the machine of the first."""
    kinds = {
        kind: [folder for folder in job.evaluations if folder.name.startswith(kind)]
        for kind in KINDS
    }
    facts = [read_facts(folder) for kind in KINDS[1:] for folder in kinds[kind]]
    gap = max((f["gaps"]["counts"] for f in facts if f["gaps"]["counts"] is not None),
              default=None)  # fmt: skip
    tables = {kind: read_tables(folders) for kind, folders in kinds.items()}
    ratios = ratios_over_repeats(facts, repeats=config.repeats, seed=config.seed)
    timed = set(tables["small"]["program"])
    machine = read_json(job.model_of(kinds["subject"][0].name) / "model.json")["machine"]
    absent = [name for name in SMALL_PEERS if name not in timed]
    return Measured(tables, ratios, gap, absent, machine)


def headline(subjects: pd.DataFrame, config: BenchConfig) -> Headline:
    """Return the seconds of a whole subject with the first number of threads."""
    threads = config.workers[0]
    seconds = subjects.loc[subjects["threads"] == threads, "seconds"]
    return Headline(
        label=f"a whole subject of {subjects['n_voxels'].iloc[0]:,} voxels, threads: {threads}",
        metric="seconds", value=float(seconds.median()), ci_low=float(seconds.min()),
        ci_high=float(seconds.max()), chance=config.claimed["subject_seconds"], p_value=None,
        n=len(seconds), unit="round", spread=SPREAD,
        baseline=f"density {settings_of(config).subject.density:g}; claimed, at most",
    )  # fmt: skip
