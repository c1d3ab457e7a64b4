"""Calls Snakemake on a plan, in this process, and shows what it does."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from neurodecode.faults import ConfigFault
from neurodecode.workflow.progress import Progress, logger_plugin
from neurodecode.workflow.scheduler import counted_cores, stop_asked
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
    """Bring the run folder up to date; return whether all jobs succeeded, and what was seen.

    Raises
    ------
    KeyboardInterrupt
        If SIGINT or SIGTERM asked to stop; Snakemake has ended the jobs.
    """
    from snakemake.logging import LoggerPluginRegistry

    progress = Progress(console, folder)
    registry = LoggerPluginRegistry()
    registry.plugins.pop(PLUGIN, None)
    registry.register_plugin(f"snakemake_logger_plugin_{PLUGIN}", logger_plugin(progress))
    arguments = [*_arguments(snakefile, folder, options), "--logger", PLUGIN, *options.extra]
    with contextlib.ExitStack() as stack:
        for context in (contextlib.chdir(folder), _environment(), counted_cores()):
            stack.enter_context(context)
        asked = stack.enter_context(stop_asked())
        os.environ.update(stack.enter_context(warm_process()))
        code, said = _snakemake(arguments)
    if asked:
        raise KeyboardInterrupt
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

    # else jobs write to what sys.stdout was when this was imported: maybe closed, or no file
    vars(sys.modules["snakemake.shell"])["STDOUT"] = None
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
