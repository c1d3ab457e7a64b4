"""The report of the ``adhd`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from neurodecode.connectome.claims import Evidence, adhd_claims
from neurodecode.connectome.config import ADHDConfig
from neurodecode.connectome.decoders import decoder_of
from neurodecode.connectome.scores import load_scores
from neurodecode.connectome.sections import (
    confounds_section,
    leak_section,
    protocols_section,
    rule_section,
    said,
    scored_section,
    sites_section,
    sweep_section,
)
from neurodecode.connectome.sections_maps import (
    maps_section,
    models_section,
    people_section,
    throughput_section,
)
from neurodecode.evaluation.audit import audit_frame
from neurodecode.evaluation.diagnosis_scores import BALANCED
from neurodecode.report.model import Report, Section
from neurodecode.report.sections import (
    audit_section,
    claims_section,
    comparison_section,
    headline,
    provenance_section,
)

if TYPE_CHECKING:
    from neurodecode.connectome.scores import Scores
    from neurodecode.connectome.study import Study
    from neurodecode.workflow.step import Job

PUBLISHED_DATA = "ADHD200-athena"


def build_report(job: Job, study: Study) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, ADHDConfig)
    scores = load_scores(job.evaluations)
    main, protocol = config.models[0], config.protocols[0]
    claims = adhd_claims(_evidence(scores, config, job.plan.dataset))
    rows = [row for name in config.protocols for row in study.audit(name)]
    audit = audit_frame(rows)
    sections = [
        scored_section(scores, protocol, main),
        *_compared(scores, config),
        confounds_section(scores, config, study),
        *protocols_section(scores, config),
        sites_section(scores, protocol, main, config),
        *sweep_section(scores, config, study),
        *leak_section(scores, config),
        *maps_section(job.evaluations, config, study, job.folder / "people"),
        *rule_section(scores, config),
        *throughput_section(study),
        claims_section(claims),
        audit_section(audit),
        models_section(config),
        people_section(study, job.folder),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": scores.rows.to_dict("records"),
        "choices": scores.choices.to_dict("records"),
        "claims": [asdict(claim) for claim in claims],
        "audit": audit.to_dict("records"),
        "main": main,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    shown = headline(scores.part(protocol), main, protocol)
    return Report(title, config.description, shown, sections, data)


def _compared(scores: Scores, config: ADHDConfig) -> list[Section]:
    """Differences of all models but controls from the main one, paired over people."""
    main, protocol = config.models[0], config.protocols[0]
    others = [name for name in config.models[1:] if not decoder_of(name).shuffled]
    table = scores.compared(protocol, main, others, config.seed)
    if table.empty:
        return []
    found = comparison_section(table, protocol, main, BALANCED)
    return [Section(f"Comparisons: {said(protocol)}", found.blocks)]


def _evidence(scores: Scores, config: ADHDConfig, dataset: str) -> Evidence:
    protocol = config.protocols[0]
    return Evidence(
        kind="simulated" if config.simulated_subjects() else "real",
        scores=scores,
        models=config.models,
        protocol=protocol,
        published=dataset == PUBLISHED_DATA and protocol == "train_test",
        seed=config.seed,
    )
