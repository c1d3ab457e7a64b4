"""The folder of a decoder that left its run: ``decoder.json`` names its files and their sha256.

Everything else in the folder belongs to the kind of decoder. No class path is ever read from a
file: the kind is a name that the program looks up among those it knows.
"""

from __future__ import annotations

import importlib.metadata
import platform
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import Field

from neurodecode.artefacts import read_json, sha256_file, write_json, write_text
from neurodecode.config import Section, validate
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = "decoder.json"
FORMAT = 1
"""Of the folder; raised when older programs could no longer read it."""
AGAIN = "copy the whole folder again, or run again with --force train"
N_RESAMPLES = 1000
"""Of what a fold held out, for the interval of :class:`HeldOut`."""

Settings = TypeVar("Settings", bound=Section)


class Sealed(Section):
    """Content of ``decoder.json``."""

    kind: str = Field(description="Of decoder, as 'image'")
    format: int = Field(description="Of the folder")
    versions: dict[str, str] = Field(description="Of the packages it was written with")
    files: dict[str, str] = Field(min_length=1, description="sha256 of every other file")


class HeldOut(Section):
    """Score of this very decoder on what its fold held out."""

    metric: str
    value: float
    ci_low: float | None = Field(description="95 % bootstrap; null: too few to draw from")
    ci_high: float | None
    chance: float
    n: int = Field(description="How many were scored")
    counted: str = Field(default="trials", description="What was scored")
    unit: str = Field(default="trial", description="What the bootstrap draws")

    @classmethod
    def of(cls, row: object, **said: str) -> Self:
        """Return it from a row of metrics, which has attributes of these names."""
        names = ("metric", "value", "ci_low", "ci_high", "chance", "n")
        return cls.model_validate({name: getattr(row, name) for name in names} | said)

    def sentence(self) -> str:
        """Return what a model card says of the score."""
        interval = "no interval,"
        if self.ci_low is not None and self.ci_high is not None:
            interval = (
                f"95 % interval\n{self.ci_low:.3f} to {self.ci_high:.3f} "
                f"(bootstrap over {self.unit}s),"
            )
        return (
            f"On the {self.n} held-out {self.counted} of this fold: {self.metric} "
            f"{self.value:.3f}, {interval} chance {self.chance:.3f}."
        )


class SavedDecoder(ABC):
    """A decoder that left its run: what :meth:`load` reads back.

    Attributes
    ----------
    kind : str
        As in ``decoder.json``.
    noun : str
        What a candidate is, or a row of the predictions is about.
    """

    kind: str
    noun: str

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a decoder's folder; every file must be the one that was written.

        Raises
        ------
        DataFault
            See :func:`open_folder` and :mod:`neurodecode.persistence`; also if weights or
            estimators and settings do not fit together.
        """
        open_folder(folder)
        return cls.opened(folder)

    @classmethod
    @abstractmethod
    def opened(cls, folder: Path) -> Self:
        """Return the decoder of a folder whose files are those that were written."""


def read_settings(folder: Path, name: str, model: type[Settings]) -> Settings:
    """Return what a decoder's JSON file says beside the sha256 of its weights.

    Parameters
    ----------
    folder : Path
    name : str
        Of the file, without its ending.
    model : subclass of Section
        Form of the content.

    Raises
    ------
    ConfigFault
        If the content has another form, with file and key.
    """
    path = folder / f"{name}.json"
    content = read_json(path)
    content.pop("sha256", None)
    return validate(model, content, source=str(path))


def seal_folder(
    folder: Path, kind: str, packages: tuple[str, ...] = ("numpy",), *, card: str = ""
) -> None:
    """Write the model card and, over all files that decode, ``decoder.json`` as the last.

    Parameters
    ----------
    folder : Path
        With every file of the decoder.
    kind : str
        Name under which a loader is registered.
    packages : tuple of str, default=("numpy",)
        Distributions whose versions are recorded beside Python's and this package's.
    card : str
        Written to ``README.md``, which may be edited later and is not counted.
    """
    if card:
        write_text(folder / "README.md", card)
    names = sorted(path.name for path in folder.iterdir() if _counts(path))
    versions = {name: importlib.metadata.version(name) for name in packages}
    content: dict[str, Any] = {
        "kind": kind,
        "format": FORMAT,
        "versions": {"python": platform.python_version(), **_own_version(), **versions},
        "files": {name: sha256_file(folder / name) for name in names},
    }
    write_json(folder / DESCRIPTION, content)


def open_folder(folder: Path) -> Sealed:
    """Return what ``decoder.json`` says, once every file is there and is the one written.

    Raises
    ------
    DataFault
        See :func:`describe_folder`; a file is missing, lies elsewhere, or differs from its sha256.
    """
    sealed = describe_folder(folder)
    for name, digest in sealed.files.items():
        _check_file(folder, name, digest)
    return sealed


def describe_folder(folder: Path) -> Sealed:
    """Return what ``decoder.json`` says; :func:`open_folder` also reads the files themselves.

    Raises
    ------
    DataFault
        No folder, no ``decoder.json``, not in its form, of a later format.
    """
    path = folder / DESCRIPTION
    if not path.is_file():
        raise DataFault(
            f"no decoder here, {DESCRIPTION} not found",
            where=str(folder),
            fix="give a folder like reports/image/demo/model/contrastive.seed-1/decoder",
        )
    sealed = _parse(path)
    if sealed.format > FORMAT:
        raise DataFault(
            f"decoder folder of format {sealed.format}, this program reads up to {FORMAT}",
            where=str(path),
            fix="update neurodecode",
        )
    return sealed


def _parse(path: Path) -> Sealed:
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataFault("not the description of a decoder", where=str(path), fix=AGAIN)
    try:
        return validate(Sealed, content)
    except ConfigFault as error:
        raise DataFault(
            f"not the description of a decoder: {error.what}", where=str(path), fix=AGAIN
        ) from error


def _check_file(folder: Path, name: str, digest: str) -> None:
    file = folder / name
    if file.parent != folder or name in ("", ".", ".."):
        raise DataFault(f"refused: '{name}' lies outside the folder", where=str(folder))
    if not file.is_file():
        raise DataFault("file not found", where=str(file), fix=AGAIN)
    if sha256_file(file) != digest:
        raise DataFault("the file is not the one that was written", where=str(file), fix=AGAIN)


def _counts(path: Path) -> bool:
    return path.suffix in (".json", ".safetensors", ".skops") and path.name != DESCRIPTION


def _own_version() -> dict[str, str]:
    from neurodecode import __version__

    return {"neurodecode": __version__}
