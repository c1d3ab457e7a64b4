"""Look at the first bytes of a file before any reader does: error pages, wrong kind, cut short.

Formats: EDF and EDF+ (Kemp et al. 1992, 2003), BDF (24-bit EDF), FIF (Neuromag tags, big endian).
"""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from neurodecode.faults import DataFault

_AGAIN = "delete it and fetch again"
_PAGES = {".html", ".htm", ".xhtml", ".xml", ".svg"}
_PAGE = re.compile(
    rb"(?:<!doctype\s+html|<html|<head|<error|<\?xml.{0,200}<(?:html|error|!doctype))"
)
_GZIP, _ZIP, _HDF5 = b"\x1f\x8b", (b"PK\x03\x04", b"PK\x05\x06"), b"\x89HDF\r\n\x1a\n"
_MATLAB = (b"MATLAB 5.0", b"MATLAB 7.3", _HDF5)
_FIF = struct.pack(">ii", 100, 31)
_MAGIC: dict[str, tuple[bytes, ...]] = {
    ".edf": (b"0       ",),
    ".bdf": (b"\xffBIOSEMI",),
    ".fif": (_FIF,),
    ".gz": (_GZIP,),
    ".tgz": (_GZIP,),
    ".zip": _ZIP,
    ".npz": _ZIP,
    ".npy": (b"\x93NUMPY",),
    ".h5": (_HDF5,),
    ".mat": _MATLAB,
    ".set": _MATLAB,  # EEGLAB stores MATLAB files
    ".gdf": (b"GDF",),
    ".vhdr": (b"Brain Vision", b"BrainVision", b"\xef\xbb\xbfBrain"),
}
_MAT4_TYPES = 4053  # a level 4 file starts with the number MOPT, at most 4052


def sniff(path: Path | str, *, name: str | None = None) -> None:
    """Check that a file is what its name says, and whole where its header tells its size.

    Parameters
    ----------
    path : Path or str
        Any file; kinds without a known first-bytes mark are only checked for error pages.
    name : str, default None
        Name it will have, where ``path`` is temporary.

    Raises
    ------
    DataFault
        If the file is empty, a web page saved as data, of another kind, or truncated;
        with expected and actual sizes in bytes.
    """
    path = Path(path)
    suffix = Path(name or path.name).suffix.lower()
    with path.open("rb") as file:
        head = file.read(512)
        if not head and suffix in _MAGIC:
            raise DataFault("empty file, not data", where=str(path), fix=_AGAIN)
        if suffix not in _PAGES and looks_like_page(head):
            raise DataFault("error page, not data", where=str(path), fix=_AGAIN)
        _check_magic(path, suffix, head)
        if suffix in (".edf", ".bdf"):
            _check_edf(path, file, sample_bytes=2 if suffix == ".edf" else 3)
        elif suffix == ".fif":
            _check_fif(path, file)
    if suffix in (".zip", ".npz") and not zipfile.is_zipfile(path):
        what = "truncated archive: no table of contents at its end"
        raise DataFault(what, where=str(path), fix=_AGAIN)


def looks_like_page(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of an HTML page or XML error."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().replace(b"\n", b" ")
    return _PAGE.match(start) is not None


def _check_magic(path: Path, suffix: str, head: bytes) -> None:
    marks = _MAGIC.get(suffix)
    if marks is None or head.startswith(marks):
        return
    if suffix in (".mat", ".set") and _is_mat4(head):
        return
    raise DataFault(
        f"not a {suffix} file, it starts with {head[:8]!r}", where=str(path), fix=_AGAIN
    )


def _is_mat4(head: bytes) -> bool:
    return len(head) >= 20 and any(
        0 <= struct.unpack(f"{order}i", head[:4])[0] < _MAT4_TYPES for order in "<>"
    )


def _check_edf(path: Path, file: BinaryIO, *, sample_bytes: int) -> None:
    """Compare header bytes + records x record bytes with the size of the file."""
    size = path.stat().st_size
    file.seek(0)
    head = file.read(256)
    try:
        header, n_records = int(head[184:192]), int(head[236:244])
        n_signals = int(head[252:256])
        file.seek(256 + n_signals * 216)
        samples = file.read(n_signals * 8)
        per_record = sum(int(samples[i * 8 : i * 8 + 8]) for i in range(n_signals)) * sample_bytes
    except ValueError as error:
        raise DataFault("truncated or broken EDF header", where=str(path), fix=_AGAIN) from error
    if n_records == -1:  # EDF+: length unknown while recording; whole records must follow
        rest = (size - header) % per_record if per_record else 0
        if size <= header or rest:
            raise _truncated(path, size - rest + per_record if rest else header + per_record, size)
    elif size < header + n_records * per_record:
        raise _truncated(path, header + n_records * per_record, size)


def _check_fif(path: Path, file: BinaryIO) -> None:
    """Walk the tags; the one that ends the list must lie within the file."""
    size, position = path.stat().st_size, 0
    while True:
        file.seek(position)
        tag = file.read(16)
        if len(tag) < 16:
            raise _truncated(path, position + 16, size, at_least=True)
        length, following = struct.unpack(">ii", tag[8:])
        end = position + 16 + length
        if length < 0 or end > size:
            raise _truncated(path, end, size, at_least=True)
        if following == -1:
            return
        if following != 0 and following <= position:
            what = f"broken FIF: tag at byte {position} points back"
            raise DataFault(what, where=str(path), fix=_AGAIN)
        position = following or end


def _truncated(path: Path, expected: int, size: int, *, at_least: bool = False) -> DataFault:
    need = f"at least {expected}" if at_least else str(expected)
    return DataFault(f"truncated: {size} bytes, expected {need}", where=str(path), fix=_AGAIN)
