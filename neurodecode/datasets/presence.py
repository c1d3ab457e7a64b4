"""Which of a data set's files are here, and what to say when some are not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from neurodecode.datasets.manifest import Manifest, build_manifest
from neurodecode.datasets.network import online
from neurodecode.faults import DataFault, Fault, NetworkFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from neurodecode.datasets.catalog import Card

_SHOWN = 20


def absent_files(card: Card, labels: Iterable[str], root: Path) -> dict[str, list[str]]:
    """Return the expected paths that are not below ``root``, by subject that lacks some."""
    absent = {
        label: [path for path in card.expected(label) if not (root / path).is_file()]
        for label in labels
    }
    return {label: paths for label, paths in absent.items() if paths}


def usable_files(card: Card, labels: Iterable[str], root: Path) -> dict[str, list[str]]:
    """Return the present paths of each subject that can be read.

    A subject with some files is usable only where the card says ``partial``.
    """
    present = {
        label: [path for path in card.expected(label) if (root / path).is_file()]
        for label in labels
    }
    return {
        label: paths
        for label, paths in present.items()
        if paths and (card.partial or len(paths) == len(card.expected(label)))
    }


def require_files(card: Card, labels: Sequence[str], root: Path, *, allow_missing: bool) -> None:
    """Raise unless all expected files are here, or with ``allow_missing`` some usable ones.

    Raises
    ------
    NetworkFault
        If nothing is here, with the files and the folder to put them into.
    DataFault
        If a part is missing, with its names.
    """
    absent = absent_files(card, labels, root)
    if not absent or (allow_missing and usable_files(card, labels, root)):
        return
    raise absent_fault(card, labels, root, absent)


def absent_fault(
    card: Card, labels: Sequence[str], root: Path, absent: Mapping[str, Sequence[str]]
) -> Fault:
    """Word the absence of files: the data set, the files, the folder, the way to get them."""
    names = sorted({path for paths in absent.values() for path in paths})
    total = len({path for label in labels for path in card.expected(label)})
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" * (len(names) > _SHOWN))
    by_hand = f"put them below {root}, or run `neurodecode data import {card.name} FOLDER`"
    if len(names) == total:
        return NetworkFault(
            f"{card.name} is not here and cannot be fetched now, it needs {shown}",
            where=str(root),
            fix=f"connect and run again; or, from {card.url or 'its publisher'}, {by_hand}",
        )
    return DataFault(
        f"{card.name} is incomplete, {len(names)} of {total} files missing: {shown}",
        where=str(root),
        fix=f"fetch again with a network; or {by_hand}; or allow missing files",
    )


def held_manifest(card: Card, labels: Sequence[str], root: Path, *, source: str) -> Manifest:
    """Return the manifest of the files that are here, with the absent ones under ``missing``."""
    missing = [path for paths in absent_files(card, labels, root).values() for path in paths]
    usable = usable_files(card, labels, root)
    files = usable if any(usable) else usable.get("", [])
    published = {path: card.checksum(path) for paths in usable.values() for path in paths}
    return build_manifest(
        card.name, root, files, source=source, missing=missing, expected=published
    )


def reachable(card: Card) -> bool:
    """Return whether the host of the files, or of the home page, answers now."""
    urls = [spec.url for spec in card.files if spec.url] + [card.url or "https://doi.org"]
    parts = urlsplit(urls[0])
    return online(parts.hostname or "", port=parts.port or (80 if parts.scheme == "http" else 443))
