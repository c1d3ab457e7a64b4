"""The report of the ``mci`` pipeline, from the artefacts of its run folder."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from neurodecode.evaluation.audit import audit_frame
from neurodecode.morphometry.claims import Evidence, mci_claims
from neurodecode.morphometry.collected import AROC, NAMES, load_scores
from neurodecode.morphometry.config import MCIConfig
from neurodecode.morphometry.sections import (
    baselines_section,
    calibration_section,
    comparisons_section,
    gap_section,
    main_model,
    models_section,
    null_section,
    scores_section,
    sites_section,
)
from neurodecode.morphometry.sections_regions import (
    cohort_section,
    group_differences,
    harmonisation_section,
    planted_measures,
    recovered,
    regions_section,
    selection_section,
)
from neurodecode.report.model import Headline, Report
from neurodecode.report.sections import audit_section, claims_section, provenance_section

if TYPE_CHECKING:
    from neurodecode.morphometry.collected import Collected
    from neurodecode.morphometry.study import Study
    from neurodecode.workflow.step import Job

OTHER_QUESTIONS = ("ABIDE1-freesurfer6", "IXI-freesurfer", "enigma-toolbox")
"""Data sets whose groups have nothing to do with impairment."""
HOW_JUDGED = (
    "holds: an interval that spans the corrected resampled one and the one over people lies on the "
    "claim's side, and p is below 0.05 where there is one, against every model named; fails: it "
    "lies on the other side; not shown: undecided."
)


def _asks_for_impairment(config: MCIConfig) -> bool:
    """Return whether the groups are the paper's; those of one's own are where they are so called.

    ``groups: [stable, converter]`` says so.
    """
    if config.data.path is not None and config.groups != MCIConfig.model_fields["groups"].default:
        return False
    return config.data.dataset not in OTHER_QUESTIONS and config.cohort.label == "group"


def build_report(job: Job, study: Study) -> Report:
    """Assemble the report of a finished run."""
    config = job.config
    assert isinstance(config, MCIConfig)
    scores, differences = load_scores(job.evaluations), group_differences(study)
    planted = planted_measures(job.data_root / job.card.name) if config.simulated else None
    claims = mci_claims(Evidence(
        kind="simulated" if config.simulated else "real", scores=scores, config=config,
        differences=differences, impairment=_asks_for_impairment(config),
    ))  # fmt: skip
    audit = audit_frame([row for form in config.forms for row in study.audit(form)])
    sections = [
        *(scores_section(scores, form, config) for form in config.forms),
        *(part for form in config.forms for part in comparisons_section(scores, form, config)),
        *baselines_section(scores, config),
        *sites_section(scores, study),
        regions_section(study, differences, planted),
        *selection_section(scores, study, planted),
        *harmonisation_section(study),
        gap_section(scores, config),
        *calibration_section(scores, config),
        *null_section(scores, config),
        claims_section(claims, HOW_JUDGED),
        audit_section(audit),
        models_section(config),
        cohort_section(study, job.folder),
        provenance_section(job.folder),
    ]
    data = {
        "metrics": scores.rows.to_dict("records"),
        "gaps": scores.gaps.to_dict("records"),
        "regions": differences.to_dict("records"),
        "recovered": None if planted is None else asdict(recovered(differences, planted)),
        "flow": study.flow.to_dict("records"),
        "claims": [asdict(claim) for claim in claims],
        "audit": audit.to_dict("records"),
        "main": main_model(config),
    }
    title = f"{job.plan.dataset}: {job.plan.pipeline} / {job.plan.experiment}"
    return Report(title, config.description, _headline(scores, config), sections, data)


def _headline(scores: Collected, config: MCIConfig) -> Headline:
    form, model = config.forms[0], main_model(config)
    row = scores.row(form, model)
    assert row is not None
    return Headline(
        label=f"{model}, {form}", metric=NAMES[AROC], value=float(row["value"]),
        ci_low=float(row["ci_low"]), ci_high=float(row["ci_high"]), chance=float(row["chance"]),
        p_value=None if row["p_value"] is None else float(row["p_value"]), n=int(row["n"]),
        unit="subject", ceiling=None if row["ceiling"] is None else float(row["ceiling"]),
    )  # fmt: skip
