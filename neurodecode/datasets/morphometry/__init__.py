"""Tables of brain anatomy: FreeSurfer's measures, visits and diagnoses, cohorts.

Every loader is called as ``read_table(root, **options)`` and returns a subject table (index
``subject``, one row per person) or a table of visits
(:mod:`~neurodecode.datasets.morphometry.visits`), of which
:func:`~neurodecode.datasets.morphometry.cohort.build_cohort` makes one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from neurodecode.datasets.loaders import lazy_reader, named_loader

if TYPE_CHECKING:
    import pandas as pd


_READERS: dict[str, tuple[str, str]] = {
    "ABIDE1-freesurfer6": ("abide", "read_table"),
    "ADNI": ("adni", "read_table"),
    "IXI-freesurfer": ("ixi", "read_table"),
    "OASIS-1": ("oasis", "read_oasis1"),
    "OASIS-2": ("oasis", "read_oasis2"),
    "OASIS-3": ("oasis3", "read_table"),
    "enigma-toolbox": ("enigma", "read_table"),
    "freesurfer": ("folder", "read_table"),
    "local": ("local", "read_table"),
    "oasis-vbm": ("vbm", "read_table"),
    "simulated-morphometry": ("simulated", "read_table"),
}
"""Modules and functions by card name."""

MORPHOMETRY: dict[str, Callable[..., pd.DataFrame]] = {
    name: lazy_reader(__name__, *place) for name, place in _READERS.items()
}
"""Loaders by card name: ``MORPHOMETRY[name](root, **options)``; "local" is a CSV file with a
mapping of columns, "freesurfer" a subjects directory or group tables with a table of people.

The options are the keyword-only arguments of the loader.
"""


def morphometry_loader(name: str) -> Callable[..., pd.DataFrame]:
    """Return the loader of a data set by the name of its card.

    Raises
    ------
    ConfigFault
        If no loader has this name, with the nearest one.
    """
    return named_loader(name, MORPHOMETRY, kind="morphometry")


def loader_module(name: str) -> str:
    """Return the module of a loader; raises as :func:`morphometry_loader`."""
    return f"{__name__}.{named_loader(name, _READERS, kind='morphometry')[0]}"
