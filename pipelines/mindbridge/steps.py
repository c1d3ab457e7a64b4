"""The five steps of the mindbridge pipeline (Wang et al. 2024)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.mindbridge.study import Study
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the responses here, or simulate them, and split the stimuli."""
    from neurodecode.artefacts import write_json
    from neurodecode.datasets.fetch import fetch_study
    from neurodecode.mindbridge.study import fetch_trials

    subjects = job.plan.subjects
    manifest = fetch_study(job.config, job.card, subjects, job.data_root)
    trials = fetch_trials(job.config, job.card, subjects, job.data_root, job.folder / "seen")
    write_json(job.manifest, manifest.model_dump(mode="json"))
    counts = trials.groupby("part")["stimulus"].nunique()
    parts = ", ".join(f"{counts.get(part, 0)} {part}" for part in ("train", "valid", "test"))
    n_folds = len(job.config.split.trained_folds)
    folds = f" in the first of {n_folds} folds" if n_folds else ""
    return f"{len(manifest.files)} files, {len(trials)} trials, stimuli: {parts}{folds}"


def prepare(job: Job) -> str:
    """Check one subject's responses and store them with each trial's part."""
    from neurodecode.mindbridge.study import prepare_subject, read_subject, read_trials

    found = read_subject(job.config, job.card, job.name, job.data_root)
    trials, *_ = read_trials(job.folder / "seen")
    store = prepare_subject(job.store(job.name), found, trials[trials["participant"] == job.name])
    return f"{len(store.trials)} trials, {store.info['n_voxels']} voxels"


def train(job: Job) -> str:
    """Train one model, or every way of adding a new subject."""
    from neurodecode.mindbridge.training import train_unit
    from neurodecode.mindbridge.units import unit_of

    unit = unit_of(job.name, job.plan.subjects)
    return train_unit(_study(job).of_fold(unit.fold), unit, job.model)


def evaluate(job: Job) -> str:
    """Find the picture of every test stimulus, synthesise signals, and redraw pictures."""
    from neurodecode.mindbridge.evaluation import evaluate_unit
    from neurodecode.mindbridge.redraw import redraw_unit
    from neurodecode.mindbridge.units import unit_of

    unit = unit_of(job.name, job.plan.subjects)
    study = _study(job).of_fold(unit.fold)
    simulated = job.data_root / job.card.name if job.card.access == "simulated" else None
    result = evaluate_unit(study, unit, job.model, simulated)
    redrawn = redraw_unit(study, unit, job.model)
    result.save(job.evaluation)
    if redrawn is not None:
        redrawn.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Accuracies with intervals, new subjects, synthesis, claims and audit on one page."""
    from neurodecode.mindbridge.results import build_report
    from neurodecode.report.render import write_report

    report = build_report(job)
    write_report(report, job.folder)
    return report.headline.sentence


def _study(job: Job) -> Study:
    from neurodecode.mindbridge.study import Study, read_trials, shipped_embeddings

    trials, pictures, exemplars = read_trials(job.folder / "seen")
    folders = {subject: job.store(subject) for subject in job.plan.subjects}
    key = " ".join(job.plan.fingerprints[rule] for rule in ("fetch", "prepare", "train"))
    embeddings = job.data_root / "embeddings"
    shipped = shipped_embeddings(job.folder / "seen")
    return Study(job.config, folders, trials, pictures, exemplars, embeddings, key, shipped)
