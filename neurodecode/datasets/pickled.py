"""Dictionaries that a publisher saved with ``numpy.save`` or pickled, read as plain data.

Such a file holds a pickle, and a pickle can name any function of Python to be called while it is
read. Here it can name the few that NumPy writes for arrays, types and scalars, and even those are
replaced by stand-ins that hold plain data; every other name is refused. Large arrays stay on disk.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import numpy as np

from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

LARGE_BYTES = 1 << 20
"""Arrays of more bytes are mapped from the file, copy on write."""

_AGAIN = "delete it and fetch again"
_KINDS = "biufUS"  # numbers and text: nothing that could hold an object
_ROOMS = ("numpy", "numpy.core.multiarray", "numpy._core.multiarray")


def read_pickled_dict(path: Path, keys: tuple[str, ...]) -> dict[str, Any]:
    """Return some entries of a dictionary saved with ``numpy.save``.

    Parameters
    ----------
    path : Path
        A ``.npy`` file of one pickled dictionary.
    keys : tuple of str
        Entries to return.

    Returns
    -------
    dict
        Values are numbers, text, lists of these, and arrays (``numpy.memmap`` where large).

    Raises
    ------
    DataFault
        The file is missing, cut short, no such dictionary, names anything but the data types of
        NumPy (the name is told), or lacks a key.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    sniff(path)
    try:
        with path.open("rb") as file:
            shape, dtype = _header(file)
            if shape != () or dtype != np.dtype(object):
                raise DataFault("an array, not a dictionary", where=str(path), fix=_AGAIN)
            saved = _DataUnpickler(_LargeOnDisk(file, path.stat().st_size)).load()
        content = saved.state[-1][0]
        values = {key: _plain(content[key], path) for key in keys if key in content}
    except DataFault:
        raise
    except pickle.UnpicklingError as error:
        raise DataFault(f"unsafe or broken file: {error}", where=str(path), fix=_AGAIN) from error
    except Exception as error:  # a broken stream may fail anywhere
        what = f"not a whole pickled dictionary: {type(error).__name__} {error}"
        raise DataFault(what, where=str(path), fix=_AGAIN) from error
    for key in keys:
        if key not in values:
            have = ", ".join(map(str, content))
            raise DataFault(f"no '{key}' in the file, found: {have}", where=str(path), fix=_AGAIN)
    return values


def read_pickle(path: Path) -> dict[Any, Any]:
    """Return a whole pickled dictionary (protocol 4 or less), as of ``pickle.dump``.

    Parameters
    ----------
    path : Path
        A ``.pkl`` file of one dictionary.

    Returns
    -------
    dict
        Keys and values are those that :func:`read_pickled_dict` returns.

    Raises
    ------
    DataFault
        As :func:`read_pickled_dict`.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    sniff(path)
    try:
        with path.open("rb") as file:
            content = _DataUnpickler(_LargeOnDisk(file, path.stat().st_size)).load()
            if not isinstance(content, dict):
                raise pickle.UnpicklingError("no dictionary")
            return {_plain(key, path): _plain(value, path) for key, value in content.items()}
    except pickle.UnpicklingError as error:
        raise DataFault(f"unsafe or broken file: {error}", where=str(path), fix=_AGAIN) from error
    except Exception as error:  # a broken stream may fail anywhere
        what = f"not a whole pickled dictionary: {type(error).__name__} {error}"
        raise DataFault(what, where=str(path), fix=_AGAIN) from error


@dataclass(eq=False)
class _Saved:
    """Stand-in for an array, type or scalar: what it was called with, and its state."""

    kind: str
    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


@dataclass(frozen=True)
class _Named:
    """Stand-in for a function or class of NumPy; calling it only notes the arguments."""

    kind: str

    def __call__(self, *arguments: Any) -> _Saved:
        return _Saved(self.kind, arguments)


@dataclass(frozen=True)
class _Stretch:
    """Bytes that were left on disk."""

    offset: int
    size: int


class _LargeOnDisk:
    """A file whose large reads are skipped and come back as a :class:`_Stretch`."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.size = file, size
        self.readline = file.readline

    def read(self, n: int) -> Any:
        begin = self.file.tell()
        if begin + n > self.size:
            raise pickle.UnpicklingError(f"cut short, {begin + n - self.size} bytes are missing")
        if n <= LARGE_BYTES:
            return self.file.read(n)
        self.file.seek(begin + n)
        return _Stretch(begin, n)


class _DataUnpickler(pickle._Unpickler):
    """Reads plain containers, text and numbers; names only become stand-ins.

    The unpickler that is written in Python, since it asks its file for every piece of bytes, so
    that large ones can be left there.
    """

    def find_class(self, module: str, name: str) -> Any:
        if module in _ROOMS and name in ("_reconstruct", "ndarray", "dtype", "scalar"):
            return _Named(name)
        raise pickle.UnpicklingError(f"it wants to use {module}.{name}, refused")


def _header(file: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(file)
    return shape, dtype


def _plain(value: Any, path: Path) -> Any:
    """Return a value with its stand-ins replaced by what they stood for."""
    if isinstance(value, _Saved) and value.kind == "_reconstruct":
        return _array(value, path)
    if isinstance(value, _Saved) and value.kind == "scalar":
        dtype, data = value.arguments
        return np.frombuffer(data, _dtype(dtype), count=1)[0].item()
    if isinstance(value, list | tuple):
        return [_plain(entry, path) for entry in value]
    if isinstance(value, dict):
        return {key: _plain(entry, path) for key, entry in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise pickle.UnpicklingError(f"a value of kind {type(value).__name__.strip('_')}, refused")


def _array(saved: _Saved, path: Path) -> Any:
    _, shape, dtype, fortran, data = saved.state
    if isinstance(data, list):  # an array of objects
        return _plain(data, path)
    order: Literal["F", "C"] = "F" if fortran else "C"
    if isinstance(data, _Stretch):
        kind = _dtype(dtype)
        if kind.itemsize * math.prod(shape) != data.size:
            raise pickle.UnpicklingError(f"{data.size} bytes for an array of shape {shape}")
        return np.memmap(path, kind, mode="c", offset=data.offset, shape=shape, order=order)
    return np.frombuffer(data, _dtype(dtype)).reshape(shape, order=order)


def _dtype(saved: Any) -> np.dtype[Any]:
    code = str(saved.arguments[0])
    if code[:1] not in _KINDS or not code[1:].isdecimal():
        raise pickle.UnpicklingError(f"array type {code!r}, refused")
    swapped = bool(saved.state) and saved.state[1] == ">"
    return np.dtype(code).newbyteorder(">" if swapped else "<")
