"""``neurodecode run``: from a request to a finished run folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape

from neurodecode.artefacts import write_text
from neurodecode.config import Experiment, to_yaml, validate
from neurodecode.faults import ConfigFault, unknown
from neurodecode.own_data.survey import study_name
from neurodecode.workflow.engine import Options, mermaid, run_snakemake
from neurodecode.workflow.fingerprint import RULES
from neurodecode.workflow.lock import run_lock
from neurodecode.workflow.plan import Plan, make_plan
from neurodecode.workflow.progress import Progress
from neurodecode.workflow.project import Pipeline, Project, find_project
from neurodecode.workflow.record import finish_record, start_record

PROFILES = ("--profile", "--workflow-profile")
"""Snakemake's options that take the folder of a profile."""

DEFAULT = "demo"
"""The experiment where none is named."""


@dataclass(frozen=True)
class RunRequest:
    """The options of ``neurodecode run``."""

    pipeline: str
    experiment: str | None = None
    overrides: tuple[str, ...] = ()
    out: Path | None = None
    cores: int = 1
    dry_run: bool = False
    dag: bool = False
    until: str | None = None
    force: tuple[str, ...] = ()
    print_config: bool = False
    extra: tuple[str, ...] = ()
    bids: Path | None = None

    @property
    def label(self) -> str:
        """The experiment's name, also when it was given as a file; of a folder, the study's."""
        if self.bids is not None:
            return study_name(self.bids)
        name = self.experiment or DEFAULT
        return Path(name).stem if name.endswith("ml") else name

    @property
    def folder(self) -> Path:
        """The run folder."""
        return (self.out or Path("reports") / self.pipeline / self.label).resolve()

    @property
    def options(self) -> Options:
        """What Snakemake is told."""
        return Options(self.cores, self.dry_run, self.until, self.force, tuple(self._arguments()))

    def _arguments(self) -> Iterator[str]:
        """Yield what follows ``--``, with the paths of profiles made absolute."""
        before = ""
        for argument in self.extra:
            option, _, value = argument.partition("=")
            if before in PROFILES:
                yield find_project().absolute_profile(argument)
            elif option in PROFILES and value:
                yield f"{option}={find_project().absolute_profile(value)}"
            else:
                yield argument
            before = argument


def run_pipeline(request: RunRequest) -> int:
    """Carry out a request and return the exit code (0 done, 1 a job failed)."""
    for rule in [*request.force, *([request.until] if request.until else [])]:
        if rule not in RULES:
            raise ConfigFault(unknown("rule", rule, RULES))
    project = find_project()
    pipeline = project.pipeline(request.pipeline)
    console = Console()
    config = _settings(request, pipeline, console)
    if request.print_config:
        print(to_yaml(config), end="")
        return 0
    plan = make_plan(project, pipeline, request.label, config)
    if request.dry_run and not request.folder.exists():
        with TemporaryDirectory() as scratch:
            elsewhere = replace(request, out=Path(scratch))
            return _dry_run(elsewhere, pipeline, plan, config, console)
    with run_lock(request.folder):
        if request.dag:
            return _draw(request, pipeline, plan, config, console)
        if request.dry_run:
            return _dry_run(request, pipeline, plan, config, console)
        return _run(request, project, pipeline, plan, config, console)


def _settings(request: RunRequest, pipeline: Pipeline, console: Console) -> Experiment:
    """Return an experiment's settings, with what a folder of the user's adds to them."""
    if request.bids is None:
        return pipeline.load(request.experiment or DEFAULT, request.overrides)
    from neurodecode.workflow.own_data import description, survey_for

    found = survey_for(pipeline, request.bids, request.experiment, request.overrides)
    found.require_runnable()
    if not request.print_config:
        for note in found.notes:
            console.print(f"[dim]{escape(note)}[/dim]", highlight=False, soft_wrap=True)
    settings = dict(found.settings)
    described = any(word.startswith("description=") for word in request.overrides)
    if request.experiment is None and not described:
        settings["description"] = description(found)
    return validate(pipeline.config_model, settings)


def rebuild_report(folder: Path) -> Path:
    """Build a run's report again from its artefacts and return its path."""
    from neurodecode.workflow.step import load_job

    if not (folder / "plan.json").exists():
        raise ConfigFault("no run here", where=str(folder), fix="give a folder with run.json")
    job, steps = load_job(folder.resolve(), "report", "all")
    steps.report(job)
    return folder / "report.html"


