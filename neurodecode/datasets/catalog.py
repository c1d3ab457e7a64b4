"""The catalogue: one card per data set, and an index that covers every data set of MOABB."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator, model_validator

from neurodecode.config import DataSection, Section, read_yaml, validate
from neurodecode.datasets.bids import bids_subjects
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

INDEX_NAME = "moabb-index.json"
LOCAL = "local"
ALTERNATIVE = " | "
"""Between two patterns of which one is enough, as for a data set packed or not."""


class FileSpec(Section):
    """One kind of file of a data set, for instance "one EDF per subject and run"."""

    path: str = Field(
        description="Path below the data root, with {subject} and {run}, e.g. S{subject:03d}.edf; "
        "of a manual data set also a pattern, e.g. sub-{subject}/*.con, or several with ' | ' "
        "between them, of which one is enough"
    )
    runs: tuple[int | str, ...] = Field(
        default=(), description="Values of {run}; none: no run in path"
    )
    runs_of: dict[str, tuple[int | str, ...]] = Field(
        default_factory=dict, description="Runs of the subjects that differ from `runs`"
    )
    url: str | None = Field(default=None, description="Where it lies, same fields as `path`")
    sha256: dict[str, str] = Field(
        default_factory=dict, description="SHA-256 by file name, where known"
    )
    checksums: str | None = Field(
        default=None,
        description="Official SHA-256 list in an installed package, as mne/data/list.txt",
    )
    size: int | None = Field(default=None, ge=0, description="Bytes, where all files share it")
    unpack_to: str | None = Field(
        default=None, description="Folder below the data root to unpack an archive into"
    )

    @field_validator("path", "unpack_to")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        if value and (value.startswith(("/", "\\")) or ".." in Path(value).parts):
            raise ValueError("must stay below the data root")
        return value

    def expand(self, subject: str) -> dict[str, str | None]:
        """Return ``{path below the data root: url or None}`` for one subject."""
        runs: Sequence[int | str | None] = self.runs_of.get(subject, self.runs) or (None,)
        fields = [{"subject": _number(subject), "run": run} for run in runs]
        return {
            self.path.format(**entry): self.url.format(**entry) if self.url else None
            for entry in fields
        }


class Card(Section):
    """What a user needs to know about a data set, and a program needs to fetch it.

    Every field with a default of None or empty means "not stated by the source".
    """

    name: str = Field(description="Catalogue name; for MOABB data sets the class name")
    title: str = Field(default="", description="One line")
    summary: str = Field(default="", description="A few sentences: what was recorded, how")
    modality: str = Field(default="eeg", description="eeg, meg, fmri, mri, spikes or table")
    access: Literal["moabb", "nilearn", "url", "manual", "bids", "simulated"] = Field(
        description="Who brings the files; manual: the user, into <data root>/<name>"
    )
    source: str = Field(default="", description="MOABB class, nilearn fetcher or simulator name")
    options: dict[str, Any] = Field(
        default_factory=dict, description="Keyword arguments of the source"
    )
    paradigm: str = Field(default="", description="imagery, ssvep, p300, cvep, rstate, ...")
    subjects: tuple[str, ...] = Field(
        default=(), description="Subject labels as text; {first, last} in the YAML for a range"
    )
    sessions_per_subject: int | None = Field(default=None, ge=1)
    events: dict[str, Any] = Field(default_factory=dict, description="Event codes by class name")
    interval: tuple[float, ...] = Field(default=(), description="Epoch limits after the cue, s")
    channels: int | None = Field(default=None, ge=1, description="Number of data channels")
    sfreq: float | None = Field(default=None, gt=0, description="Sampling frequency, Hz")
    licence: str | None = Field(default=None, description="Licence of the data")
    terms: str = Field(default="", description="Conditions beside the licence")
    citation: str = Field(default="", description="How to cite")
    doi: str | None = None
    url: str | None = Field(default=None, description="Home page; its host tells if we are online")
    size_mb: float | None = Field(default=None, ge=0, description="Whole download, MB")
    files: tuple[FileSpec, ...] = ()
    partial: bool = Field(
        default=False, description="The reader can do with some of a subject's files"
    )
    importer: str = Field(default="", description="Adaptor of `data import` for this data set")
    notes: tuple[str, ...] = Field(default=(), description="Known traps")

    @field_validator("subjects", mode="before")
    @classmethod
    def _labels(cls, value: Any) -> Any:
        if isinstance(value, dict):
            if set(value) != {"first", "last"}:
                raise ValueError("give a list of labels, or {first: 1, last: 9}")
            value = range(int(value["first"]), int(value["last"]) + 1)
        return tuple(str(label) for label in value)

    @model_validator(mode="after")
    def _source_named(self) -> Card:
        if self.access in ("moabb", "nilearn", "simulated") and not self.source:
            raise ValueError(f"access '{self.access}' needs a source")
        if self.access == "manual":
            outside = [
                path
                for spec in self.files
                for path in spec.path.split(ALTERNATIVE)
                if not path.startswith(f"{self.name}/")
            ]
            if not self.files or outside:
                raise ValueError(f"access 'manual' needs files below {self.name}/")
        elif any("*" in spec.path for spec in self.files):
            raise ValueError("only access 'manual' has patterns as paths")
        return self

    def labels(self, subjects: Literal["all"] | Iterable[str | int] = "all") -> tuple[str, ...]:
        """Return the chosen subject labels as the card spells them.

        ``"01"`` finds ``"1"`` and the reverse.

        Raises
        ------
        DataFault
            If the data set has no such subject, with the range of labels that it has.
        """
        if subjects == "all":
            return self.subjects
        by_spelling = {_plain(label): label for label in self.subjects}
        chosen = [str(label) for label in subjects]
        for label in chosen:
            if self.subjects and _plain(label) not in by_spelling:
                raise DataFault(
                    f"data set {self.name} has no subject '{label}'",
                    fix=f"it has {self.subjects[0]} to {self.subjects[-1]} ({len(self.subjects)})",
                )
        return tuple(dict.fromkeys(by_spelling.get(_plain(label), label) for label in chosen))

    def expected(self, subject: str) -> dict[str, str | None]:
        """Return ``{path below the data root: url or None}`` of one subject's files."""
        return {path: url for spec in self.files for path, url in spec.expand(subject).items()}

    def checksum(self, path: str) -> str | None:
        """Return the published SHA-256 of a file of this data set, or None."""
        name = Path(path).name
        known = (spec.sha256.get(name) or _listed(spec.checksums, name) for spec in self.files)
        return next(filter(None, known), None)


