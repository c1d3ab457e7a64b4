"""The report of the ``acm`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json, write_text
from neurodecode.evaluation.comparison import compare_reference, holm
from neurodecode.evaluation.control import control_at_chance
from neurodecode.evaluation.metric_row import MetricRow, metric_frame
from neurodecode.evaluation.scoring import Scored, draws_column, group_rows
from neurodecode.report.model import Report, Section, Table
from neurodecode.report.sections import (
    audit_section,
    claims_section,
    comparison_section,
    confusion_section,
    data_section,
    headline,
    provenance_section,
    scores_section,
)
from neurodecode.riemann.claims import SHRUNK, TAKENS, acm_claims
from neurodecode.riemann.config import DESCRIPTIONS, FIXED, SHUFFLED_LABELS, ACMConfig
from neurodecode.riemann.moabb_table import moabb_table
from neurodecode.riemann.selection_report import (
    load_selection,
    seconds_per_fold,
    selection_sections,
)

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.workflow.step import Job


def build_report(job: Job) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, ACMConfig)
    found = load_evaluations(
        job.evaluations, n_bootstrap=config.evaluation.n_bootstrap, seed=config.seed
    )
    rows = found.rows
    main, splits = config.decoders[0], list(dict.fromkeys(rows["split"]))
    metric = rows["metric"].iloc[0]
    comparisons = {s: compare(found, main, s, config.seed) for s in splits}
    simulated = bool(config.simulated_subjects())
    selection = load_selection([job.model_of(unit) for unit in job.plan.units])
    mdm = next((name for name in ("ACM+MDM, grid", "ACM+MDM") if name in config.decoders), None)
    claims = acm_claims(
        comparisons,
        "simulated" if simulated else "real",
        mdm=compare(found, mdm, splits[0], config.seed) if mdm else None,
        shrunk=compare(found, SHRUNK[0], splits[0], config.seed)
        if {main, SHRUNK[0]} <= set(config.decoders) and main == "ACM+TS+SVM"
        else None,
        seconds={name: seconds_per_fold(selection, name) for name in (main, TAKENS)},
    )
    sections: list[Section] = []
    for split in splits:
        control = control_at_chance(rows, SHUFFLED_LABELS, split, "on permuted labels")
        notes = [control] if control else []
        sections += [scores_section(rows, split, main, notes)]
        if len(comparisons[split]):
            sections += [comparison_section(comparisons[split], split, main, metric)]
    sections += [
        *selection_sections(selection, metric),
        *_reference_section(config),
        confusion_section(found.predictions, main, splits[0]),
        claims_section(claims),
        audit_section(found.audit),
        _decoder_section(config),
        data_section(job.folder, [job.store(subject) for subject in job.plan.subjects]),
        provenance_section(job.folder),
    ]
    _write_moabb_tables(rows, splits, job)
    data = {
        "metrics": rows.to_dict("records"),
        "comparisons": {s: table.to_dict("records") for s, table in comparisons.items()},
        "claims": [vars(claim) for claim in claims],
        "audit": _overlaps(found.audit),
        "main": main,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    return Report(title, config.description, headline(rows, main, splits[0]), sections, data)


@dataclass(frozen=True)
class Evaluations:
    """What all units' ``evaluate`` jobs left, with the group's rows added."""

    predictions: pd.DataFrame
    rows: pd.DataFrame
    audit: pd.DataFrame
    scored: Scored


def load_evaluations(folders: list[Path], *, n_bootstrap: int, seed: int) -> Evaluations:
    """Read the evaluation folders of a run."""
    contents = [read_json(folder / "metrics.json") for folder in folders]
    known = [MetricRow(**row) for content in contents for row in content["rows"]]
    scored = Scored(known, _tables(folders, "null", axis=1), _tables(folders, "resampled", axis=1))
    rows = metric_frame([*known, *group_rows(scored, n_resamples=n_bootstrap, seed=seed)])
    audit = pd.DataFrame([row for content in contents for row in content["audit"]])
    return Evaluations(_tables(folders, "predictions", axis=0), rows, audit, scored)


def _tables(folders: list[Path], name: str, *, axis: Literal[0, 1]) -> pd.DataFrame:
    tables = [pd.read_parquet(folder / f"{name}.parquet") for folder in folders]
    return pd.concat(tables, axis=axis, ignore_index=axis == 0)


def compare(found: Evaluations, main: str, split: str, seed: int) -> pd.DataFrame:
    """Compare the main decoder with every other: over subjects, or over one subject's trials.

    Returns
    -------
    DataFrame
        ``model, difference, ci_low, ci_high, p, p_holm, cohens_dz, rank_biserial, n, unit, note``;
        the difference is the main decoder's score minus the other's.
    """
    rows = found.rows
    subjects = rows[
        (rows["level"] == "subject") & (rows["split"] == split) & (rows["model"] != SHUFFLED_LABELS)
    ]
    if set(subjects["model"]) <= {main}:
        return pd.DataFrame()
    if len(set(subjects["subject"])) == 1:
        return compare_on_trials(found.scored, main, split)
    return compare_reference(subjects, main, random_state=seed)


def compare_on_trials(scored: Scored, main: str, split: str) -> pd.DataFrame:
    """Compare decoders on one subject by the paired bootstrap of its trials.

    p is twice the smaller share of samples on one side of zero, by the (k + 1) / (n + 1) rule.
    """
    rows = {r.model: r for r in scored.rows if r.level == "subject" and r.split == split}
    reference = rows.pop(main)
    column = draws_column(split, main, str(reference.subject))
    found = []
    for model, row in rows.items():
        if model == SHUFFLED_LABELS:
            continue
        other = draws_column(split, model, str(row.subject))
        draws = (scored.resampled[column] - scored.resampled[other]).to_numpy()
        low, high = np.quantile(draws, [0.025, 0.975])
        tail = min((draws <= 0).sum(), (draws >= 0).sum())
        found.append(
            {"model": model, "difference": reference.value - row.value, "ci_low": low,
             "ci_high": high, "p": min(1.0, 2 * (tail + 1) / (len(draws) + 1)), "n": row.n}
        )  # fmt: skip
    table = pd.DataFrame(found).assign(
        cohens_dz=np.nan, rank_biserial=np.nan, unit="trial", note=""
    )
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def _write_moabb_tables(rows: pd.DataFrame, splits: list[str], job: Job) -> None:
    stores = {subject: job.store(subject) for subject in job.plan.subjects}
    for split in splits:
        part = rows[rows["split"] == split]
        table = moabb_table(part, stores, dataset=job.plan.dataset, paradigm=split)
        write_text(job.folder / f"moabb_{split}.csv", table.to_csv(index=False))


def _overlaps(audit: pd.DataFrame) -> list[dict[str, Any]]:
    sums = audit.groupby(["split", "unit"])["overlap"].sum().reset_index()
    return [{str(key): value for key, value in row.items()} for row in sums.to_dict("records")]


def _reference_section(config: ACMConfig) -> list[Section]:
    if not config.references:
        return []
    rows = [(name, f"{value:.3f}") for name, value in config.references.items()]
    text = "Figures of others on this data set, as context; their settings differ from these."
    return [Section("Reference figures", [text, Table(("who", "score"), rows)])]


def _decoder_section(config: ACMConfig) -> Section:
    settings: Any = config.model
    text = (
        f"Order {settings.order}, lag {settings.lag} samples, estimator {settings.estimator}; "
        f"SVM kernel {settings.kernel}, C {settings.C:g}."
    )
    if set(config.decoders) - set(FIXED):
        text += (
            f" Searches: estimator {config.search.estimator}, structure {config.search.structure}."
        )
    rows = [(name, DESCRIPTIONS[name]) for name in config.decoders]
    return Section("Decoders", [text, Table(("name", "what it is"), rows)])
