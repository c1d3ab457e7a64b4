"""What the smaller commands print: pipelines, runs, data sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from neurodecode.config import read_yaml
from neurodecode.faults import ConfigFault
from neurodecode.workflow.project import find_project

if TYPE_CHECKING:
    from neurodecode.workflow.past_runs import PastRun

console = Console()


def plain_table(*columns: str, title: str | None = None) -> Table:
    """Return an empty table without lines, as all commands print them."""
    table = Table(title=title, box=None, pad_edge=False, title_justify="left", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _line(text: str) -> None:
    console.print(text, highlight=False, soft_wrap=True)


def show_pipelines() -> None:
    """Print every pipeline with its experiments, one line each."""
    for name, pipeline in find_project().pipelines.items():
        _line(f"[bold]{escape(name)}[/bold]  {escape(pipeline.card['summary'])}")
        texts = {e: read_yaml(path) for e, path in pipeline.experiments.items()}
        first = max(map(len, texts))
        second = max(len(text["data"]["dataset"]) for text in texts.values())
        for experiment, text in texts.items():
            dataset = text["data"]["dataset"]
            line = f"  {experiment:<{first}}  {dataset:<{second}}  {text['description']}"
            _line(escape(line))
    _line("\nneurodecode run PIPELINE [EXPERIMENT]; demo and smoke need no download")


def json_schema(pipeline: str) -> str:
    """Return the JSON schema of a pipeline's experiment files."""
    model = find_project().pipeline(pipeline).config_model
    return json.dumps(model.model_json_schema(), indent=2)


def show_runs(folder: Path, *, page: bool = False) -> None:
    """Print a table over all ``run.json`` below ``folder``; ``page`` also writes ``index.html``."""
    from neurodecode.workflow.past_runs import past_runs

    table = plain_table("run", "status", "score", "chance", "started", "wall", "memory")
    found = past_runs(folder)
    for run in found:
        table.add_row(*map(escape, (str(run.folder), run.status, *_run_cells(run))))
    if found:
        console.print(table)
    else:
        console.print(f"no runs in {folder}; `neurodecode run acm` makes one")
    if page:
        from neurodecode.workflow.index import write_index

        _line(escape(str(write_index(folder))))


def _run_cells(run: PastRun) -> list[str]:
    if run.record is None:
        return [run.problem, "-", "-", "-", "-"]
    score, record = run.score, run.record
    earlier = "" if run.is_current else " of an earlier run"
    return [
        f"{score.text}{earlier}" if score else "-",
        f"{score.chance:.2f}" if score and score.chance is not None else "-",
        record.started[:16],
        f"{record.wall_s:.0f} s" if record.wall_s is not None else "-",
        f"{record.peak_memory_mb:.0f} MB" if record.peak_memory_mb is not None else "-",
    ]


def show_comparison(first: Path, second: Path, model: str | None) -> None:
    """Print paired statistics between two runs."""
    from neurodecode.report.compare import compare_runs

    comparison = compare_runs(first, second, model)
    table = plain_table("", str(first), str(second), title=comparison.title)
    for row in comparison.rows:
        table.add_row(*map(escape, row))
    console.print(table)
    for line in comparison.lines:
        _line(escape(line))


def show_datasets(paradigm: str | None, every: bool) -> None:
    """Print the catalogue."""
    from neurodecode.datasets.catalog import index_card, load_cards, load_index
    from neurodecode.datasets.paths import data_root

    folder = find_project().catalog
    cards = load_cards(folder)
    if every:
        indexed = load_index([folder])
        cards = {name: index_card(name, facts) for name, facts in indexed.items()} | cards
    table = plain_table("data set", "paradigm", "subjects", "size", "licence", "here", "title")
    for card in sorted(cards.values(), key=lambda card: card.name.lower()):
        if paradigm in (None, card.paradigm):
            here = "yes" if (data_root() / card.name / "manifest.json").exists() else "-"
            size = f"{card.size_mb:g} MB" if card.size_mb else "-"
            subjects = str(len(card.subjects) or "-")
            cells = (card.name, card.paradigm or "-", subjects, size, card.licence or "?", here)
            table.add_row(*map(escape, (*cells, card.title)))
    console.print(table)


def show_card(name: str) -> None:
    """Print everything the catalogue knows of one data set."""
    from neurodecode.datasets.catalog import find_card

    card = find_card(name, [find_project().catalog])
    table = plain_table("", "")
    for key, value in card.model_dump(mode="json", exclude_none=True).items():
        if value not in ([], {}, ""):
            table.add_row(key, escape(_card_value(key, value)))
    console.print(table)


def _card_value(key: str, value: Any) -> str:
    """Word one field of a card: notes and files one a line, many subjects as a range."""
    if isinstance(value, str):
        return value
    if key == "notes":
        return "\n".join(f"- {note}" for note in value)
    if key == "files":
        return "\n".join(file["path"] for file in value)
    if key == "subjects" and len(value) > 8:
        return f"{value[0]} to {value[-1]} ({len(value)})"
    return json.dumps(value)


def fetch_dataset(name: str, subjects: list[str] | None) -> None:
    """Fetch a data set and print what its manifest holds."""
    from neurodecode.datasets.catalog import find_card
    from neurodecode.datasets.fetch import fetch
    from neurodecode.datasets.paths import data_root

    card = find_card(name, [find_project().catalog])
    if card.access == "simulated":
        raise ConfigFault(f"'{card.name}' is simulated by its pipeline", fix="neurodecode list")
    manifest = fetch(card, subjects=subjects or "all", root=data_root())
    _line(escape(f"{card.name}: {len(manifest.files)} files in {data_root()}"))


def import_files(name: str, folder: Path) -> None:
    """Lay files from ``folder`` where the loaders expect them."""
    from neurodecode.datasets.catalog import find_card
    from neurodecode.datasets.imports import import_dataset
    from neurodecode.datasets.paths import data_root

    card = find_card(name, [find_project().catalog])
    manifest = import_dataset(card, folder, data_root())
    _line(escape(f"{card.name}: {len(manifest.files)} files in {data_root()}"))


def verify_dataset(name: str) -> int:
    """Check a data set against its manifest; return 0 if all files are as they were."""
    from neurodecode.datasets.catalog import find_card
    from neurodecode.datasets.manifest import read_manifest, verify, verify_text
    from neurodecode.datasets.paths import data_root

    root = data_root()
    card = find_card(name, [find_project().catalog])
    manifest = read_manifest(card.name, root)
    problems = verify(manifest, root)
    console.print(verify_text(manifest, problems), highlight=False, markup=False, soft_wrap=True)
    return 1 if problems else 0
