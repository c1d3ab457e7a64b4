"""The five steps of the adhd pipeline (Dey, Rao and Shah 2012)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.connectome.study import Study
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the scans here, or simulate them, and see who has a diagnosis."""
    from neurodecode.artefacts import write_json
    from neurodecode.connectome.people import fetch_files, fetch_people

    manifest = fetch_files(job.config, job.card, job.plan.subjects, job.data_root)
    people = fetch_people(
        job.config, job.card, job.plan.subjects, job.data_root, job.folder / "people"
    )
    write_json(job.manifest, manifest.model_dump(mode="json"))
    table = people.table
    dropped = f", {len(people.dropped)} without diagnosis left out" if people.dropped else ""
    n_cases, n_sites = int(table["group"].sum()), table["site"].nunique()
    return f"{len(table)} people of {n_sites} sites, {n_cases} {job.config.groups[1]}{dropped}"


def prepare(job: Job) -> str:
    """Compute the network maps of one store's people, all thresholds in one pass."""
    from neurodecode.connectome.people import read_people, scan_reader
    from neurodecode.connectome.preparation import prepare_people

    people, config = read_people(job.folder / "people"), job.config
    read = scan_reader(config, job.card, job.data_root)
    mine = people.of(job.subjects)
    info = prepare_people(job.store(job.name), mine, read, people.mask, config.scans, config.maps)
    voxels = f", {info['n_voxels']} voxels or regions" if info["n_voxels"] else ""
    return f"{len(info['subjects'])} people{voxels}"


def train(job: Job) -> str:
    """Choose thresholds, masks and components in the training parts, and fit the models."""
    from neurodecode.connectome.people import read_people
    from neurodecode.connectome.training import train_unit
    from neurodecode.connectome.units import unit_of

    mask = read_people(job.folder / "people").mask
    return train_unit(_study(job), unit_of(job.config, job.name), job.model, mask)


def evaluate(job: Job) -> str:
    """Diagnose the test parts and score the answers."""
    from neurodecode.connectome.evaluation import evaluate_unit
    from neurodecode.connectome.units import unit_of

    simulated = job.data_root / job.card.name if job.card.access == "simulated" else None
    result = evaluate_unit(_study(job), unit_of(job.config, job.name), job.model, simulated)
    result.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Scores with intervals, sites, maps, confounds, claims and audit on one page."""
    from neurodecode.connectome.results import build_report
    from neurodecode.report.render import write_report

    report = build_report(job, _study(job))
    write_report(report, job.folder)
    return report.headline.sentence


def _study(job: Job) -> Study:
    from neurodecode.connectome.study import Study

    return Study(job.config, job.stores)
