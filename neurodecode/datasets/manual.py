"""Data sets that no program may fetch: what to put where, and the manifest of what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.catalog import ALTERNATIVE
from neurodecode.datasets.manifest import Manifest, build_manifest
from neurodecode.faults import NetworkFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from neurodecode.datasets.catalog import Card

_SHOWN = 8


def manual_manifest(
    card: Card, labels: Iterable[str], root: Path, *, allow_missing: bool = False
) -> Manifest:
    """Return the manifest of the files that the user has put below ``<root>/<name>``.

    Parameters
    ----------
    card : Card
        With access "manual"; its paths may be patterns.
    labels : iterable of str
        Subjects whose files are needed; none of a data set that has no subjects of its own.
    root : Path
        Data root.
    allow_missing : bool, default False
        Leave out subjects that lack a file; their patterns are under ``Manifest.missing``.

    Raises
    ------
    NetworkFault
        If files are absent: which, into which folder, from where and on which terms.
    """
    found = {
        label: {pattern: _matches(root, pattern) for pattern in card.expected(label)}
        for label in tuple(labels) or ("",)
    }
    lacking = {
        label: [pattern for pattern, files in by_pattern.items() if not files]
        for label, by_pattern in found.items()
    }
    missing = sorted({pattern for patterns in lacking.values() for pattern in patterns})
    whole = {
        label: sorted({name for files in by_pattern.values() for name in files})
        for label, by_pattern in found.items()
        if not lacking[label]
    }
    if missing and not (allow_missing and whole):
        raise _absent(card, missing, root)
    files: Mapping[str, list[str]] | list[str] = whole if any(whole) else whole.get("", [])
    return build_manifest(card.name, root, files, source="put there by hand", missing=missing)


def _matches(root: Path, pattern: str) -> list[str]:
    return [
        path.relative_to(root).as_posix()
        for alternative in pattern.split(ALTERNATIVE)
        for path in root.glob(alternative)
        if path.is_file()
    ]


def _absent(card: Card, missing: list[str], root: Path) -> NetworkFault:
    names = [pattern.removeprefix(f"{card.name}/") for pattern in missing]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    terms = f" ({card.terms.rstrip('.')})" if card.terms else ""
    return NetworkFault(
        f"{card.name} has to be put here by hand, it lacks {', '.join(names[:_SHOWN])}{more}",
        where=str(root / card.name),
        fix=f"get it from {card.url}{terms} and keep its folders; see "
        f"`neurodecode data info {card.name}`",
    )
