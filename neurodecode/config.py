"""Experiment files: YAML read without surprises, dotted overrides, one pydantic model each."""

from __future__ import annotations

import re
import types
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from neurodecode.faults import ConfigFault, unknown


class Section(BaseModel):
    """A group of settings: immutable, and no key outside the declared ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class DataSection(Section):
    """Which recordings a run reads."""

    dataset: str = Field(description="Catalogue name, or the class name of any MOABB data set")
    path: Path | None = Field(
        default=None, description="Folder of the recordings when dataset is 'local' (BIDS)"
    )
    subjects: Literal["all"] | tuple[str, ...] = Field(
        default="all", description="Subject labels, or 'all' that the data set has"
    )

    @property
    def title(self) -> str:
        """Name for model cards: the data set's; of a local folder, with the folder's."""
        return self.dataset if self.path is None else f"{self.dataset}, {self.path.name}"

    folder_per_subject: ClassVar[bool] = True
    """Whether ``path`` holds a ``sub-*`` folder per subject; False: tables of everybody."""

    @field_validator("subjects", mode="before")
    @classmethod
    def _labels(cls, value: Any) -> Any:
        """Accept one label or numbers: 1, [1, 2] and ["01"] all become text."""
        if value == "all" or value is None:
            return value
        entries = [value] if isinstance(value, str | int) else value
        labels = tuple(str(entry) for entry in entries)
        if not labels:
            raise ValueError("give at least one subject, or 'all'")
        return labels


class RecordingsSection(DataSection):
    """Which recordings a run reads, where a BIDS folder has several tasks."""

    task: str | None = Field(
        default=None, description="Only this task of a local BIDS folder; default: all there are"
    )


class TrialsSection(RecordingsSection):
    """Which recordings a run reads, and which events of a BIDS folder are its trials."""

    events: tuple[str, ...] | None = Field(
        default=None,
        description="Events of a local BIDS folder that are trials, by their trial_type; default: "
        "all there are, or the words",
    )

    @field_validator("events", mode="before")
    @classmethod
    def _one_event(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Experiment(Section):
    """What every experiment of every pipeline has; each pipeline adds its own sections."""

    description: str = Field(description="One line for `neurodecode list`")
    seed: int = Field(default=42, ge=0, description="Seed of every random draw of the run")
    data: DataSection

    used_by: ClassVar[dict[str, tuple[str, ...]]] = {
        "fetch": ("data",),
        "prepare": ("data", "seed"),
        "train": ("seed",),
        "evaluate": ("seed",),
        "report": ("description",),
    }
    """Per rule, the keys whose change must rerun it (pipelines extend this)."""

    def stores(self, subjects: list[str]) -> dict[str, list[str]]:
        """Return the stores that ``prepare`` makes, one job each, and the subjects in each.

        A pipeline whose subjects are many and small puts several in a store.
        """
        return {subject: [subject] for subject in subjects}

    def units(self, subjects: list[str]) -> dict[str, list[str]]:
        """Return the jobs of ``train`` and ``evaluate``, and the stores each one reads."""
        return {store: [store] for store in self.stores(subjects)}

    def modules(self, rule: str) -> tuple[str, ...]:
        """Return the modules that a rule runs beside those its step imports by name."""
        return ()

    def simulated_subjects(self) -> list[str]:
        """Return the labels of simulated subjects; empty when the data set is not simulated."""
        return []

    def listed_subjects(self, dataset: str) -> list[str]:
        """Return the labels in a data set's own table; empty: those of its card."""
        return []


