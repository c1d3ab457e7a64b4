"""The report of a benchmark of ``mindbridge``, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.evaluated import read_facts, read_tables
from neurodecode.benchmarks.mindbridge.claims import bridge_step_claims
from neurodecode.benchmarks.mindbridge.config import settings_of
from neurodecode.benchmarks.mindbridge.programs import OURS, PEER
from neurodecode.benchmarks.ratios import (
    AS_FAST,
    SPREAD,
    ratio_cells,
    ratios_over_repeats,
)
from neurodecode.report.model import Headline, Report, Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from neurodecode.evaluation.metric_row import MetricRow
    from neurodecode.workflow.step import Job


def build_report(job: Job) -> Report:
    """Assemble the report of a finished benchmark."""
    config = job.config
    assert isinstance(config, BenchConfig)
    facts = [read_facts(folder) for folder in job.evaluations]
    ratios = ratios_over_repeats(facts, repeats=config.repeats, seed=config.seed)
    gaps = {key: max(found["gaps"][key] for found in facts) for key in ("loss", "gradient")}
    memory = max((found["memory"] for found in facts), key=lambda found: float(found["peak"]))
    machine = read_json(job.model_of(job.evaluations[0].name) / "model.json")["machine"]
    table = read_tables(job.evaluations)
    claims = bridge_step_claims(gaps, ratios, memory, config)
    first = "Losses and gradients must be equal first."
    sections = [
        step_section(table, ratios, config),
        memory_section(memory),
        *closing_sections(job, claims, machine, first=first),
    ]
    data = {
        "metrics": [asdict(row) for row in ratios], "gaps": gaps, "memory": memory,
        "steps": table.to_dict("records"), "machine": machine,
        "claims": [vars(claim) for claim in claims], "main": OURS,
    }  # fmt: skip
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against its peers"
    return Report(title, config.description, headline(ratios, gaps, config), sections, data)


def step_section(table: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig) -> Section:
    """Seconds of both programs, and ours against the other."""
    bench, rows = settings_of(config), []
    for threads, part in table.groupby("threads"):
        for name in (OURS, PEER):
            ratio = ratio_cells(ratios, OURS, f"threads-{threads}") if name == OURS else ("1", "")
            seconds = part[name]
            rows.append((threads, name, f"{seconds.median():.3g}",
                         f"{seconds.min():.3g} to {seconds.max():.3g}", *ratio,
                         f"{part[f'{name}, CPU'].median():.3g}"))  # fmt: skip
    text = (
        f"{bench.step.n_subjects} subjects, {bench.step.batch_size} stimuli of each, width "
        f"{bench.bridge.width}: forward, six losses, backward, AdamW, by turns on the same "
        "parameters and with the same dropout. The peer goes subject by subject and computes each "
        "loss by itself."
    )
    columns = ("threads", "program", "s, median", SPREAD, "times as fast as the peer", SPREAD,
               "CPU s, median")  # fmt: skip
    return Section("Training step", [text, Table(columns, rows)])


def memory_section(memory: Mapping[str, Any]) -> Section:
    """What a training holds in memory."""
    names = {"weights": "weights", "gradients": "gradients", "optimiser": "states of AdamW",
             "peak": "peak of the process, measured"}  # fmt: skip
    rows = [(said, f"{memory[name]:.2f} GB") for name, said in names.items()]
    return Section("Memory", ["Single precision; 1 GB is 10^9 bytes.", Table(("what", ""), rows)])


def headline(
    ratios: Sequence[MetricRow], gaps: Mapping[str, float], config: BenchConfig
) -> Headline:
    """Return the first ratio, or, where results differ, by how much."""
    threads = config.workers[0]
    for row in ratios:
        if row.split == f"threads-{threads}":
            return Headline(
                label=f"training step, threads: {threads}",
                metric="times as fast as the straightforward one", value=row.value,
                ci_low=row.ci_low or 0.0, ci_high=row.ci_high or 0.0, chance=AS_FAST, p_value=None,
                n=row.n, unit="repeat", spread=SPREAD, baseline="as fast as the peer",
            )  # fmt: skip
    gap = max(gaps.values())
    return Headline(
        label="results differ, so times are not compared", metric="largest difference",
        value=gap, ci_low=gap, ci_high=gap, chance=0.0, p_value=None, n=config.repeats,
        unit="repeat", spread=SPREAD, baseline="same losses and gradients",
    )  # fmt: skip
