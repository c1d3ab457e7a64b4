"""The report of a benchmark of ``emotion``, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from neurodecode.artefacts import read_json
from neurodecode.benchmarks.closing import closing_sections
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.emotion.claims import histn_claims
from neurodecode.benchmarks.emotion.config import settings_of
from neurodecode.benchmarks.emotion.evaluation import split_of
from neurodecode.benchmarks.emotion.programs import OURS, PLAIN, RIVAL
from neurodecode.benchmarks.evaluated import read_facts, read_tables
from neurodecode.benchmarks.ratios import AS_FAST, SPREAD, ratio_cells, ratios_over_repeats
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
    gaps = {key: max(found["gaps"][key] for found in facts) for key in ("outputs", "gradient")}
    machine = read_json(job.model_of(job.evaluations[0].name) / "model.json")["machine"]
    table = read_tables(job.evaluations)
    claims = histn_claims(gaps, ratios, config)
    sections = [
        throughput_section(table, ratios, config),
        *closing_sections(job, claims, machine, first="Outputs and gradients must be equal first."),
    ]
    data = {
        "metrics": [asdict(row) for row in ratios], "gaps": gaps,
        "throughput": table.to_dict("records"), "machine": machine,
        "claims": [vars(claim) for claim in claims], "main": OURS,
    }  # fmt: skip
    title = f"{job.plan.pipeline} / {job.plan.experiment}: neurodecode against its peers"
    return Report(title, config.description, headline(ratios, gaps, config), sections, data)


def throughput_section(
    table: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig
) -> Section:
    """Windows per second of each program, and ours against the others."""
    bench, rows = settings_of(config), []
    for (threads, phase), part in table.groupby(["threads", "phase"], sort=False):
        for name in (OURS, PLAIN, RIVAL):
            mine = part[part["network"] == name]
            speed = mine["windows_per_second"]
            split = split_of(str(phase), name, int(str(threads)))
            ratio = ("1", "") if name == OURS else ratio_cells(ratios, OURS, split)
            rows.append((threads, phase, name, int(mine["parameters"].iloc[0]),
                         f"{speed.median():,.0f}", f"{speed.min():,.0f} to {speed.max():,.0f}",
                         *ratio))  # fmt: skip
    text = (
        f"Batches of {bench.step.batch_size} windows of 14 channels and 128 samples, by turns in "
        "one process. A training step is forward, loss, backward, Adam and the limits on weights. "
        f"'{OURS}' is HiSTN {bench.graph}; '{PLAIN}' has the same parameters and outputs, computed "
        "step by step with PyTorch's convolutions; EEGNet is the form that HiSTN was compared with."
    )
    columns = ("threads", "phase", "program", "parameters", "windows per s, median", SPREAD,
               "ours, times as fast", SPREAD)  # fmt: skip
    return Section("Windows per second", [text, Table(columns, rows)])


def headline(
    ratios: Sequence[MetricRow], gaps: Mapping[str, float], config: BenchConfig
) -> Headline:
    """Return the ratio to EEGNet in training, or, where results differ, by how much."""
    threads = config.workers[0]
    for row in ratios:
        if row.split == split_of("training", RIVAL, threads):
            return Headline(
                label=f"training, threads: {threads}", metric="times as fast as EEGNet",
                value=row.value, ci_low=row.ci_low or 0.0, ci_high=row.ci_high or 0.0,
                chance=AS_FAST, p_value=None, n=row.n, unit="repeat", spread=SPREAD,
                baseline="as fast as EEGNet",
            )  # fmt: skip
    gap = max(gaps.values())
    return Headline(
        label="results differ, so times are not compared", metric="largest difference",
        value=gap, ci_low=gap, ci_high=gap, chance=0.0, p_value=None, n=config.repeats,
        unit="repeat", spread=SPREAD, baseline="same outputs and gradients",
    )  # fmt: skip
