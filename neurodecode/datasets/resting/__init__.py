"""Resting-state fMRI of groups of people: public releases, derivatives, simulated subjects.

A loader has three functions, each found by the name of the data set's card:
``read_recordings(root, subject, **options)`` returns one
:class:`~neurodecode.datasets.resting.recording.RestingScan` per run, the first run first;
``read_phenotypes(root, **options)`` the table of all people
(:mod:`neurodecode.datasets.resting.phenotypes`); ``brain_mask(root, **options)``, which modules
without images do not have, the path of the mask of all images, or None.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurodecode.datasets.loaders import named_loader
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from neurodecode.datasets.resting.recording import RestingScan

RECORDINGS, PHENOTYPES, MASK = "read_recordings", "read_phenotypes", "brain_mask"

RESTING: dict[str, str] = {
    "ADHD200-40": "adhd40",
    "ADHD200-athena": "athena",
    "adhd200-alff": "alff",
    "dev-movie": "film",
    "local": "derivatives",
    "mdd-connectivity": "mdd",
    "simulated-resting": "athena",
}
"""Modules of loaders by card name; "local" are BIDS derivatives as fMRIPrep writes them.

The options of a data set are the keyword-only arguments of its three functions together: each
takes those that are its own, so that one set of options serves all.
"""


def resting_loader(name: str) -> Callable[..., list[RestingScan]]:
    """Return ``read(root, subject, **options)`` of a data set by the name of its card.

    Raises
    ------
    ConfigFault
        If no loader has this name, with the nearest one; when called, for an unknown option.
    """
    return _function(name, RECORDINGS)


def phenotype_loader(name: str) -> Callable[..., pd.DataFrame]:
    """Return ``read(root, **options)``, which reads the phenotypes; as :func:`resting_loader`."""
    return _function(name, PHENOTYPES)


def mask_loader(name: str) -> Callable[..., Path | None]:
    """Return ``find(root, **options)``, the mask's path; as :func:`resting_loader`."""
    return _function(name, MASK)


def _function(name: str, function: str) -> Callable[..., Any]:
    module = named_loader(name, RESTING, kind="resting-state")

    def call(root: Path, *subject: str, **options: Any) -> Any:
        room = import_module(f"{__name__}.{module}")
        takes = {entry: _options(room, entry) for entry in (RECORDINGS, PHENOTYPES, MASK)}
        known = sorted(set().union(*takes.values()))
        for option in options:
            if option not in known:
                raise ConfigFault(unknown(f"option of loader {module}", option, known))
        own = {key: value for key, value in options.items() if key in takes[function]}
        return getattr(room, function, _nothing)(root, *subject, **own)

    return call


def _options(room: Any, function: str) -> set[str]:
    return set(getattr(room, function, _nothing).__kwdefaults__ or {})


def _nothing(*_: Any) -> None:
    """Stand for the mask of a data set without images."""
