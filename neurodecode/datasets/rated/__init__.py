"""Recordings of people who watch clips and rate them: public data sets, and any BIDS folder.

Every loader is called as ``read_recordings(root, subject, **options)`` and returns one
:class:`~neurodecode.datasets.rated.recording.Rated` per session of the subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.loaders import lazy_reader, named_loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.datasets.rated.recording import Rated


def _reader(module: str) -> Callable[..., list[Rated]]:
    return lazy_reader(__name__, module)


RATED: dict[str, Callable[..., list[Rated]]] = {
    "DREAMER": _reader("dreamer"),
    "EmoEEG-MC": _reader("bids"),
    "FACED": _reader("bids"),
    "local": _reader("bids"),
    "simulated-rated": _reader("arrays"),
    "uci-eye-state": _reader("eye_state"),
}
"""Loaders by card name: ``RATED[name](root, subject, **options)``; "local" is a BIDS folder.

The options are the keyword-only arguments of ``read_recordings`` in the loader's module.
"""


def rated_loader(name: str) -> Callable[..., list[Rated]]:
    """Return the loader of a data set by the name of its card.

    Raises
    ------
    ConfigFault
        If no loader has this name, with the nearest one.
    """
    return named_loader(name, RATED, kind="rated")
