"""Files that are either whole or absent: every artefact is written beside its name and moved."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurodecode.faults import DataFault, DiskFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


def slug(name: str, *, lower: bool = True) -> str:
    """Return a name as a file name: letters, small ones by default, digits and "-"."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name.lower() if lower else name).strip("-")


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path in the same folder; move it to ``path`` when the block succeeds.

    The temporary file is flushed to disk first, so after a crash or a full disk ``path`` is
    either the old file or the whole new one.

    Raises
    ------
    DiskFault
        If the disk is full or the folder cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
    except OSError as error:
        raise _disk_fault(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise _disk_fault(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def file_lock(path: Path | str) -> Iterator[None]:
    """Hold a lock between processes; wait for whoever holds it. A killed holder lets it go.

    Raises
    ------
    DiskFault
        If the folder cannot be made or written.
    """
    from filelock import FileLock

    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire()
    except OSError as error:
        what = f"cannot write: {error.strerror or error}"
        raise DiskFault(what, where=str(path.parent), fix="choose another folder") from error
    try:
        yield
    finally:
        lock.release()


def write_text(path: Path | str, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path | str, content: Any) -> None:
    """Write ``content`` as indented JSON, atomically; NaN becomes null."""
    write_text(path, json.dumps(_plain(content), indent=2, allow_nan=False) + "\n")


def write_parquet(path: Path | str, table: pd.DataFrame) -> None:
    """Write a table as Parquet without its index, atomically."""
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises
    ------
    DataFault
        If the file is missing or is not whole JSON.
    """
    path = Path(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataFault("file not found", where=str(path)) from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataFault(
            "not a whole JSON file", where=str(path), fix="delete it and run again"
        ) from error


def sha256_file(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_text(text: str) -> str:
    """Return the SHA-256 of ``text`` in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Turn numpy scalars, paths and NaN into what JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist") and not isinstance(value, str):
        return _plain(value.tolist())
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _disk_fault(path: Path, error: OSError) -> DiskFault:
    return DiskFault(
        f"cannot write: {error.strerror or error}",
        where=str(path),
        fix="free space or choose another folder; the old file, if any, is untouched",
    )
