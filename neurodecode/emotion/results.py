"""The report of the ``emotion`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.emotion.claims import Evidence, emotion_claims
from neurodecode.emotion.config import EmotionConfig
from neurodecode.emotion.decoders import decoder_of
from neurodecode.emotion.inspection import REFERENCE, THROUGHPUT, orders_of
from neurodecode.emotion.loading import parameters_of
from neurodecode.emotion.scores import F1, load_scores
from neurodecode.emotion.sections import (
    inside_sections,
    missing_section,
    models_section,
    ordinal_section,
    protocols_section,
    smoothing_section,
)
from neurodecode.emotion.sections_throughput import throughput_section
from neurodecode.evaluation.audit import audit_frame
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.evaluation.control import control_at_chance
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

    from neurodecode.emotion.scores import Scores
    from neurodecode.emotion.study import Study
    from neurodecode.workflow.step import Job


def build_report(job: Job, study: Study) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, EmotionConfig)
    scores = load_scores(job.evaluations, config.evaluation.n_resamples, config.seed)
    main, label, protocol = config.models[0], config.labels[0], config.protocols[0]
    names = dict.fromkeys([*config.models, *(config.models_across or ())])
    sizes = {name: parameters_of(study, decoder_of(name), label) for name in names}
    sections: list[Section] = []
    for each in config.labels:
        sections += _scored(scores, each, protocol, config)
    sections += [protocols_section(scores, config, sizes), *smoothing_section(scores, config)]
    for each in config.labels:
        lowest, _ = study.scale(each)
        sections.append(ordinal_section(scores, each, protocol, main, lowest=lowest))
    orders = orders_of(job.evaluations, config)
    claims = emotion_claims(_evidence(scores, study, orders, sizes[main] or 0))
    audit = pd.concat(
        [audit_frame(study.audit(name, each)) for name in config.protocols
         for each in config.labels[:1]], ignore_index=True,
    )  # fmt: skip
    sections += [
        *inside_sections(job.evaluations, config, study.scale(label)[0]),
        *_throughput(job.evaluations),
        claims_section(claims),
        audit_section(audit),
        *missing_section(study),
        models_section(study, sizes),
        data_section(job.folder, [job.store(subject) for subject in job.plan.subjects]),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": scores.rows.to_dict("records"),
        "claims": [asdict(claim) for claim in claims],
        "audit": audit.to_dict("records"),
        "main": main,
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    shown = headline(scores.part(label, protocol), main, f"{label} {protocol}")
    return Report(title, config.description, shown, sections, data)


def _scored(scores: Scores, label: str, protocol: str, config: EmotionConfig) -> list[Section]:
    """Scores of all decoders under the main protocol, and their differences."""
    main, part = config.models[0], scores.part(label, protocol)
    split = f"{label} {protocol}"
    controls = [name for name in config.models if decoder_of(name).shuffled]
    notes = ["Every test window counts once; intervals and tests are over subjects."]
    for name in controls:
        said = control_at_chance(part, name, split, "on ratings in random order")
        notes += [said] if said else []
    found = [scores_section(part, split, main, notes)]
    subjects = part[(part["level"] == "subject") & ~part["model"].isin(controls)]
    if len(set(subjects["model"])) > 1:
        table = compare_reference(subjects, main, random_state=config.seed)
        found.append(comparison_section(table, split, main, F1))
    return [replace(section, title=section.title.replace("Scores", "Scores:")
                    .replace("Comparisons", "Comparisons:")) for section in found]  # fmt: skip


def _throughput(folders: list[Path]) -> list[Section]:
    """Windows per second, as the first job measured them; nothing where none did."""
    found = [folder / THROUGHPUT for folder in folders if (folder / THROUGHPUT).is_file()]
    return [throughput_section(pd.read_parquet(path), REFERENCE) for path in found[:1]]


def _evidence(
    scores: Scores, study: Study, orders: dict[str, list[float]], n_parameters: int
) -> Evidence:
    config = study.config
    return Evidence(
        kind="simulated" if config.simulated_subjects() else "real",
        scores=scores,
        main=config.models[0],
        honest=config.protocols[0],
        n_parameters=n_parameters,
        n_levels=study.n_classes(config.labels[0]),
        order=orders,
        seed=config.seed,
    )
