"""The five steps of the augmented covariance pipeline (Carrara and Papadopoulo 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Bring the recordings here, or simulate them."""
    from neurodecode.artefacts import write_json
    from neurodecode.riemann.recordings import fetch_recordings

    manifest = fetch_recordings(job.config, job.card, job.plan.subjects, job.data_root)
    write_json(job.manifest, manifest.model_dump(mode="json"))
    return f"{len(manifest.files)} files"


def prepare(job: Job) -> str:
    """Check, band-pass and cut one subject's recordings."""
    from neurodecode.riemann.trials import read_subject
    from neurodecode.signals.store import write_store

    trials = read_subject(job.config, job.card, job.name, job.data_root)
    write_store(job.store(job.name), trials.signals, trials.table, trials.info)
    return "{} trials x {} channels x {} samples".format(*trials.signals.shape)


def train(job: Job) -> str:
    """Fit every decoder on every fold of every protocol; the main ones leave the run."""
    from neurodecode.artefacts import write_parquet
    from neurodecode.persistence import save_estimators
    from neurodecode.riemann.export import export_decoders
    from neurodecode.riemann.protocols import fit_unit

    searched = job.folder / "search" / job.name
    models, info, selection = fit_unit(job.config, job.stores, job.name, cache_dir=searched)
    write_parquet(job.model / "selection.parquet", selection)
    save_estimators(job.model, models, info)
    export_decoders(job.config, models, job.stores, job.name, job.model)
    return f"{info['n_models']} models on {info['n_folds']} folds"


def evaluate(job: Job) -> str:
    """Decode the held-out trials and audit the splits."""
    from neurodecode.persistence import load_estimators
    from neurodecode.riemann.decoders import TRUSTED
    from neurodecode.riemann.protocols import evaluate_unit

    models = load_estimators(job.model, trusted=TRUSTED)
    result = evaluate_unit(job.config, models, job.stores, job.name)
    result.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Scores with intervals, comparisons, claims and audit on one page."""
    from neurodecode.report.render import write_report
    from neurodecode.riemann.results import build_report

    report = build_report(job)
    write_report(report, job.folder)
    return report.headline.sentence
