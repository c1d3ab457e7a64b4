"""Manifests: which files a data set has here, with size and SHA-256 of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field

from neurodecode.artefacts import read_json, sha256_file, write_json
from neurodecode.config import Section, validate
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import DataFault, Fault

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST_NAME = "manifest.json"


class FileEntry(Section):
    """Size in bytes and SHA-256 of one file."""

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(Section):
    """The files of one data set, relative to the data root."""

    dataset: str = Field(description="Catalogue name")
    created: str = Field(description="UTC, ISO 8601")
    source: str = Field(description="Where the files came from")
    files: dict[str, FileEntry] = Field(description="By path below the data root")
    subjects: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Paths of each usable subject; none where files are not told apart",
    )
    missing: tuple[str, ...] = Field(
        default=(), description="Expected paths that are absent, accepted with allow_missing"
    )


def build_manifest(
    dataset: str,
    root: Path,
    files: Iterable[str] | Mapping[str, Iterable[str]],
    *,
    source: str,
    missing: Iterable[str] = (),
    expected: Mapping[str, str | None] | None = None,
    shared: Iterable[str] = (),
) -> Manifest:
    """Sniff and hash files and return their manifest.

    Parameters
    ----------
    dataset : str
        Catalogue name.
    root : Path
        Data root; all paths are relative to it.
    files : iterable of str, or mapping of subject label to iterable of str
        Paths below ``root``.
    source : str
        Where the files came from.
    missing : iterable of str, default ()
        Expected paths that are known to be absent.
    expected : mapping of path to SHA-256 or None, default None
        Published checksums to hold the files against.
    shared : iterable of str, default ()
        Paths of files that are of no subject alone.

    Raises
    ------
    DataFault
        If a file is absent, an error page, truncated, or differs from its published checksum.
    """
    by_subject = {str(k): tuple(v) for k, v in files.items()} if isinstance(files, Mapping) else {}
    names = [n for v in by_subject.values() for n in v] if by_subject else list(files)
    names += shared
    entries = {name: _entry(root, name, (expected or {}).get(name)) for name in sorted(set(names))}
    return Manifest(
        dataset=dataset,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        source=source,
        files=entries,
        subjects=by_subject,
        missing=tuple(missing),
    )


def manifest_path(dataset: str, root: Path) -> Path:
    """Return ``<root>/<dataset>/manifest.json``."""
    return root / dataset / MANIFEST_NAME


def write_manifest(manifest: Manifest, root: Path) -> Path:
    """Write a manifest under the data root, atomically, and return its path."""
    path = manifest_path(manifest.dataset, root)
    write_json(path, manifest.model_dump(mode="json"))
    return path


def read_manifest(dataset: str, root: Path) -> Manifest:
    """Read the manifest of a data set.

    Raises
    ------
    DataFault
        If there is none, or it is not a manifest.
    """
    path = manifest_path(dataset, root)
    if not path.is_file():
        fix = f"run `neurodecode data fetch {dataset}`"
        raise DataFault("no manifest, data not fetched", where=str(path), fix=fix)
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataFault("not a manifest", where=str(path), fix="delete it and fetch again")
    return validate(Manifest, content, source=str(path))


def merge_manifests(held: Manifest | None, fresh: Manifest) -> Manifest:
    """Return ``fresh`` with the files and subjects that only ``held`` has; ``held`` may be None."""
    if held is None:
        return fresh
    files = {**held.files, **fresh.files}
    return fresh.model_copy(
        update={
            "files": dict(sorted(files.items())),
            "subjects": {**held.subjects, **fresh.subjects},
            "missing": tuple(sorted({*held.missing, *fresh.missing} - set(files))),
        }
    )


def verify(manifest: Manifest, root: Path, *, checksums: bool = True) -> list[str]:
    """Compare files with their manifest; return one line per problem, none if all is well.

    Parameters
    ----------
    manifest : Manifest
        What was fetched.
    root : Path
        Data root.
    checksums : bool, default True
        Also read every byte and compare SHA-256; False compares presence and size only.
    """
    checked = ((n, _problem(root / n, e, checksums)) for n, e in manifest.files.items())
    return [f"{name}: {problem}" for name, problem in checked if problem]


def same_bytes(manifest: Manifest) -> list[tuple[str, ...]]:
    """Return the groups of files with equal contents; between subjects, such a pair leaks."""
    groups: dict[str, list[str]] = {}
    for name, entry in manifest.files.items():
        groups.setdefault(entry.sha256, []).append(name)
    return [tuple(names) for names in groups.values() if len(names) > 1]


def verify_text(manifest: Manifest, problems: Iterable[str]) -> str:
    """Word the outcome of :func:`verify` for a terminal."""
    problems = list(problems)
    total = sum(entry.size for entry in manifest.files.values()) / 1e6
    head = f"{manifest.dataset}: {len(manifest.files)} files, {total:.1f} MB, {manifest.source}"
    lines = [f"  problem: {problem}" for problem in problems]
    lines += [f"  missing (accepted): {name}" for name in manifest.missing]
    lines += [f"  same bytes: {' = '.join(names)}" for names in same_bytes(manifest)]
    verdict = f"  {len(problems)} problems, fetch again" if problems else "  all files as fetched"
    return "\n".join([head, *lines, verdict])


def _entry(root: Path, name: str, published: str | None) -> FileEntry:
    path = root / name
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="fetch the data set again")
    sniff(path)
    digest = sha256_file(path)
    if published is not None and digest != published:
        raise DataFault(
            f"SHA-256 {digest[:12]}..., published {published[:12]}...",
            where=str(path),
            fix="delete it and fetch again",
        )
    return FileEntry(size=path.stat().st_size, sha256=digest)


def _problem(path: Path, entry: FileEntry, checksums: bool) -> str | None:
    if not path.is_file():
        return "missing"
    size = path.stat().st_size
    try:
        sniff(path)
    except Fault as fault:
        return fault.what
    if size != entry.size:
        return f"{size} bytes, manifest says {entry.size}"
    if checksums and sha256_file(path) != entry.sha256:
        return "SHA-256 differs from the manifest"
    return None
