"""Data sets of nilearn by the name of their fetcher, kept below one data root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from neurodecode.datasets.manifest import Manifest, build_manifest
from neurodecode.datasets.network import no_network
from neurodecode.datasets.presence import reachable
from neurodecode.faults import ConfigFault, DataFault, NetworkFault, unknown

if TYPE_CHECKING:
    from neurodecode.datasets.catalog import Card

FOLDER = "nilearn"


def fetch_nilearn(
    card: Card,
    subjects: Literal["all"] | Iterable[str | int],
    root: Path,
    *,
    offline: bool = False,
) -> Manifest:
    """Run a nilearn fetcher into ``<root>/nilearn`` and return the manifest of its files.

    The fetcher runs with the network closed first, so files that are here cost none.

    Parameters
    ----------
    card : Card
        With access "nilearn"; its source is a fetcher such as ``fetch_development_fmri``.
    subjects : "all" or iterable of labels
        The first labels of the card where the fetcher takes a number of subjects; any of them
        where it takes their numbers, as ``fetch_haxby`` does.
    root : Path
        Data root.
    offline : bool, default False
        Do not try the network.

    Raises
    ------
    NetworkFault
        If the files are not here and cannot be fetched.
    DataFault
        If the subjects are not the first ones of the card, or a file is not data.
    """
    fetcher = nilearn_fetcher(card.source)
    options = {**_chosen(card, subjects, fetcher), **card.options}
    folder = root / FOLDER
    try:
        with no_network():
            found = fetcher(data_dir=str(folder), **options)
            paths = _files(found, root)
    except Exception as absent:
        if offline or not reachable(card):
            raise NetworkFault(
                f"{card.name} is not here and cannot be fetched now",
                where=str(folder),
                fix=f"connect and run again; or lay nilearn's folders for {card.source} there",
            ) from absent
        paths = _files(_fetch(card, fetcher, folder, options), root)
    manifest = build_manifest(card.name, root, paths, source=f"nilearn {card.source}")
    return manifest.model_copy(update={"subjects": dict.fromkeys(card.labels(subjects), ())})


def nilearn_fetcher(name: str) -> Callable[..., Any]:
    """Return ``nilearn.datasets.<name>``.

    Raises
    ------
    ConfigFault
        If nilearn has no such fetcher, with the nearest name.
    """
    import nilearn.datasets as room

    valid = [entry for entry in dir(room) if entry.startswith(("fetch_", "load_"))]
    if name not in valid:
        raise ConfigFault(unknown("nilearn fetcher", name, valid))
    fetcher: Callable[..., Any] = getattr(room, name)
    return fetcher


def _fetch(card: Card, fetcher: Callable[..., Any], folder: Path, options: dict[str, Any]) -> Any:
    try:
        return fetcher(data_dir=str(folder), **options)
    except Exception as error:
        line = str(error).strip().splitlines()[0][:200] if str(error).strip() else ""
        raise NetworkFault(
            f"{card.name} could not be fetched: {type(error).__name__} {line}",
            where=card.source,
            fix="try again later",
        ) from error


def _chosen(
    card: Card, subjects: Literal["all"] | Iterable[str | int], fetcher: Callable[..., Any]
) -> dict[str, int | list[int]]:
    """Return ``n_subjects`` or ``subjects``, for the fetchers that take one."""
    parameters = signature(fetcher).parameters
    if not card.subjects or not {"n_subjects", "subjects"} & set(parameters):
        return {}
    labels = card.labels(subjects)
    if "n_subjects" not in parameters:
        return {"subjects": [int(label) for label in labels]}
    if set(labels) != set(card.subjects[: len(labels)]):
        raise DataFault(
            f"nilearn fetches the first subjects of {card.name}, not a choice of them",
            where=f"subjects {', '.join(labels[:10])}",
            fix=f"ask for {', '.join(card.subjects[: len(labels)][:10])}",
        )
    return {"n_subjects": len(labels)}


def _files(found: Any, root: Path) -> list[str]:
    """Return the files below ``root`` that a fetcher's Bunch names, relative to ``root``."""
    base = root.resolve()
    paths = {path.resolve() for path in _walk(found) if path.is_file()}
    names = sorted(p.relative_to(base).as_posix() for p in paths if p.is_relative_to(base))
    if not names:
        raise DataFault("the fetcher named no file", where=str(root))
    return names


def _walk(value: Any) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, str):
        if len(value) < 4096 and "\n" not in value and ("/" in value or "\\" in value):
            yield Path(value)
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _walk(entry)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for entry in value:
            yield from _walk(entry)
