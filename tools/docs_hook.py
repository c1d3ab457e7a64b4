"""The generated parts of the documentation: experiments, options, data sets, splits, faults, names.

MkDocs calls :func:`on_page_markdown` for every page (``hooks`` in ``mkdocs.yml``). A line
``<!-- options: acm -->`` becomes the table of all settings of that pipeline, and so on: see
:data:`PARTS`. Nothing that the program knows is written down twice.
"""

from __future__ import annotations

import ast
import re
import runpy
import types
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from neurodecode.config import read_yaml
from neurodecode.workflow.project import Project

PROJECT = Project(Path(__file__).parents[1])
MARKER = re.compile(r"^<!-- (\w+)(?:: ([\w.:]+))? -->$", flags=re.MULTILINE)
ENTRY = re.compile(r"^### (`[^\n]*`)\n(.*?)(?=^##|\Z)", flags=re.MULTILINE | re.DOTALL)
WORDS = {bool: "true or false", int: "whole number", float: "number", str: "text", Path: "path",
         types.NoneType: "null", Any: "anything"}  # fmt: skip
LIMITS = {Ge: ("ge", "at least"), Gt: ("gt", "above"), Le: ("le", "at most"), Lt: ("lt", "below"),
          MinLen: ("min_length", "length at least"),
          MaxLen: ("max_length", "length at most")}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One key of an experiment file: dotted name, type in words, default as YAML, meaning."""

    key: str
    type: str
    default: str
    description: str


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with its generated parts in place of their markers."""
    return MARKER.sub(lambda found: PARTS[found[1]](*filter(None, [found[2]])), markdown)


def experiments(pipeline: str) -> str:
    """Return the table of a pipeline's experiment files."""
    rows = []
    for name, path in PROJECT.pipeline(pipeline).experiments.items():
        content = read_yaml(path)
        rows.append([f"`{name}`", f"`{content['data']['dataset']}`", content["description"]])
    return table(["experiment", "data set", "what it does"], rows)


def options(pipeline: str) -> str:
    """Return the settings of a pipeline, a table for each section."""
    parts, plain = [], []
    for name, field in PROJECT.pipeline(pipeline).config_model.model_fields.items():
        found = list(_field(name, field, field.get_default(call_default_factory=True)))
        if _sections(field.annotation):
            parts.append(f"### `{name}` {{ #{name} }}\n\n{_settings_table(found)}")
        else:
            plain += found
    return "\n\n".join(["### Top level\n\n" + _settings_table(plain), *parts])


def settings(model: type[BaseModel], prefix: str = "", given: Any = None) -> Iterator[Setting]:
    """Yield every setting of a section and of those below it.

    Parameters
    ----------
    model : type
        The section.
    prefix : str
        Keys that lead to it, with the dot.
    given : model instance, optional
        What the parent gives as its default, where that is not the section's own.
    """
    for name, field in model.model_fields.items():
        default = getattr(given, name, field.get_default(call_default_factory=True))
        yield from _field(f"{prefix}{name}", field, default)


def datasets() -> str:
    """Return the table of catalogue cards that are not simulations."""
    from neurodecode.datasets.catalog import load_cards

    cards = sorted(load_cards(PROJECT.catalog).values(), key=lambda card: card.name.lower())
    rows = [
        [f"`{card.name}`", card.modality, card.access, card.licence or "not stated", card.title]
        for card in cards
        if card.access != "simulated"
    ]
    return table(["name", "modality", "who brings the files", "licence", "title"], rows)


def protocols(registry: str) -> str:
    """Return the table of a registry of splits, as ``package.module:NAME``."""
    module, _, name = registry.partition(":")
    rows = []
    for protocol in getattr(import_module(module), name).values():
        units = getattr(protocol, "units", None) or getattr(protocol, "test_units", None)
        named = units or [protocol.unit or "you name it"]
        shown = ", ".join(unit.removesuffix("_of").replace("_", " ") for unit in named)
        leaks = getattr(protocol, "leaks", None)
        rows.append([f"`{protocol.name}`", shown, f"**leaks:** {leaks}" if leaks else "must be 0"])
    return table(["split", "what must not cross", "overlap"], rows)


def api(package: str) -> str:
    """Return an entry for each public name of a package, from its stub file."""
    module = import_module(package)
    text = Path(str(module.__file__)).with_suffix(".pyi").read_text(encoding="utf-8")
    entries = [
        f"::: {package}.{node.module}.{name.name}"
        for node in ast.parse(text).body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    ]
    return "\n\n".join(entries)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table; a bar within a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def faults() -> str:
    """Return the table of faults: what happened, what it can meet, what a user sees."""
    rows = []
    for row, (fault, pipelines) in fault_rows().items():
        links = [f"[{code}](#{anchor(code)})" for code in fault_entries()[row]]
        rows.append([fault, ", ".join(pipelines), "<br>".join(links)])
    return table(["fault", "pipelines", "what you see"], rows)


