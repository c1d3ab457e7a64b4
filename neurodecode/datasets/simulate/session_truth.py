"""Simulated spike sessions and what they are made of: written side by side, and read back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from neurodecode.datasets.simulate.forward_model import TRUTH, read_arrays, write_arrays
from neurodecode.datasets.spiking.arrays import write_session
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.datasets.spiking.recording import SpikeSession

_TEXT = ("subject", "session")


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionTruth:
    """Truth of one simulated session; the fields of a subclass are arrays and floats.

    Attributes
    ----------
    subject, session : str
        Labels.
    """

    subject: str
    session: str

    def write(self, folder: Path) -> None:
        """Write the truth below ``derivatives/truth`` of a simulated data set."""
        arrays: dict[str, Any] = {
            field.name: np.asarray(getattr(self, field.name))
            for field in fields(self)
            if field.name not in _TEXT
        }
        write_arrays(_path(folder, self.subject, self.session), arrays)

    @classmethod
    def read(cls, folder: Path, subject: str, session: str) -> Self:
        """Read what :meth:`write` wrote.

        Raises
        ------
        DataFault
            If there is no truth of this session, or it is of another simulator or version.
        """
        path = _path(Path(folder), subject, session)
        arrays: dict[str, Any] = dict(read_arrays(path))
        wanted = {field.name for field in fields(cls)} - set(_TEXT)
        if set(arrays) != wanted:
            absent = ", ".join(sorted(wanted ^ set(arrays)))
            raise DataFault(
                f"truth of another form: {absent}", where=str(path), fix="simulate it again"
            )
        found = {name: array if array.ndim else array.item() for name, array in arrays.items()}
        return cls(subject=subject, session=session, **found)


def write_sessions(
    folder: Path,
    draw: Callable[[str, str], tuple[SpikeSession, SessionTruth]],
    *,
    n_subjects: int,
    n_sessions: int,
) -> list[Path]:
    """Draw sessions one after another, write each with its truth, and return all files.

    Parameters
    ----------
    folder : Path
        Root of the data set.
    draw : callable
        Makes a session and its truth from the labels of subject and session.
    n_subjects, n_sessions : int
        Sessions of each subject.

    Raises
    ------
    ConfigFault
        If a number is below 1, or as ``draw``.
    """
    for name, number in {"n_subjects": n_subjects, "n_sessions": n_sessions}.items():
        if number < 1:
            raise ConfigFault(f"{name} {number}", fix="give 1 or more")
    for subject in range(1, n_subjects + 1):
        for number in range(1, n_sessions + 1):
            session, truth = draw(f"{subject:02d}", f"{number:02d}")
            write_session(folder, session)
            truth.write(folder)
    return sorted(file.resolve() for file in folder.rglob("*") if file.is_file())


def _path(folder: Path, subject: str, session: str) -> Path:
    return folder / TRUTH / f"sub-{subject}_ses-{session}.npz"
