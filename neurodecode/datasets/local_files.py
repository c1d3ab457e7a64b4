"""The files that a study of one's own is read from, and whether one of them has changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.artefacts import sha256_text

if TYPE_CHECKING:
    from neurodecode.config import DataSection

TABLES = ("*.csv", "*.tsv", "*.stats", "*.txt", "*.dat", "*.table")
"""Files of a folder that holds tables of everybody."""
SHARED = ("*.csv", "*.tsv", "*.json", "*.nii", "*.nii.gz")
"""Files beside the subjects' folders: who and what they are of, a mask of everybody."""
STIMULI, PARTICIPANTS = "stimuli", "participants.tsv"


def subject_files(folder: Path, subject: str) -> list[Path]:
    """Return what a folder holds of a subject, in ``sub-LABEL`` or as ``sub-LABEL*.nwb``."""
    found = [
        *(folder / f"sub-{subject}").rglob("*"),
        *folder.glob(f"sub-{subject}.nwb"),
        *folder.glob(f"sub-{subject}_*.nwb"),
    ]
    return sorted(path for path in found if path.is_file())


def shared_files(folder: Path) -> list[Path]:
    """Return what lies beside the subjects: tables, stimuli, a mask; and participants.tsv above."""
    found = [path for kind in SHARED for path in folder.glob(kind)]
    found += (folder / STIMULI).rglob("*")
    return _files(found, folder)


def table_files(path: Path) -> list[Path]:
    """Return the tables of a folder of measures and participants.tsv above it, or the file."""
    if path.is_file():
        return [path]
    found = [file for file in path.rglob("*") if any(fnmatch(file.name, kind) for kind in TABLES)]
    return _files(found, path)


def folder_with(folder: Path, holds: Callable[[Path], object]) -> Path | None:
    """Return a folder, or the first one in its ``derivatives/``, that holds what is meant.

    Parameters
    ----------
    folder : Path
        Derivatives, or the data set that has them below it.
    holds : callable
        Says whether a folder does.
    """
    return next(filter(holds, (folder, *sorted(folder.glob("derivatives/*")))), None)


def names_below(folder: Path, files: Iterable[Path]) -> list[str]:
    """Return paths relative to a folder, "../" for what lies above it."""
    return [Path(os.path.relpath(file, folder)).as_posix() for file in files]


def study_state(data: DataSection, subjects: Iterable[str]) -> str:
    """Return a hash of names, sizes and times of change of the files of a study of one's own.

    Contents are not read: a study may have gigabytes, and each command asks.

    Parameters
    ----------
    data : DataSection
    subjects : iterable of str
        Whose files.

    Returns
    -------
    str
        Empty where the data set is none of one's own.
    """
    if data.path is None:
        return ""
    if data.folder_per_subject:
        files = [file for label in subjects for file in subject_files(data.path, label)]
        files += shared_files(data.path)
    else:
        files = table_files(data.path)
    facts = [(str(file), file.stat()) for file in files]
    return sha256_text("\n".join(f"{name} {at.st_size} {at.st_mtime_ns}" for name, at in facts))


def participants_files(folder: Path) -> list[Path]:
    """Return the ``participants.tsv`` of a folder and of the two that hold it, the nearest first.

    The table of a BIDS data set lies two above ``derivatives/fmriprep``.
    """
    places = (folder, folder.parent, folder.parent.parent)
    return [place / PARTICIPANTS for place in places if (place / PARTICIPANTS).is_file()]


def _files(found: Iterable[Path], folder: Path) -> list[Path]:
    return sorted({path for path in found if path.is_file()} | set(participants_files(folder)))