def fault(row: str) -> str:
    """Return which fault an entry of the questions answers."""
    name, pipelines = fault_rows()[int(row)]
    return f"*{name[0].upper()}{name[1:]}: {', '.join(pipelines)}.*{{ .fault }}\n"


def fault_rows() -> dict[int, tuple[str, tuple[str, ...]]]:
    """Return the faults and the pipelines that each can meet, as they are tested."""
    found: dict[str, Any] = runpy.run_path(str(PROJECT.root / "tests" / "faults" / "matrix.py"))
    rows: dict[int, tuple[str, tuple[str, ...]]] = found["ROWS"]
    return rows


def fault_entries() -> dict[int, list[str]]:
    """Return the headings of the questions that answer each fault, by its number."""
    found: dict[int, list[str]] = {row: [] for row in fault_rows()}
    for entry in ENTRY.finditer((PROJECT.root / "docs" / "faq.md").read_text(encoding="utf-8")):
        for row in re.findall(r"^<!-- fault: (\d+) -->$", entry[2], flags=re.MULTILINE):
            found[int(row)].append(entry[1])
    return found


def anchor(heading: str) -> str:
    """Return the link target that Markdown gives to a heading."""
    letters = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", letters).strip().lower())


PARTS: dict[str, Callable[..., str]] = {
    "api": api,
    "datasets": datasets,
    "experiments": experiments,
    "fault": fault,
    "faults": faults,
    "options": options,
    "protocols": protocols,
    "results": lambda _: "",  # what stands between is written by tools/results.py
    "results_end": lambda: "",
}
"""Generated parts by the word that stands in their marker."""


def _field(key: str, field: FieldInfo, default: Any) -> Iterator[Setting]:
    """Yield one setting, or those of the sections that it holds."""
    below = _sections(field.annotation)
    if not (len(below) == 1 and below[0][1] is field.annotation):
        limits = ", ".join([_words(field.annotation), *_limits(field)])
        yield Setting(key, limits, _shown(default), field.description or "")
    for suffix, section in below:
        tag = _tag(field, section)
        given = default if isinstance(default, section) else None
        yield from settings(section, f"{key}{suffix}{tag}.", given)


def _sections(annotation: Any, suffix: str = "") -> list[tuple[str, type[BaseModel]]]:
    """Return the sections in an annotation, each with what leads to it: list item or name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [(suffix, annotation)]
    step = {tuple: "[]", list: "[]", dict: ".NAME"}.get(get_origin(annotation), "")
    return [found for part in get_args(annotation) for found in _sections(part, suffix + step)]


def _tag(field: FieldInfo, section: type[BaseModel]) -> str:
    """Return what tells a section from the others that may stand at the same key."""
    if not isinstance(field.discriminator, str):
        return ""
    (value,) = get_args(section.model_fields[field.discriminator].annotation)
    return f"({value})"


def _words(annotation: Any) -> str:
    """Return a type in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(f"`{_shown(value)}`" for value in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(map(_words, parts)))
    if origin is tuple and parts[-1] is not Ellipsis:
        return f"[{', '.join(map(_words, parts))}]"
    if origin in (tuple, list):
        return f"list of {_words(parts[0])}"
    if origin is dict:
        return f"mapping of {_words(parts[0])} to {_words(parts[1])}"
    return WORDS.get(annotation, "section")


def _limits(field: FieldInfo) -> list[str]:
    """Return the bounds of a value in words."""
    return [
        f"{words} {getattr(bound, name):g}"
        for bound in field.metadata
        for kind, (name, words) in LIMITS.items()
        if isinstance(bound, kind)
    ]


def _shown(value: Any) -> str:
    """Return a default as it would stand in an experiment file."""
    if repr(value) == "PydanticUndefined":
        return "required"
    plain = value
    if isinstance(value, BaseModel):
        plain = value.model_dump(mode="json")
    elif isinstance(value, tuple):
        plain = [e.model_dump(mode="json") if isinstance(e, BaseModel) else e for e in value]
    text = yaml.safe_dump(_lists(plain), default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n...\n").strip()


def _lists(value: Any) -> Any:
    """Return tuples as lists and paths as text, as YAML has them."""
    if isinstance(value, tuple | list):
        return [_lists(entry) for entry in value]
    if isinstance(value, dict):
        return {key: _lists(entry) for key, entry in value.items()}
    return str(value) if isinstance(value, Path) else value


def _settings_table(found: list[Setting]) -> str:
    rows = [[f"`{s.key}`", s.type, f"`{s.default}`", s.description] for s in found]
    return table(["key", "type", "default", "meaning"], rows)
