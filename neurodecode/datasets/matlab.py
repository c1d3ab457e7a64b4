"""MATLAB files of published recordings, as plain dictionaries and arrays."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

_AGAIN = "delete it and fetch again"


def read_matlab(path: Path, variable: str | None = None, *, keys: tuple[str, ...] = ()) -> Any:
    """Read a MATLAB file up to version 7; structs become dictionaries, cells become lists.

    Parameters
    ----------
    path : Path
        The file.
    variable : str, default None
        Return this variable; None returns all of them by name.
    keys : tuple of str, default ()
        Fields that the struct, or variables that the file, must have.

    Raises
    ------
    DataFault
        The file is missing, an error page, cut short, of version 7.3, or lacks a variable.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    sniff(path)
    try:
        content = loadmat(path, simplify_cells=True, chars_as_strings=True)
    except NotImplementedError as error:
        what = "MATLAB 7.3 file, the published ones are of version 7 or less"
        raise DataFault(what, where=str(path), fix="save it with the option -v7") from error
    except (
        MatReadError, OSError, ValueError, TypeError, LookupError, EOFError, zlib.error,
    ) as error:  # fmt: skip
        raise DataFault(f"not a whole MATLAB file: {error}", where=str(path), fix=_AGAIN) from error
    if variable is not None:
        content = _require(content, variable, path)
    for key in keys:
        _require(content, key, path)
    return content


def _require(content: Any, name: str, path: Path) -> Any:
    if not isinstance(content, dict) or name not in content:
        have = (
            ", ".join(sorted(k for k in content if not k.startswith("__"))) if content else "none"
        )
        raise DataFault(f"no '{name}' in the file, found: {have}", where=str(path), fix=_AGAIN)
    return content[name]
