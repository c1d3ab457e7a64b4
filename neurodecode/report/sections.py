"""Sections that every pipeline's report has, built from a run's artefacts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.report.dag import draw_dag, plan_graph
from neurodecode.report.figures import (
    confusion_figure,
    difference_figure,
    score_figure,
    timing_figure,
)
from neurodecode.report.jobs import job_records
from neurodecode.report.model import Block, Claim, Code, Figure, Headline, Section, Table
from neurodecode.report.render import p_text

METRIC_NAMES = {
    "roc_auc": "ROC-AUC",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "cohen_kappa": "Cohen's kappa",
    "f1_macro": "macro F1",
}


def headline(rows: pd.DataFrame, model: str, split: str) -> Headline:
    """Return the group score of one decoder as the report's headline."""
    group = rows[(rows["level"] == "group") & (rows["model"] == model) & (rows["split"] == split)]
    row = group.iloc[0]
    return Headline(
        label=f"{model}, {split.replace('_', ' ')}",
        metric=METRIC_NAMES.get(row["metric"], row["metric"]),
        value=float(row["value"]),
        ci_low=float(row["ci_low"]),
        ci_high=float(row["ci_high"]),
        chance=float(row["chance"]),
        p_value=_number(row["p_value"]),
        n=int(row["n"]),
        unit=str(row["unit"]),
        ceiling=_number(row["ceiling"]),
    )


def scores_section(rows: pd.DataFrame, split: str, main: str, notes: Sequence[str] = ()) -> Section:
    """Scores of all decoders under one split: figure, group table, folded subject table."""
    part = rows[rows["split"] == split]
    metric = METRIC_NAMES.get(part["metric"].iloc[0], part["metric"].iloc[0])
    name = f"scores-{split}"
    blocks: list[Block] = [*notes, score_figure(part, metric=metric, name=name, main=main)]
    group = part[part["level"] == "group"]
    blocks.append(
        Table(
            ("decoder", metric, "95 % interval", "chance", "chance, 95 % bound", "p", "n"),
            [
                (
                    row.model,
                    f3(row.value),
                    interval(row.ci_low, row.ci_high),
                    f"{row.chance:.2f}",
                    f3(row.chance_95),
                    p_text(row.p_value).removeprefix("= "),
                    f"{row.n} {row.unit}s",
                )
                for row in group.itertuples()
            ],
        )
    )
    blocks.append(_subject_table(part, metric))
    return Section(f"Scores {split.replace('_', ' ')}", blocks)


def _subject_table(part: pd.DataFrame, metric: str) -> Table:
    subjects = part[part["level"] == "subject"]
    order = list(dict.fromkeys(subjects["model"]))
    wide = subjects.pivot_table(index="subject", columns="model", values="value", sort=False)[order]
    bound = subjects.groupby("subject", sort=False)["chance_95"].max()
    rows = [
        (subject, *(f3(value) for value in values), f3(bound[subject]))
        for subject, values in zip(wide.index, wide.to_numpy(), strict=True)
    ]
    return Table(
        ("subject", *order, "chance, 95 % bound"), rows, f"{metric} of every subject", folded=True
    )


def comparison_section(table: pd.DataFrame, split: str, reference: str, metric: str) -> Section:
    """Paired comparisons of one decoder with every other, as figure and table.

    Parameters
    ----------
    table : DataFrame
        Rows ``model, difference, ci_low, ci_high, p, p_holm, cohens_dz, rank_biserial, n, unit,
        note``; difference is reference minus model.
    """
    named = METRIC_NAMES.get(metric, metric)
    labels = table.assign(label=[f"{reference} - {model}" for model in table["model"]])
    rows = [
        (row.label, f"{row.difference:+z.3f}", interval(row.ci_low, row.ci_high, signed=True),
         p_text(row.p).removeprefix("= "), p_text(row.p_holm).removeprefix("= "),
         signed(row.cohens_dz), signed(row.rank_biserial), f"{row.n} {row.unit}s")
        for row in labels.itertuples()
    ]  # fmt: skip
    columns = ("difference of", named, "95 % interval", "p", "p, Holm", "Cohen's d_z",
               "rank-biserial", "n")  # fmt: skip
    figure = difference_figure(labels, metric=named, name=f"difference-{split}")
    unit = str(table["unit"].iloc[0])
    text = f"Paired over {unit}s: sign-flip tests, Holm's correction over the rows below."
    if unit == "trial":
        text = "One subject: paired over its trials (bootstrap), which says nothing of others."
    notes = [f"Note: {note}." for note in dict.fromkeys(table["note"]) if note]
    blocks: list[Block] = [text, *notes, figure, Table(columns, rows)]
    return Section(f"Comparisons {split.replace('_', ' ')}", blocks)


def confusion_section(predictions: pd.DataFrame, model: str, split: str) -> Section:
    """Confusion matrix of one decoder, all subjects together."""
    chosen = predictions[(predictions["model"] == model) & (predictions["split"] == split)]
    figure = confusion_figure(chosen, name="confusion")
    return Section("Confusion", [f"{model}, {split.replace('_', ' ')}, held-out trials.", figure])


VERDICTS = (
    "holds: the 95 % interval lies on the claim's side and p is below 0.05, against every "
    "decoder named; fails: the interval lies on the other side; not shown: undecided."
)


