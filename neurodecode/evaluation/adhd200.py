"""The scoring rule of the ADHD-200 competition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DIAGNOSES = {0: "typically developing", 1: "combined", 2: "hyperactive/impulsive", 3: "inattentive"}
"""Codes of the column DX."""
WRONG_SUBTYPE = 0.5


@dataclass(frozen=True)
class ADHD200Score:
    """Points and rates of a set of answers.

    Attributes
    ----------
    points : float
        Of ``n`` possible ones.
    n : int
        Subjects.
    accuracy : float
        Of ADHD of any subtype against control.
    sensitivity, specificity : float
        Part of ADHD and of controls recognised; NaN where there is none.
    subtype_accuracy : float
        Part of the recognised ADHD subjects whose subtype is right; NaN where there is none.
    all_control : float
        Points of answering "typically developing" for everybody: what a score must exceed.
    """

    points: float
    n: int
    accuracy: float
    sensitivity: float
    specificity: float
    subtype_accuracy: float
    all_control: float


def adhd200_score(y_true: ArrayLike, y_pred: ArrayLike) -> ADHD200Score:
    """Score diagnoses: 1 point for a control or a subtype that is right, 0.5 for a wrong subtype.

    Parameters
    ----------
    y_true, y_pred : array-like of int, shape (n_subjects,)
        Codes of :data:`DIAGNOSES`.

    Raises
    ------
    DataFault
        If a code is missing (-999, "pending") or unknown, or lengths differ.

    References
    ----------
    ADHD-200 Consortium (2012), Frontiers in Systems Neuroscience 6:62.
    """
    true, answers = _codes(y_true, "y_true"), _codes(y_pred, "y_pred")
    if true.size != answers.size or not true.size:
        raise DataFault(f"{answers.size} answers for {true.size} subjects")
    right, ill, called_ill = true == answers, true > 0, answers > 0
    half = ill & called_ill & ~right
    return ADHD200Score(
        points=float(right.sum() + WRONG_SUBTYPE * half.sum()),
        n=true.size,
        accuracy=float(np.mean(ill == called_ill)),
        sensitivity=_part(called_ill[ill]),
        specificity=_part(~called_ill[~ill]),
        subtype_accuracy=_part(right[ill & called_ill]),
        all_control=float(np.sum(~ill)),
    )


def _codes(values: ArrayLike, name: str) -> NDArray[np.int64]:
    given = np.asarray(values).ravel()
    known = np.isin(given, list(DIAGNOSES))
    if not known.all():
        found = ", ".join(dict.fromkeys(str(value) for value in given[~known]))
        raise DataFault(f"{int((~known).sum())} diagnoses that are no code of DX: {found[:100]}",
                        where=name, fix="leave out subjects without a diagnosis")  # fmt: skip
    return given.astype(np.int64)


def _part(hits: NDArray[np.bool_]) -> float:
    return float(hits.mean()) if hits.size else float("nan")
