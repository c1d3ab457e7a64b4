"""The five steps of the mci pipeline (Ahmad et al. 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.morphometry.study import Study
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the tables here, or simulate them."""
    from neurodecode.artefacts import write_json
    from neurodecode.morphometry.preparation import fetch_tables

    manifest = fetch_tables(job.config, job.card, job.plan.subjects, job.data_root)
    write_json(job.manifest, manifest.model_dump(mode="json"))
    return f"{len(manifest.files)} files"


def prepare(job: Job) -> str:
    """Read the tables by the policies of the settings, and choose the people."""
    from neurodecode.morphometry.preparation import prepare_cohort

    cohort = prepare_cohort(job.config, job.card, job.data_root)
    info = cohort.save(job.store(job.name))
    counted = f"{info['n_cases']} {job.config.groups[1]}, {len(info['measures'])} measures"
    return f"{info['n_people']} people, {counted}"


def train(job: Job) -> str:
    """Run the nested cross-validation of all replicates, everything chosen inside."""
    from neurodecode.morphometry.training import train_unit
    from neurodecode.morphometry.units import unit_of

    return train_unit(_study(job), unit_of(job.config, job.name), job.model)


def evaluate(job: Job) -> str:
    """Score the answers to the people left out."""
    from neurodecode.morphometry.evaluation import evaluate_unit
    from neurodecode.morphometry.units import unit_of

    simulated = job.data_root / job.card.name if job.config.simulated else None
    result = evaluate_unit(_study(job), unit_of(job.config, job.name), job.model, simulated)
    result.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Scores with intervals, comparisons, regions, cohort, claims and audit on one page."""
    from neurodecode.morphometry.results import build_report
    from neurodecode.report.render import write_report

    report = build_report(job, _study(job))
    write_report(report, job.folder)
    return report.headline.sentence


def _study(job: Job) -> Study:
    from neurodecode.morphometry.study import Study

    return Study(job.config, job.store("cohort"))
