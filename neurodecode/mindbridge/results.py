"""The report of the ``mindbridge`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.evaluation.audit import audit_frame
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.control import control_at_chance
from neurodecode.evaluation.group_scores import group_rows, over_seeds
from neurodecode.evaluation.metric_row import metric_frame
from neurodecode.mindbridge.claims import Evidence, bridge_claims
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.mindbridge.evaluation import BACKWARD, FORWARD, read_unit
from neurodecode.mindbridge.folds import compare_over_folds, fold_unit, folds_note, pooled_rows
from neurodecode.mindbridge.models import SHUFFLED
from neurodecode.mindbridge.sections import (
    model_section,
    possible_section,
    reference_section,
    retrieval_section,
    stimuli_section,
    synthesis_section,
    tuning_section,
)
from neurodecode.mindbridge.sections_redrawn import redrawn_rows, redrawn_section
from neurodecode.mindbridge.study import read_audit, read_trials
from neurodecode.report.model import Report, Section
from neurodecode.report.sections import (
    audit_section,
    claims_section,
    comparison_section,
    data_section,
    headline,
    provenance_section,
    scores_section,
)

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.workflow.step import Job


def build_report(job: Job) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, MindBridgeConfig)
    trials, pictures, _ = read_trials(job.folder / "seen")
    tested = fold_unit(trials, config.split.trained_folds)
    predictions, subjects = load_evaluations(job.evaluations, config, tested)
    split, main = config.split.protocol, config.models[0]
    group = metric_frame(
        group_rows(subjects, n_resamples=config.evaluation.n_bootstrap, seed=config.seed,
                   unit="subject")
    )  # fmt: skip
    averaged = over_seeds(subjects).assign(level="subject", chance_95=np.nan, n=1)
    rows = pd.concat([group, averaged], ignore_index=True)
    shown = rows[rows["metric"] == FORWARD]
    forward = predictions[predictions["metric"] == FORWARD]
    comparisons = _compare(shown, forward, config, tested)
    synthesis, tuning = (forward[forward["kind"] == kind] for kind in ("synthesis", "tuning"))
    evidence = Evidence(
        kind="simulated" if config.simulated_subjects() else "real",
        group={str(r["model"]): r for _, r in shown[shown["level"] == "group"].iterrows()},
        comparisons=comparisons,
        synthesis=synthesis,
        tuning=tuning,
        n_voxels=_voxels(job),
    )
    claims = bridge_claims(evidence, main)
    audit = audit_frame(read_audit(job.folder / "seen"))
    size = int(predictions["set_size"].iloc[0])
    notes = [f"Top-1 among {size} test stimuli, means over random sets; chance is 1 / {size}."]
    control = control_at_chance(shown, SHUFFLED, split, "on pictures in random order")
    notes += [control] if control else []
    notes += folds_note(config.split.trained_folds, tested)
    sections: list[Section] = [scores_section(shown, split, main, notes)]
    if len(comparisons):
        sections.append(comparison_section(comparisons, split, main, FORWARD))
    sections += [
        *possible_section(shown, main),
        retrieval_section(rows, (FORWARD, BACKWARD), config),
        *tuning_section(tuning),
        *synthesis_section(synthesis),
        *redrawn_section(job, config, pictures),
        claims_section(claims),
        audit_section(audit),
        stimuli_section(job, trials, config),
        *reference_section(config),
        model_section(job, config),
        data_section(job.folder, [job.store(subject) for subject in job.plan.subjects]),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": rows.to_dict("records"),
        "comparisons": {split: comparisons.to_dict("records")},
        "tuning": _summed(tuning, ["model", "length", "subject", "seed"]),
        "synthesis": _summed(synthesis, ["source", "subject"]),
        "redrawn": redrawn_rows(job, config),
        "claims": [asdict(claim) for claim in claims],
        "audit": audit.to_dict("records"),
        "main": main,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    return Report(title, config.description, headline(shown, main, split), sections, data)


def load_evaluations(
    folders: list[Path], config: MindBridgeConfig, tested: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the predictions of all units, and the subject rows of the models over all folds."""
    tables, rows = [], []
    for folder in folders:
        predictions, found = read_unit(folder)
        tables.append(predictions)
        if (predictions["kind"] == "model").any():
            rows += found
    predictions = pd.concat(tables, ignore_index=True)
    if not config.split.trained_folds:
        return predictions, pd.DataFrame(rows)
    chosen = config.evaluation
    pooled = pooled_rows(predictions, tested, chosen.n_bootstrap, seed=config.seed)
    return predictions, metric_frame(pooled)


def _compare(
    rows: pd.DataFrame, forward: pd.DataFrame, config: MindBridgeConfig, tested: str
) -> pd.DataFrame:
    """Compare the main model with the others, over subjects or one subject's folds.

    Empty with one model.
    """
    reference = config.models[0]
    subjects = rows[(rows["level"] == "subject") & (rows["model"] != SHUFFLED)]
    if set(subjects["model"]) <= {reference}:
        return pd.DataFrame()
    if config.split.trained_folds and len(set(subjects["subject"])) == 1:
        return compare_over_folds(forward[forward["model"] != SHUFFLED], reference, tested)
    return compare_reference(subjects, reference, random_state=0, unit="subject")


def _voxels(job: Job) -> tuple[int, int]:
    found = [read_json(job.store(s) / "store.json")["n_voxels"] for s in job.plan.subjects]
    return min(found), max(found)


def _summed(table: pd.DataFrame, keys: list[str]) -> list[dict[str, Any]]:
    if table.empty:
        return []
    means = table.groupby(keys)["hit"].mean().reset_index()
    return [{str(key): value for key, value in row.items()} for row in means.to_dict("records")]