def claims_section(
    claims: Sequence[Claim], text: str = VERDICTS, source: str = "the paper says"
) -> Section:
    """What is claimed (by ``source``), how it was tested, whether it holds; ``text`` says when."""
    rows = [(c.key, c.text, c.evidence, c.figure, c.verdict, c.note) for c in claims]
    columns = ("", source, "tested on", "our figure", "here", "note")
    return Section("Claims", [text, Table(columns, rows)])


def audit_section(audit: pd.DataFrame) -> Section:
    """Units on both sides of every split; the folds are summed up per split and unit."""
    rows = []
    for (split, unit), part in audit.groupby(["split", "unit"], sort=False):
        declared = part["leaks"].dropna()
        rows.append(
            (split, unit, len(part), _span(part["n_train"]), _span(part["n_test"]),
             int(part["overlap"].sum()), f"leaks: {declared.iloc[0]}" if len(declared) else "none")
        )  # fmt: skip
    text = "No unit may stand on both sides of a fold; a run with an overlap stops."
    columns = ("split", "unit that must not cross", "folds", "training trials", "test trials",
               "overlap", "declared leak")  # fmt: skip
    return Section("Leak audit", [text, Table(columns, rows)])


def data_section(folder: Path, stores: Sequence[Path]) -> Section:
    """What was read: trials and channels per subject, and what the checks changed."""
    infos = [(store.name, read_json(store / "store.json")) for store in stores]
    rows = [
        (name, *info["shape"], f"{info['sfreq']:g}", ", ".join(info.get("classes", [])))
        for name, info in infos
    ]
    blocks: list[Block] = [
        Table(("subject", "trials", "channels", "samples", "Hz", "classes"), rows, folded=True,
              caption=f"{len(rows)} subjects, {sum(row[1] for row in rows)} trials")
    ]  # fmt: skip
    return Section("Data", [*blocks, *source_blocks(folder, stores)])


def source_blocks(folder: Path, stores: Sequence[Path]) -> list[Block]:
    """Return what the files were and what the checks changed, for a section on the data."""
    blocks: list[Block] = []
    for path in sorted((folder / "fetch").glob("*.json")):
        entry = read_json(path)
        blocks.append(f"{entry['dataset']}: {len(entry['files'])} files with sha256 in run.json.")
        if entry.get("missing"):
            blocks.append(f"Files that were not there: {_listed(entry['missing'])}.")
    mended = [
        (store.name, recording, line)
        for store in stores
        for recording, lines in read_json(store / "store.json").get("mended", {}).items()
        for line in lines
    ]
    if mended:
        blocks.append(Table(("subject", "recording", "channel"), mended, "Channels mended"))
    return blocks


def provenance_section(folder: Path) -> Section:
    """Versions, commit, seeds, settings, time, memory, and the graph of jobs."""
    run, plan = read_json(folder / "run.json"), read_json(folder / "plan.json")
    known = [job for job in job_records(folder) if job["rule"] != "report"]
    facts = [
        ("neurodecode", run["neurodecode"]),
        ("commit", run["git_commit"] or "installed package"),
        ("started", run["started"]),
        ("Python", f"{run['python']}, {run['system']}"),
        ("seed", run["seed"]),
        *run["versions"].items(),
    ]
    graph = plan_graph(plan["dataset"], plan["stores"], plan["units"])
    blocks: list[Block] = [
        Figure(
            draw_dag(*graph), "Jobs: fetch, prepare, train, evaluate, report, from left to right"
        )
    ]
    if known:
        blocks.append(timing_figure(known, name="timing"))
        blocks.append(f"Peak memory of a job: {max(j['peak_memory_mb'] for j in known):.0f} MB.")
        rows = [
            (j["rule"], j["name"], j["summary"], f"{j['wall_s']:.1f}", f"{j['cpu_s']:.1f}",
             f"{j['peak_memory_mb']:.0f}")
            for j in known
        ]  # fmt: skip
        columns = ("rule", "job", "what", "wall s", "CPU s", "peak MB")
        blocks.append(Table(columns, rows, "Every job", folded=True))
    blocks.append(Table(("", ""), facts, "Versions and seed", folded=True))
    blocks.append(Code((folder / "config.yaml").read_text(encoding="utf-8"), "Settings"))
    return Section("Provenance", blocks)


def f3(value: Any) -> str:
    """Three decimals, or a dash for what is not known."""
    number = _number(value)
    return "-" if number is None else f"{number:z.3f}"


def signed(value: Any) -> str:
    """Two decimals with sign, or a dash."""
    number = _number(value)
    return "-" if number is None else f"{number:+z.2f}"


def interval(low: Any, high: Any, *, signed: bool = False) -> str:
    """An interval as text."""
    if _number(low) is None or _number(high) is None:
        return "-"
    return f"{low:+z.3f} to {high:+z.3f}" if signed else f"{low:z.3f} to {high:z.3f}"


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA:
        return None
    return float(value)


def _span(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return str(low) if low == high else f"{low} to {high}"


def _listed(missing: Mapping[str, Any] | Sequence[Any]) -> str:
    names = [str(entry) for entry in missing]
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
