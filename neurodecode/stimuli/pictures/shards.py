"""Rows of numbers found by key, many to a file, each file whole or absent."""

from __future__ import annotations

from contextlib import AbstractContextManager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from neurodecode.artefacts import (
    atomic_path,
    file_lock,
    read_json,
    sha256_file,
    sha256_text,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class ShardFolder:
    r"""A folder of shards: ``NAME.npy``, shape (n_rows, \*shape), beside ``NAME.json``.

    The JSON file holds the key of each row, and the size and SHA-256 of the array. It is written
    last, so that an array without one does not count. The size is compared whenever a shard is
    opened and the SHA-256 once per object; a shard that fails is left out, and removed when the
    next one is written.

    Parameters
    ----------
    folder : Path or str
        Created when the first shard is written.
    shape : tuple of int
        Shape of a row, float32.
    """

    def __init__(self, folder: Path | str, shape: tuple[int, ...]) -> None:
        self.folder, self.shape = Path(folder), tuple(shape)
        self._info: dict[str, dict[str, Any]] = {}
        self._places: dict[str, tuple[str, int]] = {}
        self._arrays: dict[str, NDArray[np.float32]] = {}
        self._stamps: dict[str, tuple[int, int]] = {}
        self._checked: set[str] = set()
        self._unusable: set[str] = set()

    @property
    def row_bytes(self) -> int:
        """Size of a row."""
        return 4 * prod(self.shape)

    def lock(self) -> AbstractContextManager[None]:
        """Hold the folder against other processes that write; see :func:`file_lock`."""
        return file_lock(self.folder / ".lock")

    def missing(self, keys: Sequence[str]) -> list[str]:
        """Return the keys without a usable row, each once, in order.

        It looks at what other processes wrote meanwhile, and opens the shards of the others.
        """
        self._read_index()
        self._arrays = {}
        for name in dict.fromkeys(self._places[k][0] for k in keys if k in self._places):
            array = self._open(name)
            if array is None:
                self._unusable.add(name)
            else:
                self._arrays[name] = array
        return [
            key
            for key in dict.fromkeys(keys)
            if key not in self._places or self._places[key][0] not in self._arrays
        ]

    def write(self, keys: Sequence[str], rows: NDArray[np.float32]) -> None:
        """Write a shard; the caller holds the lock."""
        for name in self._unusable:
            self._remove(name)
        self._unusable = set()
        array = self._file(_name(keys))
        with atomic_path(array) as temporary, temporary.open("wb") as file:
            np.save(file, np.asarray(rows, dtype=np.float32), allow_pickle=False)
        self._describe(array, keys)

    def gather(self, keys: Sequence[str]) -> NDArray[np.float32]:
        """Return the rows of the keys, in memory; ``missing(keys)`` must have been empty."""
        rows = np.empty((len(keys), *self.shape), dtype=np.float32)
        for row, key in zip(rows, keys, strict=True):
            row[...] = self._row(key)
        return rows

    def map(self, keys: Sequence[str]) -> NDArray[np.float32]:
        """Return the rows of the keys memory-mapped, read-only; none may be missing.

        They are written in this order as one shard, unless that exists; shards that hold nothing
        else are then removed, so that the disk keeps each row once.
        """
        found = self._open(_name(keys))
        if found is not None:
            return found
        array = self._file(_name(keys))
        with self.lock():
            with atomic_path(array) as temporary, temporary.open("wb") as file:
                self._write_rows(file, keys)
            self._describe(array, keys)
            wanted = set(keys)
            for name in set(self._arrays) - {_name(keys)}:
                if wanted.issuperset(self._info[name]["keys"]):
                    self._remove(name)
        mapped: NDArray[np.float32] = np.load(array, mmap_mode="r", allow_pickle=False)
        return mapped

    def _row(self, key: str) -> NDArray[np.float32]:
        name, place = self._places[key]
        row: NDArray[np.float32] = self._arrays[name][place]
        return row

    def _write_rows(self, file: BinaryIO, keys: Sequence[str]) -> None:
        """Write an array row by row. Written through a memory map, a full disk would kill us."""
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(keys), *self.shape)}
        np.lib.format.write_array_header_1_0(file, header)
        for key in keys:
            file.write(self._row(key).astype("<f4").tobytes())

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.npy"

    def _describe(self, array: Path, keys: Sequence[str]) -> None:
        info = {"size": array.stat().st_size, "sha256": sha256_file(array), "keys": list(keys)}
        write_json(array.with_suffix(".json"), info)

    def _read_index(self) -> None:
        """Read descriptions that are new, forget shards that are gone."""
        self._unusable = set()
        info = {}
        for file in sorted(self.folder.glob("*.json")):
            stamp = _stamp(file)
            if self._stamps.get(file.stem) == stamp and file.stem in self._info:
                info[file.stem] = self._info[file.stem]
                continue
            self._stamps[file.stem] = stamp
            self._checked.discard(file.stem)
            described = _read_description(file)
            if described is None:
                self._unusable.add(file.stem)
            else:
                info[file.stem] = described
        self._info = info
        self._places = {
            key: (name, row)
            for name in self._info
            for row, key in enumerate(self._info[name]["keys"])
        }

    def _open(self, name: str) -> NDArray[np.float32] | None:
        """Map a shard, or return None if it is absent or not what was written."""
        info, array = self._info.get(name), self._file(name)
        if info is None:
            return None
        try:
            if array.stat().st_size != info["size"]:
                return None
            if name not in self._checked and sha256_file(array) != info["sha256"]:
                return None
            rows: NDArray[np.float32] = np.load(array, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return None
        if rows.dtype != np.float32 or rows.shape != (len(info["keys"]), *self.shape):
            return None
        self._checked.add(name)
        return rows

    def _remove(self, name: str) -> None:
        for file in (self._file(name).with_suffix(".json"), self._file(name)):
            file.unlink(missing_ok=True)


def _name(keys: Sequence[str]) -> str:
    return sha256_text("\n".join(keys))[:32]


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:  # another process has just removed it
        return (0, 0)
    return status.st_mtime_ns, status.st_ino


def _read_description(path: Path) -> dict[str, Any] | None:
    try:
        info = read_json(path)
        return {"size": int(info["size"]), "sha256": info["sha256"], "keys": list(info["keys"])}
    except (OSError, ValueError, KeyError, TypeError):  # DataFault is a ValueError
        return None
