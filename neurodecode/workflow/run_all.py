"""``neurodecode run all``: every decoder's pipeline, one after the other."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurodecode.faults import EXTRA_OF, ConfigFault, Fault
from neurodecode.workflow.index import write_index
from neurodecode.workflow.past_runs import PastRun, past_run
from neurodecode.workflow.project import Pipeline, find_project
from neurodecode.workflow.run import DEFAULT, RunRequest, run_pipeline


@dataclass(frozen=True)
class Outcome:
    """How one pipeline went.

    Attributes
    ----------
    code : int
        0 done, 1 a job failed, 2 the run could not start.
    seconds : float
        Wall time of this call.
    """

    request: RunRequest
    code: int
    seconds: float


def run_all(request: RunRequest, pipelines: Sequence[str] | None = None) -> int:
    """Run an experiment of several pipelines in turn; one that fails does not stop the others.

    Each goes to ``OUT/PIPELINE/EXPERIMENT``. Nothing starts before the settings of all are valid
    and their packages are here. A table of what came of each is printed in the end, and ``OUT``
    gets its index.

    Parameters
    ----------
    request : RunRequest
        What every pipeline is asked; ``out`` is the folder over all of them, default ``reports``.
    pipelines : sequence of str, optional
        Default: every one that decodes (not ``bench``).

    Returns
    -------
    int
        0 if all were done, else 1.

    Raises
    ------
    ConfigFault
        If a package is missing, with the command that installs it; if the experiment or a setting
        is unknown to one of the pipelines.
    """
    if request.bids is not None:
        raise ConfigFault("a study is read by one pipeline", fix="name it in the place of 'all'")
    project = find_project()
    chosen = [project.pipeline(name) for name in pipelines or project.decoding]
    require_packages(chosen)
    for pipeline in chosen:
        _check(pipeline, request)
    out = (request.out or Path("reports")).resolve()
    requests = [replace(request, pipeline=p.name, out=out / p.name / request.label) for p in chosen]
    console = Console()
    outcomes = [_run(one, n, len(requests), console) for n, one in enumerate(requests, start=1)]
    if not (request.dry_run or request.dag or request.print_config):
        console.print(_summary(outcomes))
        console.print(f"index: {escape(str(write_index(out)))}", highlight=False, soft_wrap=True)
    return 1 if any(outcome.code for outcome in outcomes) else 0


def require_packages(pipelines: Iterable[Pipeline]) -> None:
    """Stop where packages that these pipelines need are not installed.

    Raises
    ------
    ConfigFault
        Naming them, and the one command that installs all.
    """
    missing = {
        module: pipeline.name
        for pipeline in pipelines
        for module in pipeline.needs
        if find_spec(module) is None
    }
    if missing:
        names = ", ".join(f"{module} ({pipeline})" for module, pipeline in missing.items())
        extras = ",".join(sorted({EXTRA_OF[module] for module in missing}))
        what = f"packages are not installed: {names}"
        raise ConfigFault(what, fix=f"pip install 'neurodecode[{extras}]'")


def _check(pipeline: Pipeline, request: RunRequest) -> None:
    """Load the settings; name the pipeline that cannot."""
    try:
        pipeline.load(request.experiment or DEFAULT, request.overrides)
    except ConfigFault as fault:
        where = f"{pipeline.name}, {fault.where}" if fault.where else pipeline.name
        raise ConfigFault(fault.what, where=where, fix=fault.fix) from fault


def _run(request: RunRequest, number: int, total: int, console: Console) -> Outcome:
    """Run one pipeline; whatever goes wrong is said, and is no reason to stop."""
    title = f"{number}/{total} {request.pipeline}"
    console.rule(f"[bold]{escape(title)}[/bold]", align="left", style="dim")
    began = time.perf_counter()
    try:
        code = run_pipeline(request)
    except Exception as error:
        said = str(error) if isinstance(error, Fault) else f"{type(error).__name__}: {error}"
        console.print(f"[red]error:[/red] {escape(said)}", highlight=False, soft_wrap=True)
        code = 2
    return Outcome(request, code, time.perf_counter() - began)


def _summary(outcomes: Iterable[Outcome]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("pipeline", "status", "time", "score", "report"):
        table.add_column(column, overflow="fold")
    for outcome in outcomes:
        table.add_row(*map(escape, _cells(outcome)))
    return table


def _cells(outcome: Outcome) -> tuple[str, str, str, str, str]:
    folder = outcome.request.folder
    run = past_run(folder, folder.parents[1])
    status = ("done", "failed", "not run")[outcome.code]
    report = str(folder / "report.html") if run.has_report else "-"
    return outcome.request.pipeline, status, f"{outcome.seconds:.0f} s", _score(run), report


def _score(run: PastRun) -> str:
    score = run.score
    if score is None:
        return "-"
    chance = "" if score.chance is None else f", {score.baseline} {score.chance:.2f}"
    return f"{score.metric} {score.text}{chance}{'' if run.is_current else ', of an earlier run'}"
