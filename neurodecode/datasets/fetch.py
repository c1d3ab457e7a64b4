"""Bring a data set's files to this machine, from wherever its card says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neurodecode.datasets.archives import unpack
from neurodecode.datasets.bids import bids_manifest
from neurodecode.datasets.manifest import (
    Manifest,
    build_manifest,
    manifest_path,
    merge_manifests,
    read_manifest,
    verify,
    write_manifest,
)
from neurodecode.datasets.manual import manual_manifest
from neurodecode.datasets.moabb import fetch_moabb
from neurodecode.datasets.nilearn import fetch_nilearn
from neurodecode.datasets.paths import data_root
from neurodecode.datasets.presence import held_manifest, reachable, require_files
from neurodecode.datasets.simulate import SIMULATORS
from neurodecode.datasets.url import fetch_url
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from neurodecode.datasets.catalog import Card

Subjects = Literal["all"] | Iterable[str | int]


def fetch(
    card: Card,
    *,
    subjects: Subjects = "all",
    root: Path | None = None,
    offline: bool = False,
    allow_missing: bool = False,
    accept_terms: bool = False,
    options: dict[str, Any] | None = None,
) -> Manifest:
    """Fetch a data set and write ``<root>/<name>/manifest.json``.

    Where the manifest covers the subjects and all files have their size, nothing is fetched and
    no network is touched; contents are compared by :func:`neurodecode.datasets.verify` only.

    Parameters
    ----------
    card : Card
        The data set.
    subjects : "all" or iterable of labels, default "all"
        Whose files; ignored by simulators.
    root : Path, default None
        Data root; None takes :func:`neurodecode.datasets.data_root`.
    offline : bool, default False
        Do not try the network.
    allow_missing : bool, default False
        Accept absent files; they are listed in ``Manifest.missing``, and subjects that cannot be
        read without them are not in ``Manifest.subjects``.
    accept_terms : bool, default False
        You accept the publisher's terms, where it asks for that.
    options : dict, default None
        Options of a simulator, beside those of the card.

    Raises
    ------
    NetworkFault
        If the files are not here and cannot be fetched; at once when there is no network.
    DataFault
        If files are missing, changed, truncated or error pages.
    """
    root = root or data_root()
    if card.access == "simulated":
        return _simulate(card, root, options or {})
    if card.access == "bids":
        raise ConfigFault(f"{card.name} is a local folder, there is nothing to fetch")
    labels = card.labels(subjects)
    held = _held(card, root)
    if held and _covers(card, held, labels, allow_missing):
        _require_unchanged(held, root, labels)
        return held
    flags = {"offline": offline, "allow_missing": allow_missing}
    if card.access == "moabb":
        fresh = fetch_moabb(card, labels, root, accept_terms=accept_terms, **flags)
    elif card.access == "manual":
        fresh = manual_manifest(card, labels, root, allow_missing=allow_missing)
    elif card.access == "nilearn":
        fresh = fetch_nilearn(card, labels, root, offline=offline)
    else:
        fresh = fetch_files(card, labels, root, **flags)
    merged = merge_manifests(held, fresh)
    write_manifest(merged, root)
    return merged


def fetch_experiment(
    card: Card,
    subjects: Sequence[str],
    root: Path,
    *,
    path: Path | None,
    simulation: dict[str, Any],
    allow_missing: bool = False,
) -> Manifest:
    """Bring an experiment's files here, whatever they are, and return their manifest.

    Parameters
    ----------
    path : Path or None
        A local BIDS folder, of which a manifest is made.
    simulation : dict
        Options of the simulator, where the card is of one.
    allow_missing : bool, default False
        See :func:`fetch`.
    """
    if path is not None:
        return bids_manifest(card.name, path, subjects)
    if card.access == "simulated":
        return fetch(card, root=root, options=simulation)
    return fetch(card, subjects=subjects, root=root, allow_missing=allow_missing)


def fetch_study(config: Any, card: Card, subjects: Sequence[str], root: Path) -> Manifest:
    """Bring the files of an experiment here, or simulate them below ``root``.

    Parameters
    ----------
    config : Experiment
        With ``seed``, and a data section that has ``path``, ``simulation`` (a section, or options
        by name) and ``allow_missing``.
    """
    data = config.data
    asked = data.simulation
    options = asked if isinstance(asked, dict) else asked.model_dump()
    simulation = {**options, "random_state": config.seed}
    return fetch_experiment(
        card, subjects, root,
        path=data.path, simulation=simulation, allow_missing=data.allow_missing,
    )  # fmt: skip


def fetch_files(
    card: Card,
    subjects: Subjects,
    root: Path,
    *,
    offline: bool = False,
    allow_missing: bool = False,
) -> Manifest:
    """Fetch the files that a card lists with an address, unpack archives, return the manifest.

    Raises
    ------
    NetworkFault, DataFault
        As :func:`fetch`.
    """
    labels = card.labels(subjects) or ("",)
    wanted = {path: url for label in labels for path, url in card.expected(label).items()}
    absent = {path: url for path, url in wanted.items() if not (root / path).is_file()}
    if absent and not offline and reachable(card):
        for path, url in absent.items():
            if url:
                fetch_url(url, root / path, sha256=card.checksum(path))
    require_files(card, labels, root, allow_missing=allow_missing)
    manifest = held_manifest(card, labels, root, source=f"url {card.url or ''}".strip())
    unpacked = [name for label in labels for name in _unpack(card, label, root)]
    if not unpacked:
        return manifest
    contents = build_manifest(card.name, root, unpacked, source=manifest.source)
    return merge_manifests(manifest, contents)


def _unpack(card: Card, label: str, root: Path) -> list[str]:
    return [
        f"{spec.unpack_to}/{name}"
        for spec in card.files
        if spec.unpack_to
        for archive in spec.expand(label)
        if (root / archive).is_file()
        for name in unpack(root / archive, root / spec.unpack_to)
    ]


def _simulate(card: Card, root: Path, options: dict[str, Any]) -> Manifest:
    if card.source not in SIMULATORS:
        raise ConfigFault(unknown("simulator", card.source, SIMULATORS))
    folder = root / card.name
    folder.mkdir(parents=True, exist_ok=True)
    files = SIMULATORS[card.source](folder, **{**card.options, **options})
    base = root.resolve()
    names = [Path(folder, file).resolve().relative_to(base).as_posix() for file in files]
    manifest = build_manifest(card.name, root, names, source=f"simulated {card.source}")
    write_manifest(manifest, root)
    return manifest


def _held(card: Card, root: Path) -> Manifest | None:
    return read_manifest(card.name, root) if manifest_path(card.name, root).is_file() else None


def _covers(card: Card, held: Manifest, labels: Sequence[str], allow_missing: bool) -> bool:
    """Return whether a manifest speaks for all these subjects."""
    gaps = set(held.missing)
    for label in labels or ("",):
        lacks = set(card.expected(label)) & gaps
        if lacks and not allow_missing:
            return False
        if label and label not in held.subjects and not lacks:
            return False
    return bool(held.files)


def _require_unchanged(held: Manifest, root: Path, labels: Iterable[str]) -> None:
    names = {name for label in labels for name in held.subjects.get(label, ())}
    files = {k: v for k, v in held.files.items() if k in names or not names}
    problems = verify(held.model_copy(update={"files": files}), root, checksums=False)
    if problems:
        rest = f"; and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise DataFault(
            f"{held.dataset}: {len(problems)} of {len(files)} files are not as fetched: "
            + "; ".join(problems[:20])
            + rest,
            where=str(manifest_path(held.dataset, root)),
            fix="delete those files and the manifest, then fetch again",
        )