def load_cards(folder: Path) -> dict[str, Card]:
    """Read every ``*.yaml`` card of a folder, by name; an absent folder has none.

    Raises
    ------
    ConfigFault
        With the file if a card is not valid.
    """
    cards = [_read_card(path) for path in sorted(folder.glob("*.yaml"))]
    return {card.name: card for card in cards}


def load_index(folders: Iterable[Path]) -> dict[str, dict[str, Any]]:
    """Read the generated MOABB index of the first folder that has one: facts by class name."""
    for folder in folders:
        path = folder / INDEX_NAME
        if path.is_file():
            entries: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))["datasets"]
            return entries
    return {}


def find_card(name: str, folders: Iterable[Path] | None = None) -> Card:
    """Return the card of a data set; letter case, "-" and "_" do not matter.

    Cards win over the MOABB index, earlier folders over later ones. MOABB is not imported.

    Parameters
    ----------
    name : str
        Catalogue name or the class name of any MOABB data set.
    folders : iterable of Path, default None
        Catalogue folders; None takes :func:`catalog_folders`.

    Raises
    ------
    ConfigFault
        If nothing has this name, with the nearest name.
    """
    folders = tuple(folders) if folders is not None else catalog_folders()
    wanted = _spelling(name)
    by_file = {_spelling(p.stem): p for f in reversed(folders) for p in f.glob("*.yaml")}
    if wanted in by_file:
        return _read_card(by_file[wanted])
    index = load_index(folders)
    by_class = {_spelling(entry): entry for entry in index}
    if wanted in by_class:
        return index_card(by_class[wanted], index[by_class[wanted]])
    names = sorted({path.stem for path in by_file.values()} | set(index))
    raise ConfigFault(unknown("data set", name, names), fix="see `neurodecode data list`")


def card_of(data: DataSection, folders: Iterable[Path] | None = None) -> Card:
    """Return the card of an experiment's data: from the catalogue, or of its own folder.

    Raises
    ------
    ConfigFault
        If the data set is unknown, or a folder is meant and none is given.
    """
    if data.path is None and data.dataset == LOCAL:
        raise ConfigFault("data.dataset: local is a folder of yours, and none is given",
                          fix="add --set data.path=FOLDER, or --bids FOLDER")  # fmt: skip
    if data.path is None:
        return find_card(data.dataset, folders)
    subjects = bids_subjects(data.path) if data.folder_per_subject else ()
    return Card(name=LOCAL, title=f"local folder {data.path}", access="bids", subjects=subjects)


def index_card(name: str, facts: dict[str, Any]) -> Card:
    """Return a card made of one entry of the MOABB index."""
    tree = {"name": name, "title": f"MOABB data set {name}", "access": "moabb", "source": name}
    return validate(Card, {**tree, **facts}, source=INDEX_NAME)


def catalog_folders() -> tuple[Path, ...]:
    """Return the folders that hold cards: ``./data/catalog``, the checkout's, the installed one."""
    package = Path(__file__).parents[1]
    candidates = (
        Path.cwd() / "data" / "catalog",
        package.parent / "data" / "catalog",
        package / "bundled" / "data" / "catalog",
    )
    return tuple(dict.fromkeys(folder for folder in candidates if folder.is_dir()))


def _read_card(path: Path) -> Card:
    card = validate(Card, read_yaml(path), source=str(path))
    if card.name != path.stem:
        raise ConfigFault(f"card '{card.name}' must lie in {card.name}.yaml", where=str(path))
    return card


def _listed(place: str | None, name: str) -> str | None:
    return _official_list(place).get(name) if place else None


@lru_cache
def _official_list(place: str) -> dict[str, str]:
    """Read "path sha256" lines of a file in an installed package, which is not imported."""
    package, _, inside = place.partition("/")
    found = find_spec(package)
    if found is None or found.origin is None:
        return {}
    text = Path(found.origin).with_name(inside.split("/")[0]).joinpath(*inside.split("/")[1:])
    if not text.is_file():
        return {}
    lines = (line.split() for line in text.read_text("utf-8").splitlines())
    return {Path(line[0]).name: line[1] for line in lines if len(line) == 2}


def _spelling(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _plain(label: str) -> str:
    return label.lstrip("0") or "0"


def _number(label: str) -> int | str:
    return int(label) if label.isdecimal() else label
