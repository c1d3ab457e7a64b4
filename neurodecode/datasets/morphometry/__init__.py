"""Tables of brain anatomy: FreeSurfer's measures, visits and diagnoses, cohorts.

Every loader is called as ``read_table(root, **options)`` and returns a subject table (index
``subject``, one row per person) or a table of visits
(:mod:`~neurodecode.datasets.morphometry.visits`), of which
:func:`~neurodecode.datasets.morphometry.cohort.build_cohort` makes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.loaders import lazy_reader, named_loader

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


def _reader(module: str, function: str = "read_table") -> Callable[..., pd.DataFrame]:
    return lazy_reader(__name__, module, function)


MORPHOMETRY: dict[str, Callable[..., pd.DataFrame]] = {
    "ABIDE1-freesurfer6": _reader("abide"),
    "ADNI": _reader("adni"),
    "IXI-freesurfer": _reader("ixi"),
    "OASIS-1": _reader("oasis", "read_oasis1"),
    "OASIS-2": _reader("oasis", "read_oasis2"),
    "OASIS-3": _reader("oasis3"),
    "enigma-toolbox": _reader("enigma"),
    "freesurfer": _reader("freesurfer", "read_freesurfer"),
    "local": _reader("local"),
    "oasis-vbm": _reader("vbm"),
    "simulated-morphometry": _reader("simulated"),
}
"""Loaders by card name: ``MORPHOMETRY[name](root, **options)``; "local" is a CSV file with a
mapping of columns, "freesurfer" a subjects directory or group tables.

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