def _run(
    request: RunRequest,
    project: Project,
    pipeline: Pipeline,
    plan: Plan,
    config: Experiment,
    console: Console,
) -> int:
    began, folder = time.perf_counter(), request.folder
    plan.write(folder, config)
    former = folder / "run.json"
    text = former.read_text(encoding="utf-8") if former.exists() else None
    record = start_record(folder, plan, project.root)
    title = f"{pipeline.name}/{request.label}"
    console.print(f"[bold]{escape(title)}[/bold]  {escape(config.description)}", soft_wrap=True)
    status, computed = "failed", True
    try:
        succeeded, progress = run_snakemake(
            pipeline.folder / "Snakefile", folder, request.options, console
        )
        if succeeded:
            status = f"until {request.until}" if request.until else "complete"
            computed = progress.done > 0
    except KeyboardInterrupt:
        status = "interrupted"
        console.print("[dim]stopped; the same command goes on: finished jobs are kept[/dim]")
        raise
    finally:
        if not computed and text is not None:
            write_text(former, text)  # the record stays that of the results
        else:
            finish_record(folder, record, status, began)
        _update_index(folder)
    if not succeeded:
        return _show_failure(console, progress)
    return _show_success(console, folder, progress, time.perf_counter() - began)


def _show_failure(console: Console, progress: Progress) -> int:
    for fault in progress.faults:
        console.print(f"[red]error:[/red] {escape(fault)}", highlight=False, soft_wrap=True)
    console.print("[dim]mend it and give the same command: finished jobs are kept[/dim]")
    return 1


def _show_success(console: Console, folder: Path, progress: Progress, seconds: float) -> int:
    jobs = f"{progress.done} jobs" if progress.done else "everything is up to date"
    console.print(f"{jobs}, {seconds:.1f} s", highlight=False)
    report = folder / "report.html"
    if report.exists():
        console.print(f"report: {escape(str(_short(report)))}", highlight=False, soft_wrap=True)
    return 0


def _dry_run(
    request: RunRequest, pipeline: Pipeline, plan: Plan, config: Experiment, console: Console
) -> int:
    with _scratch_plan(request.folder, plan, config):
        succeeded, progress = run_snakemake(
            pipeline.folder / "Snakefile", request.folder, request.options, Console(quiet=True)
        )
    if not succeeded:
        return _show_failure(console, progress)
    for rule, name, reason in progress.planned:
        console.print(
            f"  would run  {rule:<9}[bold]{escape(name)}[/bold]  [dim]{_reason(reason)}[/dim]",
            highlight=False,
            soft_wrap=True,
        )
    console.print(f"{len(progress.planned)} jobs; nothing was run", highlight=False)
    return 0


def _draw(
    request: RunRequest, pipeline: Pipeline, plan: Plan, config: Experiment, console: Console
) -> int:
    from neurodecode.report.dag import draw_dag, parse_mermaid

    with _scratch_plan(request.folder, plan, config):
        text = mermaid(pipeline.folder / "Snakefile", request.folder, request.options)
    write_text(request.folder / "dag.mmd", text)
    write_text(request.folder / "dag.svg", draw_dag(*parse_mermaid(text)))
    for name in ("dag.svg", "dag.mmd"):
        console.print(escape(str(_short(request.folder / name))), highlight=False, soft_wrap=True)
    return 0


class _scratch_plan:  # noqa: N801 (a context manager)
    """Put the plan in place for Snakemake to read, and the former one back afterwards."""

    def __init__(self, folder: Path, plan: Plan, config: Experiment) -> None:
        self.folder, self.plan, self.config = folder, plan, config
        names = [folder / "plan.json", folder / "config.yaml"]
        self.before = {path: path.read_text() if path.exists() else None for path in names}

    def __enter__(self) -> None:
        self.plan.write(self.folder, self.config)

    def __exit__(self, *_: object) -> None:
        for path, text in self.before.items():
            if text is None:
                path.unlink(missing_ok=True)
            else:
                write_text(path, text)


def _reason(text: str) -> str:
    """Word Snakemake's reason for a job shortly."""
    if "Params have changed" in text:
        return "code, settings or files changed"
    if "Missing output" in text:
        return "not there yet"
    if "Input files updated" in text or "Updated input" in text:
        return "its input is rerun"
    return escape(" ".join(text.split()))


def _update_index(folder: Path) -> None:
    """Refresh ``index.html`` of the ``reports`` folder that holds this run, if there is one."""
    from neurodecode.workflow.index import write_index

    for parent in folder.parents[:3]:
        if parent.name == "reports":
            write_index(parent)


def _short(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
