"""The five steps of a benchmark: our program and its peer on the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neurodecode.workflow.step import Job


def fetch(job: Job) -> str:
    """Simulate the arrays."""
    from neurodecode.artefacts import write_json
    from neurodecode.benchmarks.arrays import simulate_arrays

    manifest = simulate_arrays(job.config, job.card, job.data_root)
    write_json(job.manifest, manifest.model_dump(mode="json"))
    return f"{len(manifest.files)} files"


def prepare(job: Job) -> str:
    """Lay one array into a store."""
    from neurodecode.benchmarks.arrays import read_array
    from neurodecode.signals.store import write_store

    signals, table, info = read_array(job.data_root / job.card.name, job.name)
    write_store(job.store(job.name), signals, table, info)
    return "{} trials x {} channels x {} samples".format(*signals.shape)


def train(job: Job) -> str:
    """Time our program and its peer in turn, results before times."""
    from neurodecode.artefacts import write_json

    measured = _method(job).measure_unit(job.config, job.name, job.stores)
    write_json(job.model / "model.json", measured)
    return measured["summary"]


def evaluate(job: Job) -> str:
    """Compare the results, then the times."""
    from neurodecode.artefacts import read_json

    result = _method(job).evaluate_unit(job.config, job.name, read_json(job.model / "model.json"))
    result.save(job.evaluation)
    return result.summary


def report(job: Job) -> str:
    """Agreement, ratios, machine and claims on one page."""
    from neurodecode.report.render import write_report

    report = _method(job).build_report(job)
    write_report(report, job.folder)
    return report.headline.sentence


def _method(job: Job) -> Any:
    """The module of the method that is timed, for this rule."""
    from importlib import import_module

    return import_module(*job.config.modules(job.rule))
