"""The five steps of the emotion pipeline (Kuang, Song and Michoski 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.emotion.study import Study
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the recordings here, or simulate them."""
    from neurodecode.artefacts import write_json
    from neurodecode.datasets.fetch import fetch_study

    manifest = fetch_study(job.config, job.card, job.plan.subjects, job.data_root)
    write_json(job.manifest, manifest.model_dump(mode="json"))
    return f"{len(manifest.files)} files"


def prepare(job: Job) -> str:
    """Check and normalise one subject's clips, and store them with their ratings."""
    from neurodecode.emotion.preparation import prepare_subject
    from neurodecode.emotion.study import read_subject

    sessions = read_subject(job.config, job.card, job.name, job.data_root)
    store = prepare_subject(job.store(job.name), sessions, job.config.signals)
    n_trials, n_channels, n_samples = store.signals.shape
    return f"{n_trials} clips, {n_channels} channels, {n_samples} samples"


def train(job: Job) -> str:
    """Train the decoders of one subject under one protocol."""
    from neurodecode.emotion.training import train_unit
    from neurodecode.emotion.units import unit_of

    return train_unit(_study(job), unit_of(job.config, job.name), job.model)


def evaluate(job: Job) -> str:
    """Decode every test window, score the answers, and look inside the networks."""
    from neurodecode.emotion.evaluation import evaluate_unit
    from neurodecode.emotion.inspection import interpret_unit, write_throughput
    from neurodecode.emotion.units import unit_of

    study, unit, card = _study(job), unit_of(job.config, job.name), job.card
    simulated = job.data_root / card.name if card.access == "simulated" else None
    result = evaluate_unit(study, unit, job.model, simulated)
    interpret_unit(study, unit, job.model, job.evaluation)
    if job.name == next(iter(job.plan.units)):
        write_throughput(study, job.evaluation)
    result.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Scores with intervals, protocols side by side, claims and audit on one page."""
    from neurodecode.emotion.results import build_report
    from neurodecode.report.render import write_report

    report = build_report(job, _study(job))
    write_report(report, job.folder)
    return report.headline.sentence


def _study(job: Job) -> Study:
    from neurodecode.emotion.study import Study

    folders = {path.name: path for path in job.stores}
    key = " ".join(job.plan.fingerprints[rule] for rule in ("fetch", "prepare", "train"))
    return Study(job.config, folders, key)
