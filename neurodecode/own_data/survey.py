"""What a look through a study finds: facts, gaps, possible splits, cost, and the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.faults import ConfigFault, DataFault, Fault

GIB = 2**30
MIB = 2**20


@dataclass(frozen=True)
class Study:
    """A folder, and the experiment that shall read it.

    Attributes
    ----------
    folder : Path
        Absolute.
    tree : mapping
        The experiment's settings as plain values, ``--set`` applied; ``data`` lacks the folder.
    """

    folder: Path
    tree: Mapping[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        """The settings of the section ``data``."""
        return dict(self.tree.get("data", {}))

    @property
    def options(self) -> dict[str, Any]:
        """Options of the data set's loader."""
        return dict(self.data.get("options", {}))

    def inside(self, folder: Path) -> tuple[Study, list[str]]:
        """Return the study of its folder, or of one below it, and a note where it is another."""
        if folder == self.folder:
            return self, []
        note = f"derivatives: {folder.relative_to(self.folder)} is read"
        return replace(self, folder=folder), [note]

    def with_data(self, **changes: Any) -> dict[str, Any]:
        """Return the settings with changes of ``data``; None leaves a key out."""
        kept = {key: value for key, value in changes.items() if value is not None}
        return {**self.tree, "data": {**self.data, "path": str(self.folder), **kept}}


@dataclass(frozen=True)
class Listing:
    """A table of what was found, as of sampling rates by file."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class SplitRow:
    """Whether a protocol is possible, and why not."""

    name: str
    possible: bool
    why: str
    chosen: bool = False
    fix: str = ""


def attempt(name: str, make: Callable[[], str], *, chosen: bool = False) -> SplitRow:
    """Make the folds of a protocol, or say why there are none.

    Parameters
    ----------
    name : str
        Of the protocol.
    make : callable
        Returns the folds in words, or raises a Fault.
    chosen : bool, default False
        Whether a run would use it.
    """
    try:
        return SplitRow(name, True, make(), chosen)
    except Fault as fault:
        where = f" ({fault.where})" if fault.where else ""
        return SplitRow(name, False, f"{fault.what}{where}", chosen, fault.fix)


def refused(splits: Iterable[SplitRow]) -> list[Fault]:
    """Return a fault for each chosen protocol that is not possible, with those that are.

    Where none is, with what the protocol itself asks for.
    """
    rows = list(splits)
    possible = ", ".join(row.name for row in rows if row.possible)
    return [
        ConfigFault(
            f"split {row.name}: {row.why}",
            fix=f"possible here: {possible}" if possible else row.fix or "possible here: none",
        )
        for row in rows
        if row.chosen and not row.possible
    ]


@dataclass(frozen=True)
class Size:
    """Bytes of an array: the product of ``shape`` and the size of an entry.

    Attributes
    ----------
    what : str
    shape : tuple of int
    dtype : str
    """

    what: str
    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def n_bytes(self) -> int:
        """The product, in bytes."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.dtype).itemsize

    @property
    def text(self) -> str:
        """The product in words, as "45 x 64 x 657 x 8 bytes"."""
        each = np.dtype(self.dtype).itemsize
        return f"{' x '.join(f'{n:,}' for n in self.shape)} x {each} bytes"


@dataclass(frozen=True)
class Duration:
    """Estimated time of a run on this machine.

    Attributes
    ----------
    seconds : float or None
        Of computing, all jobs one after the other, at most; None: nothing to estimate from.
    basis : str
        What the estimate stands on.
    least : float or None, default None
        The same where trainings stop as early as they may.
    """

    seconds: float | None
    basis: str
    least: float | None = None


@dataclass(frozen=True)
class Survey:
    """What a study has, lacks, allows and costs.

    Attributes
    ----------
    pipeline : str
    folder : Path
    found : sequence of (str, str)
        What there is, by kind.
    listings : sequence of Listing
        Where files differ.
    faults : sequence of Fault
        What stops a run, the first to be mended first.
    notes : sequence of str
        What is worth knowing and stops nothing: what was taken, what is left out.
    splits : sequence of SplitRow
    sizes : sequence of Size
        What is held in memory at a time.
    disk : int
        Bytes of the stores.
    duration : Duration or None
    settings : mapping
        The experiment that would run; empty where it cannot.
    """

    pipeline: str
    folder: Path
    found: Sequence[tuple[str, str]] = ()
    listings: Sequence[Listing] = ()
    faults: Sequence[Fault] = ()
    notes: Sequence[str] = ()
    splits: Sequence[SplitRow] = ()
    sizes: Sequence[Size] = ()
    disk: int = 0
    duration: Duration | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def memory(self) -> int:
        """Bytes held at a time, at most."""
        return sum(size.n_bytes for size in self.sizes)

    @property
    def name(self) -> str:
        """The study's name: that of its folder, or of the one above ``derivatives``."""
        return study_name(self.folder)

    def require_runnable(self) -> None:
        """Raise the first fault that stops a run."""
        if self.faults:
            raise self.faults[0]


def study_name(folder: Path) -> str:
    """Return a name for the outputs: the folder's, of letters, digits, "-" and "_".

    ``/data/ds001/derivatives/fmriprep`` is ``ds001``.
    """
    parts = folder.resolve().parts
    if "derivatives" in parts[1:]:
        parts = parts[: parts.index("derivatives")]
    kept = "".join(c if c.isalnum() or c in "-_" else "-" for c in parts[-1]).strip("-")
    return kept or "study"


def size_text(n_bytes: float) -> str:
    """Word bytes as MiB or GiB."""
    return f"{n_bytes / GIB:.1f} GiB" if n_bytes >= GIB else f"{max(n_bytes / MIB, 0.1):.1f} MiB"


def counted(counts: Mapping[Any, int], limit: int = 12) -> str:
    """Word counts: "T1 (23), T2 (22)"; more names than the limit are only numbered."""
    shown = ", ".join(f"{name} ({n})" for name, n in list(counts.items())[:limit])
    return shown + (f" and {len(counts) - limit} more" if len(counts) > limit else "")


def shortened(names: Sequence[str], limit: int = 10) -> str:
    """Word a list of names, its end left out where it is long."""
    shown = ", ".join(names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")


def require_folder(folder: Path) -> None:
    """Raise DataFault where there is no folder, or nothing in it."""
    if not folder.is_dir():
        raise DataFault("folder not found", where=str(folder), fix="give the study's folder")
    if not any(folder.iterdir()):
        raise DataFault("the folder is empty", where=str(folder), fix="give the study's folder")
