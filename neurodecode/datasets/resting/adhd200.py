"""Codes of the ADHD-200 sample: sites, diagnoses, missing entries, repetition times.

ADHD-200 Consortium (2012), Frontiers in Systems Neuroscience 6:62; Bellec et al. (2017), NeuroImage
144, 275-286 (the Neuro Bureau's preprocessed repository).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_tables import nearest_column
from neurodecode.datasets.resting.phenotypes import MISSING_CODE
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

ID_DIGITS = 7
SITES = {
    "1": "Peking",
    "2": "Brown",
    "3": "KKI",
    "4": "NeuroIMAGE",
    "5": "NYU",
    "6": "OHSU",
    "7": "Pittsburgh",
    "8": "WashU",
}
"""Names of the sites by their code in the phenotype table."""
T_R = {
    "Peking": 2.0,
    "KKI": 2.5,
    "NeuroIMAGE": 1.96,
    "NYU": 2.0,
    "OHSU": 2.5,
    "Pittsburgh": 1.5,
    "WashU": 2.5,
}
"""Repetition time of each site, s, as in the Athena preprocessing scripts."""
DIAGNOSES = ("0", "1", "2", "3")
"""Typical, combined, hyperactive/impulsive, inattentive."""
UNKNOWN = {"", "pending", "withheld", "n/a", "na", "nan", str(MISSING_CODE)}
"""Entries that mean "not known", in lower case."""


def padded(label: str) -> str:
    """Return a subject's id with its leading zeros, seven digits."""
    return label.removeprefix("sub-").zfill(ID_DIGITS)


def site_names(codes: pd.Series[str]) -> list[str]:
    """Return names of sites; what is no code of the release stays as it is."""
    return [SITES.get(_whole(code), code) for code in codes]


def site_t_r(site: str) -> float | None:
    """Return the repetition time of a site in s, None for one that is not of ADHD-200.

    Parameters
    ----------
    site : str
        Also with its part, as "Peking_1".
    """
    return T_R.get(site.split("_")[0])


def diagnoses(column: pd.Series[str], subjects: Iterable[str], *, where: str) -> list[str | None]:
    """Return the codes "0" to "3", None where the diagnosis is unknown.

    Raises
    ------
    DataFault
        If an entry is neither a code nor a word for unknown, naming the subject.
    """
    codes = [_whole(entry) for entry in column]
    for subject, code in zip(subjects, codes, strict=True):
        if code not in DIAGNOSES and code.lower() not in UNKNOWN:
            what = f"subject {subject} has the diagnosis '{code}'"
            raise DataFault(what, where=where, fix=f"it is one of {', '.join(DIAGNOSES)}, pending")
    return [code if code in DIAGNOSES else None for code in codes]


def group_of(codes: Iterable[str | None]) -> list[float]:
    """Return 0 for typical, 1 for ADHD of any subtype, NaN for unknown."""
    return [np.nan if code is None else float(code != "0") for code in codes]


def sexes(column: pd.Series[str]) -> list[str | None]:
    """Return "F" and "M" of codes 0 and 1 or of words, None where unknown."""
    known = {"0": "F", "1": "M", "F": "F", "M": "M"}
    return [known.get(_whole(entry).upper()[:1]) for entry in column]


def known_numbers(table: pd.DataFrame, *columns: str) -> NDArray[Any]:
    """Return the first of some columns that is known, NaN where none is; -999 is unknown."""
    found = pd.Series(np.nan, index=table.index)
    for name in columns:
        if name in table:
            values = pd.to_numeric(table[name], errors="coerce")
            found = found.fillna(values.mask(values == MISSING_CODE))
    return found.to_numpy(float)


def require_columns(table: pd.DataFrame, names: Iterable[str], *, where: str) -> None:
    """Raise DataFault, with the nearest column, if a column is missing."""
    for name in names:
        if name not in table:
            raise DataFault(f"no column '{name}'", where=where, fix=nearest_column(name, table))


def require_person(table: pd.DataFrame, subject: str, *, where: str) -> None:
    """Raise DataFault, with the nearest label, if a subject has no row among phenotypes."""
    if subject not in table.index:
        guess = nearest(subject, table.index)
        hint = f"did you mean '{guess}'?" if guess else f"it has {', '.join(table.index[:10])}"
        raise DataFault(f"no subject '{subject}'", where=where, fix=hint)


def _whole(entry: str) -> str:
    """Return "1" for "1.0", else the entry without spaces about it."""
    return entry.strip().removesuffix(".0")
