"""Recordings of people who listen to speech: public data sets, and any local BIDS folder.

Every loader is called as ``read_recordings(root, subject, **options)`` and returns one
:class:`~neurodecode.datasets.listening.recording.Listening` per recording of the subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.loaders import lazy_reader, named_loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.datasets.listening.recording import Listening


def _reader(module: str) -> Callable[..., list[Listening]]:
    return lazy_reader(__name__, module)


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
    return named_loader(name, LISTENING, kind="listening")
