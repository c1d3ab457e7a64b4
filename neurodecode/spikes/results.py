"""The report of the ``spikes`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.evaluation.audit import audit_frame
from neurodecode.report.model import Report, Section
from neurodecode.report.sections import (
    audit_section,
    claims_section,
    comparison_section,
    headline,
    provenance_section,
    scores_section,
)
from neurodecode.spikes.claims import Evidence, spike_claims
from neurodecode.spikes.config import SpikesConfig
from neurodecode.spikes.inspection import read_cost
from neurodecode.spikes.loading import n_parameters
from neurodecode.spikes.scores import load_scores
from neurodecode.spikes.sections import (
    decoding_sections,
    models_section,
    sessions_section,
    writing_section,
)
from neurodecode.spikes.sections_wiring import cost_section, few_shot_section, wiring_section
from neurodecode.spikes.wiring import load_wiring
from neurodecode.spikes.written import F1

if TYPE_CHECKING:
    from neurodecode.spikes.study import Study
    from neurodecode.workflow.step import Job


def build_report(job: Job, study: Study) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, SpikesConfig)
    scores = load_scores(job.evaluations, config.evaluation.n_resamples, config.seed)
    main, others, split = config.models[0], list(config.models[1:]), config.protocol
    cost = read_cost(job.evaluations)
    wirings, tables = [], []
    for folder in job.evaluations:
        found, table = load_wiring(folder)
        wirings += found
        tables.append(table)
    wired = pd.concat(tables, ignore_index=True)
    kind = "simulated" if config.simulated_subjects() else "real"
    claims = spike_claims(Evidence(kind, config, scores, wired, cost))
    audit = audit_frame(study.audit())
    notes = ["F1 of the units that fire in each held-out window, written by each model; chance "
             "writes with the constant rates of the training part."]  # fmt: skip
    sections: list[Section] = [scores_section(scores.part(F1), split, main, notes)]
    compared = scores.compared(F1, main, others, config.seed)
    if len(compared):
        sections.append(comparison_section(compared, split, main, F1))
    sections += [
        writing_section(scores, config),
        *wiring_section(wirings, wired),
        *decoding_sections(scores, config),
        *few_shot_section(scores.few_shot),
        *cost_section(cost),
        claims_section(claims),
        audit_section(audit),
        models_section(config, n_parameters(study, config.models)),
        sessions_section(job.folder, [job.store(subject) for subject in job.plan.subjects], study),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": scores.rows.to_dict("records"),
        "few_shot": scores.few_shot.to_dict("records"),
        "wiring": wired.to_dict("records"),
        "claims": [asdict(claim) for claim in claims],
        "audit": audit.to_dict("records"),
        "main": main,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    shown = headline(scores.part(F1), main, split)
    return Report(title, config.description, shown, sections, data)
