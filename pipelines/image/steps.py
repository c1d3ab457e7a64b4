"""The five steps of the image pipeline (Benchetrit, Banville and King 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.contrastive.image.units import Seen
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the recordings here, or simulate them, and split the pictures that were seen."""
    from neurodecode.artefacts import write_json
    from neurodecode.contrastive.image.recordings import fetch_seen
    from neurodecode.datasets.fetch import fetch_study

    subjects = job.plan.subjects
    manifest = fetch_study(job.config, job.card, subjects, job.data_root)
    trials = fetch_seen(job.config, job.card, subjects, job.data_root, job.folder / "seen")
    write_json(job.manifest, manifest.model_dump(mode="json"))
    counts = trials.groupby("part")["image"].nunique()
    parts = ", ".join(f"{counts.get(part, 0)} {part}" for part in ("train", "valid", "test"))
    return f"{len(manifest.files)} files, {len(trials)} trials, pictures: {parts}"


def prepare(job: Job) -> str:
    """Check and resample one participant's recordings, list their windows, fit the scalers."""
    from neurodecode.contrastive.image.preparation import prepare_viewer
    from neurodecode.contrastive.image.recordings import read_seen, read_viewer

    recordings = read_viewer(job.config, job.card, job.name, job.data_root)
    trials, _ = read_seen(job.folder / "seen")
    mine = trials[trials["participant"] == job.name]
    stores = prepare_viewer(
        job.store(job.name), recordings, mine, job.config.signals, seed=job.config.seed
    )
    return f"{len(stores)} recordings, {sum(len(store.trials) for store in stores)} windows"


def train(job: Job) -> str:
    """Train one decoder, those of one part of the window, or those of a generator's latents."""
    from neurodecode.contrastive.image.training import train_unit
    from neurodecode.contrastive.image.units import unit_of

    return train_unit(_seen(job), unit_of(job.config, job.name), job.model)


def evaluate(job: Job) -> str:
    """Find the seen picture of every test trial, or redraw it."""
    from neurodecode.contrastive.image.evaluation import evaluate_unit
    from neurodecode.contrastive.image.recordings import optimal_of
    from neurodecode.contrastive.image.units import unit_of

    optimal, first = None, job.name == next(iter(job.plan.units))
    if job.card.access == "simulated" and first:
        optimal = optimal_of(job.data_root / job.card.name, job.config.signals)
    unit = unit_of(job.config, job.name)
    result = evaluate_unit(_seen(job), unit, job.model, job.evaluation, optimal)
    if first and job.config.evaluation.stream_trials:
        _replay(job)
    result.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Accuracies with intervals, time courses, pictures, controls, claims and audit on one page."""
    from neurodecode.contrastive.image.results import build_report
    from neurodecode.report.render import write_report

    report = build_report(job)
    write_report(report, job.folder)
    return report.headline.sentence


def _replay(job: Job) -> None:
    from neurodecode.artefacts import write_json
    from neurodecode.contrastive.image.recordings import read_seen, read_viewer
    from neurodecode.contrastive.image.replay import LATENCY, replay_viewer

    subject = job.plan.subjects[0]
    recordings = read_viewer(job.config, job.card, subject, job.data_root)
    trials, _ = read_seen(job.folder / "seen")
    mine = trials[trials["participant"] == subject]
    found = replay_viewer(job.model, recordings, mine, job.config.evaluation.stream_trials)
    if found is not None:
        write_json(job.evaluation / LATENCY, found)


def _seen(job: Job) -> Seen:
    from neurodecode.contrastive.image.recordings import read_seen
    from neurodecode.contrastive.image.units import Seen

    trials, pictures = read_seen(job.folder / "seen")
    folders = {subject: job.store(subject) for subject in job.plan.subjects}
    key = " ".join(job.plan.fingerprints[rule] for rule in ("fetch", "prepare", "train"))
    return Seen(job.config, folders, trials, pictures, job.data_root / "embeddings", key)