Model = TypeVar("Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """The safe loader with the YAML 1.2 core rules and no duplicate keys.

    YAML 1.1 reads ``1e-3`` as text, ``no`` as False and ``01`` as 1; here they are
    a float, the text "no" and the text "01".
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue  # a list as key: the safe loader refuses it below
            if key.value in seen:
                line = key.start_mark.line + 1
                raise ConfigFault(f"key '{key.value}' stands twice", where=f"line {line}")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    ("float", r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+."),
    ("null", r"~|null|Null|NULL|", "~nN\0"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(f"^(?:{_pattern})$"),
        [*_first.replace("\0", ""), ""],
    )


def parse_yaml(text: str, *, source: str = "") -> Any:
    """Parse YAML with the safe loader; a tag that would build an object is refused.

    Raises
    ------
    ConfigFault
        With file and line if the text is not plain YAML.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 (a SafeLoader)
    except ConfigFault as error:
        place = ", ".join(filter(None, [source, error.where]))
        raise ConfigFault(error.what, where=place) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"{source}, line {mark.line + 1}" if mark else source
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigFault(f"not plain YAML: {problem}", where=line) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping."""
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"), source=str(path))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ConfigFault("file not found", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigFault("not a text file", where=str(path)) from error
    if not isinstance(content, dict):
        raise ConfigFault("expected 'key: value' lines", where=str(path))
    return content


def apply_overrides(tree: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """Return ``tree`` with ``key.sub=value`` entries set; values are read as YAML.

    Examples
    --------
    >>> apply_overrides({"model": {"order": 4}}, ["model.order=6"])
    {'model': {'order': 6}}
    """
    result: dict[str, Any] = _copy(tree)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key.strip():
            raise ConfigFault(f"cannot read override '{override}'", fix="write key.sub=value")
        *parents, leaf = key.strip().split(".")
        branch = result
        for parent in parents:
            branch = branch.setdefault(parent, {})
            if not isinstance(branch, dict):
                raise ConfigFault(f"'{parent}' in '{key}' is a value, it has no keys below it")
        branch[leaf] = parse_yaml(value, source=f"--set {key}")
    return result


def validate(model: type[Model], tree: Mapping[str, Any], *, source: str = "") -> Model:
    """Build ``model`` from plain values.

    Raises
    ------
    ConfigFault
        One line naming the first wrong key, with the nearest valid one, or the wrong value.
    """
    try:
        return model.model_validate(dict(tree))
    except ValidationError as error:
        problems = sorted(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")
        raise ConfigFault(_describe(model, dict(problems[0])), where=source) from error


def to_yaml(config: BaseModel) -> str:
    """Return the resolved configuration as YAML, in the order of its fields."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _copy(tree: Any) -> Any:
    return {key: _copy(value) for key, value in tree.items()} if isinstance(tree, Mapping) else tree


def _describe(model: type[BaseModel], problem: dict[str, Any]) -> str:
    """Word one pydantic error with its dotted key."""
    keys, owner = _located(model, [str(part) for part in problem["loc"]] or [""])
    parents, dotted = keys[:-1], ".".join(keys)
    if problem["type"].startswith("union_tag"):
        return _describe_tag(dotted, problem["ctx"])
    if problem["type"] == "extra_forbidden":
        valid = [".".join([*parents, name]) for name in owner.model_fields] if owner else []
        return unknown("key", dotted, valid)
    if problem["type"] == "missing":
        return f"key '{dotted}' is missing"
    message = problem["msg"].removeprefix("Value error, ")
    if isinstance(problem["input"], Mapping):  # two keys of a section disagree
        return f"key '{dotted}': {message}"
    return f"key '{dotted}': {message}, got {problem['input']!r}"


def _describe_tag(dotted: str, context: Mapping[str, str]) -> str:
    """Word a missing or unknown tag; pydantic puts names in quotes."""
    names = {key: str(value).replace("'", "") for key, value in context.items()}
    key = f"{dotted}.{names['discriminator']}"
    if "tag" not in names:
        return f"key '{key}' is missing"
    return unknown(key, names["tag"], names["expected_tags"].split(", "))


def _located(model: type[BaseModel], place: list[str]) -> tuple[list[str], type[BaseModel] | None]:
    """Return the keys of a problem, and the section that holds the last one (None: no section).

    Where a section is one of several, pydantic puts its tag between the keys.
    """
    first, *rest = place
    field = model.model_fields.get(first)
    if field is not None and isinstance(field.discriminator, str) and rest:
        section, rest = _tagged(field).get(rest[0]), rest[1:]
    else:
        section = _section_in(field.annotation) if field else None
    if not rest:
        return [first], model
    keys, owner = _located(section, rest) if section else (rest, None)
    return [first, *keys], owner


def _tagged(field: FieldInfo) -> dict[str, type[BaseModel]]:
    """Return the sections of a union by the tag that tells them apart."""
    key = str(field.discriminator)
    return {
        tag: section
        for section in get_args(field.annotation)
        for tag in get_args(section.model_fields[key].annotation)
    }


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, types.UnionType):
        return next(filter(None, map(_section_in, get_args(annotation))), None)
    return None
