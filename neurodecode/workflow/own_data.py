"""A study of the user's own: ``data check`` shows it, ``run --bids`` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from rich.console import Console
from rich.markup import escape

from neurodecode.artefacts import write_text
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.faults import Fault
from neurodecode.own_data.duration import time_text
from neurodecode.own_data.families import EXPERIMENT, survey_study
from neurodecode.own_data.survey import size_text
from neurodecode.workflow.project import find_project
from neurodecode.workflow.tables import plain_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.own_data.survey import Survey
    from neurodecode.workflow.project import Pipeline

WRAPPED = 96


def survey_for(
    pipeline: Pipeline, folder: Path, experiment: str | None, overrides: Sequence[str]
) -> Survey:
    """Look through a folder with the settings of an experiment of the pipeline.

    Parameters
    ----------
    pipeline : Pipeline
    folder : Path
    experiment : str or None
        Name or file; None takes ``own_study``.
    overrides : sequence of str
        ``key.sub=value``.
    """
    file = pipeline.experiment_file(experiment or EXPERIMENT)
    return survey_study(pipeline.name, folder, apply_overrides(read_yaml(file), overrides))


def check_study(
    folder: Path,
    pipeline_name: str,
    experiment: str | None,
    overrides: Sequence[str],
    out: Path | None,
) -> int:
    """Print what a folder has, lacks, allows and costs, and write the experiment that runs it.

    Returns
    -------
    int
        0: the study can run; 1: it cannot, and a line says why and what to do.
    """
    console = Console()
    pipeline = find_project().pipeline(pipeline_name)
    try:
        found = survey_for(pipeline, folder, experiment, overrides)
    except Fault as fault:
        _error(console, fault)
        return 1
    _show(console, found)
    for problem in found.faults:
        _error(console, problem)
    if found.faults:
        return 1
    validate(pipeline.config_model, found.settings)
    _write(console, found, out)
    return 0


def experiment_text(found: Survey) -> str:
    """Return an experiment file that runs a study, with comments on what was found."""
    lines = [
        f"Written by `neurodecode data check {found.folder} --for {found.pipeline}`.",
        *(f"{what}: {value}" for what, value in found.found),
        *found.notes,
        *(f"{row.name}: {'possible' if row.possible else 'not possible'}, {row.why}"
          for row in found.splits),
    ]  # fmt: skip
    comment = "".join(f"# {' '.join(line.split())}\n" for line in lines)
    sections = (
        yaml.safe_dump({key: value}, sort_keys=False, allow_unicode=True, width=WRAPPED)
        for key, value in {**found.settings, "description": description(found)}.items()
    )
    return comment + "".join(sections)


def description(found: Survey) -> str:
    """Return the line that says which study it is, in the experiment and on the report."""
    return f"{found.name}, looked through for {found.pipeline}"


def _show(console: Console, found: Survey) -> None:
    table = plain_table("found", "")
    for what, value in found.found:
        table.add_row(what, escape(value))
    console.print(table)
    for listing in found.listings:
        table = plain_table(*listing.columns, title=listing.title)
        for row in listing.rows:
            table.add_row(*map(escape, row))
        console.print(table)
    if found.splits:
        table = plain_table("split", "possible", "runs", "why")
        for split in found.splits:
            marks = ("yes" if split.possible else "no", "yes" if split.chosen else "-")
            table.add_row(split.name, *marks, escape(split.why))
        console.print(table)
    table = plain_table("memory", "", "")
    for size in found.sizes:
        table.add_row(size.what, size_text(size.n_bytes), size.text)
    table.add_row("stores on disk", size_text(found.disk), "")
    console.print(table)
    if found.duration is not None:
        _line(console, f"time: {_time(found)}")
    for note in found.notes:
        _line(console, f"note: {note}")


def _time(found: Survey) -> str:
    assert found.duration is not None
    if found.duration.seconds is None:
        return found.duration.basis
    longest, least = time_text(found.duration.seconds), found.duration.least
    shortest = longest if least is None else time_text(least)
    shown = f"about {longest}" if shortest == longest else f"{shortest} to {longest}"
    return f"{shown} on one core; {found.duration.basis}"


def _write(console: Console, found: Survey, out: Path | None) -> None:
    """Write the experiment; a file that is there is replaced only where it was named."""
    path = out or Path(f"{found.name}_{found.pipeline}.yaml")
    text = experiment_text(found)
    run = f"neurodecode run {found.pipeline} {path}"
    if path.exists() and path.read_text(encoding="utf-8") != text and out is None:
        _line(console, f"{path} is there and differs, left as it is; --config-out FILE writes")
        return
    verb = "replaced" if path.exists() and path.read_text(encoding="utf-8") != text else "written"
    write_text(path, text)
    _line(console, f"{verb}: {path}; run it with `{run}`")


def _error(console: Console, fault: Fault) -> None:
    console.print(f"[red]error:[/red] {escape(str(fault))}", highlight=False, soft_wrap=True)


def _line(console: Console, text: str) -> None:
    console.print(escape(text), highlight=False, soft_wrap=True)
