"""Recordings of people who listen to speech: public data sets, and any local BIDS folder.

Every loader is called as ``read_recordings(root, subject, **options)`` and returns one
:class:`~neurodecode.datasets.listening.recording.Listening` per recording of the subject.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from neurodecode.datasets.listening.recording import Listening


def _reader(module: str) -> Callable[..., list[Listening]]:
    def read(root: Path, subject: str, **options: Any) -> list[Listening]:
        loader = import_module(f"{__name__}.{module}").read_recordings
        for option in options:
            if option not in loader.__kwdefaults__:
                raise ConfigFault(
                    unknown(f"option of loader {module}", option, loader.__kwdefaults__)
                )
        recordings: list[Listening] = loader(root, subject, **options)
        return recordings

    return read


LISTENING: dict[str, Callable[..., list[Listening]]] = {
    "Brennan2019": _reader("brennan"),
    "Broderick2019": _reader("broderick"),
    "Gwilliams2022": _reader("gwilliams"),
    "Schoffelen2019": _reader("schoffelen"),
    "local": _reader("bids"),
    "simulated-listening": _reader("bids"),
}
"""Loaders by card name: ``LISTENING[name](root, subject, **options)``; "local" is a BIDS folder.

The options are the keyword-only arguments of ``read_recordings`` in the loader's module.
"""


def listening_loader(name: str) -> Callable[..., list[Listening]]:
    """Return the loader of a data set by the name of its card.

    Raises
    ------
    ConfigFault
        If no loader has this name, with the nearest one.
    """
    if name not in LISTENING:
        raise ConfigFault(unknown("listening data set", name, LISTENING))
    return LISTENING[name]
