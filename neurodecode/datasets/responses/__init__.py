"""Responses of voxels to pictures: public fMRI data sets, and any local folder.

Every loader is called as ``read_responses(root, subject, **options)`` and returns the
:class:`~neurodecode.datasets.responses.subject.Responses` of one subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.loaders import lazy_reader, named_loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.datasets.responses.subject import Responses


def _reader(module: str) -> Callable[..., Responses]:
    return lazy_reader(__name__, module, "read_responses")


RESPONSES: dict[str, Callable[..., Responses]] = {
    "BOLD5000": _reader("local"),
    "Haxby2001": _reader("haxby"),
    "Horikawa2017": _reader("local"),
    "NSD": _reader("nsd"),
    "dev-movie": _reader("film"),
    "haxby-slice": _reader("haxby_slice"),
    "local": _reader("local"),
    "simulated-responses": _reader("local"),
}
"""Loaders by card name: ``RESPONSES[name](root, subject, **options)``; "local" is a folder.

The options are the keyword-only arguments of ``read_responses`` in the loader's module.
"""


def responses_loader(name: str) -> Callable[..., Responses]:
    """Return the loader of a data set by the name of its card.

    Raises
    ------
    ConfigFault
        If no loader has this name, with the nearest one.
    """
    return named_loader(name, RESPONSES, kind="responses")
