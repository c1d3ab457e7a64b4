"""The five steps of the spikes pipeline (Antoniades et al. 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.spikes.study import Study
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the recordings here, or simulate them."""
    from neurodecode.artefacts import write_json
    from neurodecode.datasets.fetch import fetch_study

    manifest = fetch_study(job.config, job.card, job.plan.subjects, job.data_root)
    write_json(job.manifest, manifest.model_dump(mode="json"))
    return f"{len(manifest.files)} files"


def prepare(job: Job) -> str:
    """Check one subject's spikes, stimulus and behaviour, and store them."""
    from neurodecode.spikes.preparation import prepare_subject, read_subject

    sessions = read_subject(job.config, job.card, job.name, job.data_root)
    stored = prepare_subject(job.store(job.name), sessions)
    n_units, n_spikes = (sum(counts) for counts in zip(
        *((one.n_units, len(one.times)) for one in stored), strict=True
    ))  # fmt: skip
    return f"{len(stored)} sessions, {n_units} units, {n_spikes} spikes"


def train(job: Job) -> str:
    """Train one model on the sessions of one subject."""
    from neurodecode.spikes.fitting import train_unit
    from neurodecode.spikes.units import units_of

    return train_unit(_study(job), units_of(job.config, job.plan.subjects)[job.name], job.model)


def evaluate(job: Job) -> str:
    """Write or decode every test window, score it, and read the wiring from attention."""
    from neurodecode.spikes.evaluation import evaluate_unit
    from neurodecode.spikes.inspection import inspect_unit
    from neurodecode.spikes.units import units_of

    study, card, unit = _study(job), job.card, units_of(job.config, job.plan.subjects)[job.name]
    simulated = job.data_root / card.name if card.access == "simulated" else None
    result = evaluate_unit(study, unit, job.model, simulated)
    first = job.name == next(iter(job.plan.units))
    wired = inspect_unit(study, unit, job.model, job.evaluation, simulated, first=first)
    result.save(job.evaluation)
    return ", ".join(filter(None, [result.summary, wired]))


def report(job: Job) -> str:
    """Scores with intervals, ablation, wiring, few-shot tuning, claims and audit on one page."""
    from neurodecode.report.render import write_report
    from neurodecode.spikes.results import build_report

    report = build_report(job, _study(job))
    write_report(report, job.folder)
    return report.headline.sentence


def _study(job: Job) -> Study:
    from neurodecode.spikes.study import Study

    folders = {path.name: path for path in job.stores}
    key = " ".join(job.plan.fingerprints[rule] for rule in ("fetch", "prepare", "train"))
    return Study(job.config, folders, key)
