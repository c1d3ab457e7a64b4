"""Unpack archives that a stranger made: nothing lands outside the folder, nothing explodes."""

from __future__ import annotations

import stat
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_BYTES = 100 * 1024**3


def unpack(archive: Path | str, folder: Path | str, *, max_bytes: int = MAX_BYTES) -> list[str]:
    """Unpack a tar or zip file; every member is checked before the first is written.

    Parameters
    ----------
    archive : Path or str
        ``.zip``, ``.tar`` or compressed tar.
    folder : Path or str
        Where the members go; existing files of the same name are replaced.
    max_bytes : int, default 100 GiB
        Bound on the sum of the unpacked sizes, in bytes.

    Returns
    -------
    list of str
        Paths of the unpacked files below ``folder``, sorted.

    Raises
    ------
    DataFault
        If the archive is broken or cut short, unpacks to more than ``max_bytes``, or holds an
        absolute path, a path that leaves the folder, a link or a device. Nothing is written then.
    """
    archive, folder = Path(archive), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unpack.") as scratch:
        try:
            if zipfile.is_zipfile(archive):
                _unzip(archive, Path(scratch), max_bytes)
            else:
                _untar(archive, Path(scratch), max_bytes)
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
            raise DataFault(
                f"archive cannot be unpacked: {error}", where=str(archive), fix="fetch it again"
            ) from error
        return _move(Path(scratch), folder)


def _unzip(archive: Path, scratch: Path, max_bytes: int) -> None:
    with zipfile.ZipFile(archive) as file:
        members = file.infolist()
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)
            _check_member(archive, member.filename, plain=plain)
        _check_total(archive, (member.file_size for member in members), max_bytes)
        file.extractall(scratch)  # noqa: S202 (members checked above)


def _untar(archive: Path, scratch: Path, max_bytes: int) -> None:
    with tarfile.open(archive) as file:
        sizes = []
        for member in file:
            _check_member(archive, member.name, plain=member.isfile() or member.isdir())
            sizes.append(member.size)
            _check_total(archive, sizes, max_bytes)
        file.extractall(scratch, filter="data")


def _check_member(archive: Path, name: str, *, plain: bool) -> None:
    posix, windows = PurePosixPath(name), PureWindowsPath(name)
    if posix.is_absolute() or windows.is_absolute() or windows.drive:
        raise _refused(archive, name, "is an absolute path")
    if ".." in posix.parts or ".." in windows.parts:
        raise _refused(archive, name, "leaves the folder")
    if not plain:
        raise _refused(archive, name, "is a link or a device")


def _check_total(archive: Path, sizes: Iterable[int], max_bytes: int) -> None:
    total = sum(sizes)
    if total > max_bytes:
        raise DataFault(
            f"archive unpacks to at least {total} bytes, the limit is {max_bytes}",
            where=str(archive),
            fix="check that it is the right archive",
        )


def _refused(archive: Path, name: str, why: str) -> DataFault:
    return DataFault(
        f"archive refused: member '{name[:80]}' {why}",
        where=str(archive),
        fix="do not unpack it by hand either; fetch it from its publisher",
    )


def _move(scratch: Path, folder: Path) -> list[str]:
    names = sorted(p.relative_to(scratch).as_posix() for p in scratch.rglob("*") if p.is_file())
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).replace(folder / name)
    return names
