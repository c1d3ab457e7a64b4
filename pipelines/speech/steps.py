"""The five steps of the speech pipeline (Défossez et al. 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.contrastive.speech.units import Heard
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the recordings here, or simulate them, and split what was heard."""
    from neurodecode.artefacts import write_json
    from neurodecode.contrastive.speech.recordings import fetch_story
    from neurodecode.datasets.fetch import fetch_study

    subjects = job.plan.subjects
    manifest = fetch_study(job.config, job.card, subjects, job.data_root)
    story = fetch_story(job.config, job.card, subjects, job.data_root, job.folder / "story")
    write_json(job.manifest, manifest.model_dump(mode="json"))
    counts = story.drop_duplicates("block")["part"].value_counts()
    parts = ", ".join(f"{counts[part]} {part}" for part in ("train", "valid", "test"))
    return f"{len(manifest.files)} files, {len(story)} words, blocks: {parts}"


def prepare(job: Job) -> str:
    """Check and resample one participant's recordings, list their windows, fit the scalers."""
    from neurodecode.contrastive.speech.preparation import prepare_listener
    from neurodecode.contrastive.speech.recordings import read_listener, read_story

    recordings = read_listener(job.config, job.card, job.name, job.data_root)
    story, _ = read_story(job.folder / "story")
    stores = prepare_listener(
        job.store(job.name), recordings, story, job.config.signals, seed=job.config.seed
    )
    return f"{len(stores)} recordings, {sum(len(store.trials) for store in stores)} windows"


def train(job: Job) -> str:
    """Train one decoder."""
    from neurodecode.contrastive.speech.training import train_unit
    from neurodecode.contrastive.speech.units import unit_of

    unit = unit_of(job.config, job.name, _participants(job))
    return train_unit(_heard(job), unit, job.model)


def evaluate(job: Job) -> str:
    """Find the heard segment of every test window."""
    from neurodecode.contrastive.speech.evaluation import evaluate_unit
    from neurodecode.contrastive.speech.recordings import optimal_ranks_of
    from neurodecode.contrastive.speech.units import unit_of

    signals, unit = job.config.signals, unit_of(job.config, job.name, _participants(job))
    ceiling = None
    if job.card.access == "simulated" and job.name == next(iter(job.plan.units)):
        root = job.data_root / job.card.name
        ceiling = optimal_ranks_of(root, signals.sfreq, signals.tmax - signals.tmin)
    result = evaluate_unit(_heard(job), unit, job.model, ceiling)
    result.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Accuracies with intervals, controls, analyses, claims and audit on one page."""
    from neurodecode.contrastive.speech.results import build_report
    from neurodecode.report.render import write_report

    report = build_report(job)
    write_report(report, job.folder)
    return report.headline.sentence


def _participants(job: Job) -> list[str]:
    return [store.name for store in job.stores]


def _heard(job: Job) -> Heard:
    from neurodecode.contrastive.speech.recordings import read_story
    from neurodecode.contrastive.speech.units import Heard

    story, audio = read_story(job.folder / "story")
    folders = {subject: job.store(subject) for subject in job.plan.subjects}
    key = " ".join(job.plan.fingerprints[rule] for rule in ("fetch", "prepare", "train"))
    return Heard(job.config, folders, story, audio, job.data_root / "embeddings", key)
