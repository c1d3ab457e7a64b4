"""The report of the ``acm`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.evaluation.comparison import compare_decoders, paired_bootstrap
from neurodecode.evaluation.metric_row import MetricRow, metric_frame
from neurodecode.evaluation.scoring import Scored, group_rows
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
from neurodecode.riemann.claims import acm_claims, control_at_chance
from neurodecode.riemann.config import ACMConfig
from neurodecode.riemann.decoders import DESCRIPTIONS, SHUFFLED_LABELS

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.workflow.step import Job


def build_report(job: Job) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, ACMConfig)
    predictions, rows, audit = load_evaluations(job.evaluations, config)
    main, splits = config.decoders[0], list(dict.fromkeys(rows["split"]))
    metric = rows["metric"].iloc[0]
    comparisons = {s: compare(rows, predictions, main, s, metric, config.seed) for s in splits}
    simulated = config.data.dataset.startswith("simulated")
    claims = acm_claims(comparisons, "simulated" if simulated else "real")
    sections: list[Section] = []
    for split in splits:
        control = control_at_chance(rows, split)
        notes = [control] if control else []
        sections += [scores_section(rows, split, main, notes)]
        if len(comparisons[split]):
            sections += [comparison_section(comparisons[split], split, main, metric)]
    sections += [
        *_reference_section(config),
        confusion_section(predictions, main, splits[0]),
        claims_section(claims),
        audit_section(audit),
        _decoder_section(config),
        data_section(job.folder, [job.store(subject) for subject in job.plan.subjects]),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": rows.to_dict("records"),
        "comparisons": {s: table.to_dict("records") for s, table in comparisons.items()},
        "claims": [vars(claim) for claim in claims],
        "audit": audit.groupby(["split", "unit"])["overlap"].sum().reset_index().to_dict("records"),
        "main": main,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    return Report(title, config.description, headline(rows, main, splits[0]), sections, data)


def load_evaluations(
    folders: list[Path], config: ACMConfig
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Read all units: predictions, metric rows with the group's added, and audit rows."""
    contents = [read_json(folder / "metrics.json") for folder in folders]
    predictions = pd.concat(
        [pd.read_parquet(folder / "predictions.parquet") for folder in folders], ignore_index=True
    )
    null = pd.concat([pd.read_parquet(folder / "null.parquet") for folder in folders], axis=1)
    known = [MetricRow(**row) for content in contents for row in content["rows"]]
    group = group_rows(
        Scored(known, null), n_resamples=config.evaluation.n_bootstrap, seed=config.seed
    )
    rows = metric_frame([*known, *group])
    audit = pd.DataFrame([row for content in contents for row in content["audit"]])
    return predictions, rows, audit


def compare(
    rows: pd.DataFrame, predictions: pd.DataFrame, main: str, split: str, metric: str, seed: int
) -> pd.DataFrame:
    """Compare the main decoder with every other: over subjects, or over one subject's trials.

    Returns
    -------
    DataFrame
        ``model, difference, ci_low, ci_high, p, p_holm, cohens_dz, rank_biserial, n, unit, note``;
        the difference is the main decoder's score minus the other's.
    """
    subjects = rows[
        (rows["level"] == "subject") & (rows["split"] == split) & (rows["model"] != SHUFFLED_LABELS)
    ]
    if len(set(subjects["model"])) < 2:
        return pd.DataFrame()
    if len(set(subjects["subject"])) == 1:
        return _over_trials(predictions[predictions["split"] == split], main, metric, seed)
    table = compare_decoders(subjects, main, random_state=seed)
    flipped = table.assign(
        difference=-table["difference"],
        ci_low=-table["ci_high"],
        ci_high=-table["ci_low"],
        cohens_dz=-table["cohens_dz"],
        rank_biserial=-table["rank_biserial"],
        unit="subject",
    )
    order = list(dict.fromkeys(subjects["model"]))
    return flipped.sort_values("model", key=lambda m: m.map(order.index)).reset_index(drop=True)


def _over_trials(predictions: pd.DataFrame, main: str, metric: str, seed: int) -> pd.DataFrame:
    """Paired bootstrap over the trials of a single subject, folds pooled as accuracy."""
    hits = predictions.assign(hit=(predictions["y_true"] == predictions["y_pred"]).astype(float))
    correct = hits.pivot_table(index=["session", "trial"], columns="model", values="hit")
    models = [m for m in dict.fromkeys(predictions["model"]) if m not in (main, SHUFFLED_LABELS)]
    rows = []
    for model in models:
        ci = paired_bootstrap(
            lambda _, right: float(np.mean(right)),
            np.zeros(len(correct)),
            correct[main].to_numpy(),
            correct[model].to_numpy(),
            random_state=seed,
        )
        rows.append({"model": model, "difference": ci.estimate, "ci_low": ci.low,
                     "ci_high": ci.high, "n": len(correct)})  # fmt: skip
    note = "share of trials decoded correctly" if metric != "accuracy" else ""
    return pd.DataFrame(rows).assign(
        p=np.nan, p_holm=np.nan, cohens_dz=np.nan, rank_biserial=np.nan, unit="trial", note=note
    )


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
    rows = [(name, DESCRIPTIONS[name]) for name in config.decoders]
    return Section("Decoders", [text, Table(("name", "what it is"), rows)])
