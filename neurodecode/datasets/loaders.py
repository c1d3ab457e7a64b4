"""Loaders of data sets by name, each module imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from neurodecode.datasets.catalog import LOCAL
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from neurodecode.datasets.catalog import Card

Loader = TypeVar("Loader")


def lazy_reader(package: str, module: str, function: str = "read_recordings") -> Callable[..., Any]:
    """Return ``read(root, subject, **options)``, which calls a function of a module.

    Tables that hold all subjects are read without one, ``read(root, **options)``.

    Parameters
    ----------
    package : str
        Package of the loaders, as ``neurodecode.datasets.listening``.
    module : str
        Its module.
    function : str, default "read_recordings"
        Name of the loader in the module.

    Returns
    -------
    callable
        Raises ConfigFault, with the nearest name, for an option that is no keyword-only argument
        of the loader.
    """

    def read(root: Path, *subject: str, **options: Any) -> Any:
        loader = getattr(import_module(f"{package}.{module}"), function)
        for option in options:
            if option not in loader.__kwdefaults__:
                raise ConfigFault(
                    unknown(f"option of loader {module}", option, loader.__kwdefaults__)
                )
        return loader(root, *subject, **options)

    return read


def named_loader(name: str, registry: Mapping[str, Loader], *, kind: str) -> Loader:
    """Return a loader of a registry, or raise ConfigFault with the nearest name."""
    if name not in registry:
        raise ConfigFault(unknown(f"{kind} data set", name, registry))
    return registry[name]


def local_options(data: Any) -> dict[str, Any]:
    """Return a local loader's options: task and events of the section ``data``, and its own."""
    named = {"task": getattr(data, "task", None), "trial_type": getattr(data, "events", None)}
    return {**{key: value for key, value in named.items() if value is not None}, **data.options}


def read_subject_of(
    loader_of: Callable[[str], Callable[..., Loader]],
    data: Any,
    card: Card,
    subject: str,
    root: Path,
) -> Loader:
    """Return what a data set's loader reads of one subject, from a local folder where one is given.

    Parameters
    ----------
    loader_of : callable
        Returns the loader of a name.
    data : DataSection
        With ``path``, the loader's ``options`` and, where it has them, ``task`` and ``events``.
    root : Path
        Data root, which holds a folder of the card's name.
    """
    if data.path is not None:
        return loader_of(LOCAL)(data.path, subject, **local_options(data))
    return loader_of(card.name)(root / card.name, subject, **data.options)
