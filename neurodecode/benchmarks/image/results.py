"""The report of a benchmark of ``image``, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.evaluated import read_facts, read_tables
from neurodecode.benchmarks.image.claims import image_claims
from neurodecode.benchmarks.image.programs import OURS, SKLEARN, split_of
from neurodecode.benchmarks.image.sections import retrieval_section, ridge_section
from neurodecode.benchmarks.ratios import AS_FAST, SPREAD, ratios_over_repeats
from neurodecode.report.model import Headline, Report

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.workflow.step import Job

KINDS = ("ridge", "retrieval")


@dataclass(frozen=True)
class Measured:
    """What the jobs of a run left.

    Attributes
    ----------
    tables : dict of {"ridge", "retrieval"} to DataFrame
        Seconds, a row per program, number of threads and repeat.
    facts : dict of {"ridge", "retrieval"} to dict
        What the first job of each kind found.
    ratios : list of MetricRow
        Median and range over the repeats.
    gaps : dict of {"ridge", "ranks"} to float or None
        Largest difference of ours from any peer.
    machine : dict
    """

    tables: dict[str, pd.DataFrame]
    facts: dict[str, dict[str, Any]]
    ratios: list[MetricRow]
    gaps: dict[str, float | None]
    machine: dict[str, Any]


def build_report(job: Job) -> Report:
    """Assemble the report of a finished benchmark."""
    config = job.config
    assert isinstance(config, BenchConfig)
    found = load_measured(job, config)
    claims = image_claims(found.gaps, found.ratios, config)
    tables, facts = found.tables, found.facts
    sections = [
        ridge_section(tables["ridge"], found.ratios, facts["ridge"], config),
        retrieval_section(tables["retrieval"], found.ratios, facts["retrieval"], config),
        *closing_sections(job, claims, found.machine, first="Results must be equal first."),
    ]
    data = {
        "metrics": [asdict(row) for row in found.ratios],
        "gaps": found.gaps,
        **{kind: tables[kind].to_dict("records") for kind in KINDS},
        "machine": found.machine,
        "claims": [vars(claim) for claim in claims],
        "main": OURS,
    }
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against its peers"
    return Report(title, config.description, headline(found, config), sections, data)


def load_measured(job: Job, config: BenchConfig) -> Measured:
    """Read the evaluations of all units, and the machine of the first."""
    folders = {
        kind: [folder for folder in job.evaluations if folder.name.startswith(kind)]
        for kind in KINDS
    }
    facts = {kind: [read_facts(folder) for folder in found] for kind, found in folders.items()}
    ratios = ratios_over_repeats(
        [found for kind in KINDS for found in facts[kind]], repeats=config.repeats, seed=config.seed
    )
    gaps = {
        name: largest(gap for found in facts[kind] for gap in found["gaps"].values())
        for name, kind in (("ridge", "ridge"), ("ranks", "retrieval"))
    }
    machine = read_json(job.model_of(folders["ridge"][0].name) / "model.json")["machine"]
    firsts = {kind: found[0] for kind, found in facts.items()}
    tables = {kind: read_tables(found) for kind, found in folders.items()}
    return Measured(tables, firsts, ratios, gaps, machine)


def largest(gaps: Iterable[float | None]) -> float | None:
    """Return the largest difference; None if one of them could not be taken."""
    found = list(gaps)
    numbers = [gap for gap in found if gap is not None]
    return max(numbers) if len(numbers) == len(found) else None


def headline(found: Measured, config: BenchConfig) -> Headline:
    """Return the ratio against scikit-learn, or, where results differ, by how much."""
    threads = config.workers[0]
    for row in found.ratios:
        if row.split == split_of(SKLEARN, threads):
            return Headline(
                label=f"ridge regression, threads: {threads}",
                metric="times as fast as scikit-learn", value=row.value,
                ci_low=row.ci_low or 0.0, ci_high=row.ci_high or 0.0, chance=AS_FAST, p_value=None,
                n=row.n, unit="repeat", spread=SPREAD, baseline="as fast as the peer",
            )  # fmt: skip
    gap = found.gaps["ridge"] or 0.0
    return Headline(
        label="results differ, so times are not compared", metric="largest difference",
        value=gap, ci_low=gap, ci_high=gap, chance=0.0, p_value=None, n=config.repeats,
        unit="repeat", spread=SPREAD, baseline="same results",
    )  # fmt: skip
