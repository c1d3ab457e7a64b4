"""Recordings of people who look at pictures: public data sets, and any local BIDS folder.

Every loader is called as ``read_recordings(root, subject, **options)`` and returns one
:class:`~neurodecode.datasets.viewing.recording.Viewing` per recording of the subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.loaders import lazy_reader, named_loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.datasets.viewing.recording import Viewing


def _reader(module: str) -> Callable[..., list[Viewing]]:
    return lazy_reader(__name__, module)


VIEWING: dict[str, Callable[..., list[Viewing]]] = {
    "Kaneshiro2015": _reader("kaneshiro"),
    "THINGS-EEG2": _reader("things_eeg2"),
    "THINGS-MEG": _reader("things_meg"),
    "local": _reader("bids"),
    "muse-n170": _reader("muse_n170"),
    "simulated-viewing": _reader("bids"),
}
"""Loaders by card name: ``VIEWING[name](root, subject, **options)``; "local" is a BIDS folder.

The options are the keyword-only arguments of ``read_recordings`` in the loader's module.
"""


def viewing_loader(name: str) -> Callable[..., list[Viewing]]:
    """Return the loader of a data set by the name of its card.

    Raises
    ------
    ConfigFault
        If no loader has this name, with the nearest one.
    """
    return named_loader(name, VIEWING, kind="viewing")
