"""Data sets of MOABB by class name, kept below one data root.

MOABB reads its folder from MNE's configuration. Here it is set by environment variables of this
process; the user's configuration file is never written.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neurodecode.datasets.manifest import Manifest, build_manifest
from neurodecode.datasets.network import no_network
from neurodecode.datasets.paths import data_root
from neurodecode.datasets.presence import (
    absent_fault,
    absent_files,
    held_manifest,
    reachable,
    require_files,
    usable_files,
)
from neurodecode.faults import ConfigFault, DataFault, Fault, NetworkFault, unknown

if TYPE_CHECKING:
    from neurodecode.datasets.catalog import Card

Subjects = Literal["all"] | Iterable[str | int]


def moabb_dataset(
    card: Card,
    subjects: Subjects = "all",
    root: Path | None = None,
    *,
    allow_missing: bool = False,
    accept_terms: bool = False,
) -> Any:
    """Return the MOABB data set object of a card, reading from the data root.

    Parameters
    ----------
    card : Card
        With access "moabb".
    subjects : "all" or iterable of labels, default "all"
        Becomes the ``subject_list`` of the object.
    root : Path, default None
        Data root; None takes :func:`neurodecode.datasets.data_root`.
    allow_missing : bool, default False
        Read what is here: subjects without usable files leave the ``subject_list``, and where
        the card says ``partial`` a subject is read from the runs it has.
    accept_terms : bool, default False
        You have read and accept the publisher's terms, where MOABB asks for it.

    Returns
    -------
    moabb.datasets.base.BaseDataset

    Raises
    ------
    NetworkFault, DataFault
        If files named by the card are absent.
    """
    root = root or data_root()
    labels = card.labels(subjects)
    if card.files:
        require_files(card, labels, root, allow_missing=allow_missing)
    dataset = _make(card, root, accept_terms=accept_terms)
    if card.files and allow_missing:
        usable = usable_files(card, labels, root)
        labels = tuple(usable)
        paths = {_number(label): [str(root / name) for name in usable[label]] for label in labels}
        dataset.data_path = partial(_present_paths, paths)
    dataset.subject_list = [_number(label) for label in labels]
    return dataset


def fetch_moabb(
    card: Card,
    subjects: Subjects,
    root: Path,
    *,
    offline: bool = False,
    allow_missing: bool = False,
    accept_terms: bool = False,
) -> Manifest:
    """Bring the files of a MOABB data set below the data root and return their manifest.

    Files that are here cost no network: names come from the card, or, where the card has none,
    from MOABB itself with the network closed.

    Parameters
    ----------
    card : Card
        With access "moabb".
    subjects : "all" or iterable of labels
        Whose files.
    root : Path
        Data root.
    offline : bool, default False
        Do not try the network.
    allow_missing : bool, default False
        Accept absent files and report them in ``Manifest.missing``.
    accept_terms : bool, default False
        You accept the publisher's terms, where MOABB asks for it.

    Raises
    ------
    NetworkFault
        If nothing is here and it cannot be fetched.
    DataFault
        If files are missing, are error pages, truncated, or not the published ones.
    """
    labels = card.labels(subjects)
    source = f"MOABB {card.source}"
    if not card.files:
        paths = _ask_for_paths(card, labels, root, offline=offline, accept_terms=accept_terms)
        return build_manifest(card.name, root, paths, source=source)
    absent = absent_files(card, labels, root)
    if absent and not offline and reachable(card):
        dataset = _make(card, root, accept_terms=accept_terms)
        for label in absent:
            _download(card, dataset, label, tolerate=allow_missing)
    require_files(card, labels, root, allow_missing=allow_missing)
    return held_manifest(card, labels, root, source=source)


def use_root(root: Path) -> None:
    """Make MNE and MOABB of this process keep their data below ``root``, from upstream hosts.

    Sets environment variables only. A folder that the user's MNE configuration names for one
    data set would win over ``MNE_DATA``, so those keys are overridden too.
    """
    import mne

    root.mkdir(parents=True, exist_ok=True)
    stored = mne.get_config() or {}
    named = [key for key in stored if key.startswith("MNE_DATASETS_") and key.endswith("_PATH")]
    for key in ("MNE_DATA", *named):
        os.environ[key] = str(root)
    # The default provider waits on a network index for each subject, even when files are here.
    os.environ["MOABB_DOWNLOAD_PROVIDER"] = "upstream"


def _make(card: Card, root: Path, *, accept_terms: bool = False) -> Any:
    use_root(root)
    import moabb.datasets as room

    found = getattr(room, card.source, None)
    if found is None:
        raise ConfigFault(
            unknown("MOABB class", card.source, dir(room)), fix="is your MOABB as new as the index?"
        )
    options = dict(card.options)
    if accept_terms and _asks_for_acceptance(found):
        options["accept"] = True
    return found(**options)


def _asks_for_acceptance(dataset_class: type) -> bool:
    return any("accept" in signature(kind.__init__).parameters for kind in dataset_class.__mro__)  # type: ignore[misc]


def _present_paths(paths: Mapping[Any, list[str]], subject: Any, *_: Any, **__: Any) -> list[str]:
    """Stand in for a data set's ``data_path``: only the files that are here."""
    return paths[subject]


