"""Calls Snakemake on a plan, in this process, and shows what it does."""

from __future__ import annotations

import contextlib
import io
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from neurodecode.faults import ConfigFault
from neurodecode.workflow.progress import Progress, logger_plugin
from neurodecode.workflow.step import DRIVER
from neurodecode.workflow.warm_process import warm_process

PLUGIN = "neurodecode"


@dataclass(frozen=True)
class Options:
    """How a run is carried out; ``extra`` goes to Snakemake untouched."""

    cores: int = 2
    dry_run: bool = False
    until: str | None = None
    force: tuple[str, ...] = ()
    extra: Sequence[str] = field(default_factory=tuple)


def run_snakemake(
    snakefile: Path, folder: Path, options: Options, console: Console
) -> tuple[bool, Progress]:
    """Bring the run folder up to date; return whether all jobs succeeded, and what was seen."""
    from snakemake.logging import LoggerPluginRegistry

    progress = Progress(console, folder)
    registry = LoggerPluginRegistry()
    registry.plugins.pop(PLUGIN, None)
    registry.register_plugin(f"snakemake_logger_plugin_{PLUGIN}", logger_plugin(progress))
    arguments = [*_arguments(snakefile, folder, options), "--logger", PLUGIN, *options.extra]
    with contextlib.chdir(folder), _environment(), _counted_cores(), warm_process() as variables:
        os.environ.update(variables)
        code, said = _snakemake(arguments)
    if code and not progress.faults:
        progress.faults.append(
            said.strip().splitlines()[-1] if said.strip() else "Snakemake failed"
        )
    return code == 0, progress


def mermaid(snakefile: Path, folder: Path, options: Options) -> str:
    """Return Snakemake's own graph of all jobs as Mermaid text."""
    arguments = [*_arguments(snakefile, folder, options), "--dag", "mermaid-js", "--forceall"]
    output = io.StringIO()
    with _environment(), contextlib.chdir(folder), contextlib.redirect_stdout(output):
        code, said = _snakemake([*arguments, "--quiet", "all"])
    text = output.getvalue()
    if code or "flowchart" not in text:
        raise ConfigFault(f"Snakemake could not draw the graph: {said.strip()[-200:]}")
    return text[text.index("---") if "---" in text else text.index("flowchart") :]


def _arguments(snakefile: Path, folder: Path, options: Options) -> list[str]:
    """Our defaults: resume without a flag, rerun what code or settings changed, own lock."""
    arguments = ["--snakefile", str(snakefile), "--directory", str(folder)]
    arguments += ["--cores", str(options.cores), "--rerun-incomplete", "--nolock"]
    arguments += ["--rerun-triggers", "mtime", "params", "input"]
    if options.dry_run:
        arguments.append("--dry-run")
    if options.until:
        arguments += ["--until", options.until]
    if options.force:
        arguments += ["--forcerun", *options.force]
    return arguments


def _snakemake(arguments: list[str]) -> tuple[int, str]:
    from snakemake.cli import main

    errors = io.StringIO()
    with contextlib.redirect_stderr(errors):
        try:
            main(arguments)
        except SystemExit as stop:
            return int(stop.code or 0), errors.getvalue()
    return 0, errors.getvalue()


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """What every job inherits: one BLAS thread each, no writes outside, and whom to follow."""
    from neurodecode.datasets.paths import data_root

    ours = {
        DRIVER: f"{os.getpid()}@{socket.gethostname()}",
        "NEURODECODE_DATA": str(data_root().resolve()),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS", "1"),
        "MKL_NUM_THREADS": os.environ.get("MKL_NUM_THREADS", "1"),
        "PYTHONUNBUFFERED": "1",
    }
    before = dict(os.environ)
    os.environ.update(ours)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _counted_cores() -> Iterator[None]:
    """Let Snakemake take off the cores of a job that is the only one ready.

    Until 9.16 it gives such cores back without having taken them, so that more and more jobs run
    side by side; later releases ask for a ``packaging`` that nilearn refuses.
    """
    from snakemake.scheduling.job_scheduler import JobScheduler

    select = JobScheduler.job_selector

    def counted(scheduler: JobScheduler, jobs: Sequence[Any]) -> Sequence[Any]:
        free = scheduler.resources["_cores"]
        selected: Sequence[Any] = select(scheduler, jobs)
        if selected and scheduler.resources["_cores"] == free:
            scheduler.update_available_resources(selected)
        return selected

    JobScheduler.job_selector = counted
    try:
        yield
    finally:
        JobScheduler.job_selector = select
