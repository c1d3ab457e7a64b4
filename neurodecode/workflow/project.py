"""Where pipelines, experiment files and catalogue cards are found, and how they are named."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from shutil import copytree
from typing import Any

from neurodecode.config import Experiment, apply_overrides, read_yaml, validate
from neurodecode.faults import ConfigFault, DiskFault, unknown

PACKAGE = Path(__file__).parents[1]
FOLDERS = ("pipelines", "configs", "data/catalog", "profiles")


@dataclass(frozen=True)
class Pipeline:
    """One pipeline: its folder and its experiment files.

    ``folder`` holds ``pipeline.yaml`` (title, summary, config class, and where they apply
    ``needs`` and ``measures``), ``Snakefile`` and ``steps.py``; ``configs`` holds one YAML file
    per experiment.
    """

    name: str
    folder: Path
    configs: Path

    @cached_property
    def card(self) -> dict[str, Any]:
        """The content of ``pipeline.yaml``."""
        return read_yaml(self.folder / "pipeline.yaml")

    @property
    def needs(self) -> list[str]:
        """Modules of extra packages (see ``faults.EXTRA_OF``) that its demo cannot do without."""
        return list(self.card.get("needs", []))

    @property
    def decodes(self) -> bool:
        """Whether it decodes brains; else it measures those that do."""
        return not self.card.get("measures", False)

    @property
    def config_model(self) -> type[Experiment]:
        """The pydantic model of this pipeline's experiment files."""
        module, _, name = self.card["config"].partition(":")
        model: type[Experiment] = getattr(import_module(module), name)
        return model

    @property
    def experiments(self) -> dict[str, Path]:
        """Experiment names and their files, ``demo`` and ``smoke`` first."""
        paths = {path.stem: path for path in sorted(self.configs.glob("*.yaml"))}
        first = [name for name in ("demo", "smoke") if name in paths]
        return {name: paths[name] for name in [*first, *(n for n in paths if n not in first)]}

    def experiment_file(self, name: str) -> Path:
        """Return the file of an experiment named in ``configs/``, or of a path to a YAML file."""
        if name.endswith((".yaml", ".yml")):
            return Path(name).resolve()
        if name not in self.experiments:
            raise ConfigFault(
                unknown(f"experiment of {self.name}", name, self.experiments),
                fix="or give the path of your own .yaml file",
            )
        return self.experiments[name]

    def load(self, experiment: str = "demo", overrides: Iterable[str] = ()) -> Experiment:
        """Read, override and validate one experiment file."""
        path = self.experiment_file(experiment)
        tree = apply_overrides(read_yaml(path), overrides)
        return validate(self.config_model, tree)


@dataclass(frozen=True)
class Project:
    """A folder with ``pipelines/``, ``configs/`` and ``data/catalog/``."""

    root: Path

    @property
    def catalog(self) -> Path:
        """The folder of catalogue cards."""
        return self.root / "data" / "catalog"

    @property
    def pipelines(self) -> dict[str, Pipeline]:
        """Every pipeline of the project, by name."""
        cards = sorted((self.root / "pipelines").glob("*/pipeline.yaml"))
        return {
            card.parent.name: Pipeline(
                card.parent.name, card.parent, self.root / "configs" / card.parent.name
            )
            for card in cards
        }

    @property
    def decoding(self) -> list[str]:
        """The names of the pipelines that decode."""
        return [name for name, pipeline in self.pipelines.items() if pipeline.decodes]

    def pipeline(self, name: str) -> Pipeline:
        """Return the pipeline called ``name``, or raise with the nearest name."""
        if name not in self.pipelines:
            raise ConfigFault(unknown("pipeline", name, self.pipelines))
        return self.pipelines[name]

    def absolute_profile(self, name: str) -> str:
        """Return the path of a Snakemake profile: a folder from here or from the project.

        Jobs start in the run folder, where a relative path would mean another place. A name that
        is neither is left to Snakemake, which looks in the user's and the system's settings.
        """
        for folder in (Path(name), self.root / name, self.root / "profiles" / name):
            if (folder / "config.yaml").is_file():
                return str(folder.resolve())
        return name


def find_project() -> Project:
    """Return the project in use.

    The current folder if it holds ``pipelines/`` and ``configs/`` (a checkout, or a folder made by
    ``neurodecode init``), else the copies that are installed with the package.
    """
    here = Path.cwd()
    if (here / "pipelines").is_dir() and (here / "configs").is_dir():
        return Project(here)
    bundled = PACKAGE / "bundled"
    return Project(bundled if bundled.is_dir() else PACKAGE.parent)


def init_project(folder: Path) -> list[Path]:
    """Lay editable copies of pipelines, experiment files and catalogue cards in ``folder``.

    Raises
    ------
    DiskFault
        If one of them is there already; nothing is overwritten.
    """
    source = find_project().root
    present = [folder / name for name in FOLDERS if (folder / name).exists()]
    if present:
        raise DiskFault(
            "already there, nothing was copied",
            where=", ".join(map(str, present)),
            fix="choose an empty folder",
        )
    return [
        Path(copytree(source / name, folder / name, ignore=_no_caches))
        for name in FOLDERS
        if (source / name).is_dir()
    ]


def _no_caches(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__"}