def _download(card: Card, dataset: Any, label: str, *, tolerate: bool) -> None:
    try:
        dataset.data_path(_number(label))
    except Exception as error:  # any library's error may surface here
        if not tolerate:
            raise _failed(card, label, error) from error


def _ask_for_paths(
    card: Card, labels: Sequence[str], root: Path, *, offline: bool, accept_terms: bool
) -> dict[str, list[str]]:
    """Return each subject's paths by MOABB's own ``data_path``, first with the network closed."""
    dataset = _make(card, root, accept_terms=accept_terms)
    paths, waiting = {}, []
    for label in labels:
        try:
            with no_network():
                paths[label] = _files_of(dataset, label, root)
        except Exception as error:
            if not accept_terms and _asks_for_acceptance(type(dataset)):
                raise DataFault(
                    f"{card.name} asks you to accept its publisher's terms",
                    where=card.url or card.doi or card.name,
                    fix="read them, then fetch with accept_terms",
                ) from error
            waiting.append(label)
    if waiting and (offline or not reachable(card)):
        raise _absent_by_name(card, waiting, root)
    for label in waiting:
        try:
            paths[label] = _files_of(dataset, label, root)
        except Fault:
            raise
        except Exception as error:
            raise _failed(card, label, error) from error
    return {label: paths[label] for label in labels}


def _absent_by_name(card: Card, labels: Sequence[str], root: Path) -> Fault:
    """Word the absence of a data set whose file names its card does not list."""
    if card.files:
        return absent_fault(card, labels, root, absent_files(card, labels, root))
    shown = ", ".join(labels[:10]) + (", ..." if len(labels) > 10 else "")
    return NetworkFault(
        f"{card.name} is not here and cannot be fetched now, it needs subjects {shown}",
        where=str(root),
        fix=f"connect and run again; or lay a copy of MOABB's folders for it below {root}",
    )


def _files_of(dataset: Any, label: str, root: Path) -> list[str]:
    files = {file for path in _flat(dataset.data_path(_number(label))) for file in _below(path)}
    if not files or not all(file.is_file() for file in files):
        raise DataFault("MOABB named no file that exists", where=f"subject {label}")
    return sorted(file.resolve().relative_to(root.resolve()).as_posix() for file in files)


def _below(path: Path) -> Iterator[Path]:
    """Yield a file, a folder's files, or with a BIDS recording all files of its subject."""
    subject = next((parent for parent in path.parents if parent.name.startswith("sub-")), None)
    folder = subject or path
    if folder.is_dir():
        yield from (file for file in folder.rglob("*") if file.is_file())
    else:
        yield path


def _flat(value: Any) -> Iterator[Path]:
    """Yield the paths in whatever ``data_path`` returned: one, a list, a list of lists, a dict."""
    if isinstance(value, str | Path):
        yield Path(value)
    elif isinstance(value, Mapping):
        yield from _flat(list(value.values()))
    elif isinstance(value, Iterable):
        for entry in value:
            yield from _flat(entry)


def _failed(card: Card, label: str, error: Exception) -> NetworkFault:
    line = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
    return NetworkFault(
        f"{card.name} could not be fetched: {type(error).__name__} {line}",
        where=f"subject {label}",
        fix=f"try again later, or fetch it by hand from {card.url or 'its publisher'}",
    )


def _number(label: str) -> int | str:
    """Return the label as MOABB spells it: a number where it is one."""
    return int(label) if label.isdecimal() else label
