"""Files that were presented during a recording: all there, and none outside their folder."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def require_stimuli(folder: Path, names: Iterable[str], *, kind: str) -> None:
    """Raise DataFault unless all names are files below ``folder``; the first few are named.

    Parameters
    ----------
    folder : Path
        Folder of the stimuli.
    names : iterable of str
        Files relative to it, POSIX.
    kind : str
        What they are, as "sound".
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataFault(f"{kind} '{name}' lies outside the {kind} folder", where=str(folder))
    missing = [name for name in wanted if not (folder / name).is_file()]
    if not missing:
        return
    more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
    present = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
    guess = nearest(missing[0], present)
    raise DataFault(
        f"{kind} files not found: {', '.join(missing[:5])}{more}",
        where=str(folder),
        fix=f"put them there{f'; the nearest name there is {guess}' if guess else ''}",
    )


def relative_stimulus(name: str) -> str:
    """Return a file's path below ``stimuli``: BIDS writes it with or without that folder."""
    return name.replace("\\", "/").removeprefix("./").removeprefix("stimuli/")
