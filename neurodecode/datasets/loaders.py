"""Loaders of data sets by name, each module imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def lazy_reader(package: str, module: str) -> Callable[..., list[Any]]:
    """Return ``read(root, subject, **options)``, which calls ``read_recordings`` of a module.

    Parameters
    ----------
    package : str
        Package of the loaders, as ``neurodecode.datasets.listening``.
    module : str
        Its module.

    Returns
    -------
    callable
        Raises ConfigFault, with the nearest name, for an option that is no keyword-only argument
        of the loader.
    """

    def read(root: Path, subject: str, **options: Any) -> list[Any]:
        loader = import_module(f"{package}.{module}").read_recordings
        for option in options:
            if option not in loader.__kwdefaults__:
                raise ConfigFault(
                    unknown(f"option of loader {module}", option, loader.__kwdefaults__)
                )
        recordings: list[Any] = loader(root, subject, **options)
        return recordings

    return read


def named_loader(
    name: str, registry: Mapping[str, Callable[..., list[Any]]], *, kind: str
) -> Callable[..., list[Any]]:
    """Return a loader of a registry, or raise ConfigFault with the nearest name."""
    if name not in registry:
        raise ConfigFault(unknown(f"{kind} data set", name, registry))
    return registry[name]
