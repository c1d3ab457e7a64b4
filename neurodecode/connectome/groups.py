"""Checks that group comparisons make of their subjects before anything is computed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def check_groups(y: NDArray[Any], *, least: int, n_groups: int | None = None) -> NDArray[Any]:
    """Return the sorted groups of labels.

    Parameters
    ----------
    y : ndarray, shape (n_subjects,)
    least : int
        Fewest subjects per group.
    n_groups : int, optional
        How many groups there must be; default: two or more.

    Raises
    ------
    DataFault
        If there is a single class, another number of groups than asked, or one is too small.
    """
    groups, counts = np.unique(y, return_counts=True)
    shown = ", ".join(f"{g}: {c}" for g, c in zip(groups, counts, strict=True))
    if groups.size < 2:
        raise DataFault(f"a single class ({shown}): no groups to tell apart",
                        fix="give training subjects of both groups")  # fmt: skip
    if n_groups is not None and groups.size != n_groups:
        raise DataFault(f"{groups.size} classes ({shown}) instead of {n_groups}",
                        fix="merge the subtypes, as y > 0")  # fmt: skip
    if counts.min() < least:
        raise DataFault(f"a class of fewer than {least} subjects ({shown})",
                        fix="give more training subjects")  # fmt: skip
    return groups


def check_subjects(subjects: Sequence[str]) -> None:
    """Raise DataFault, with the names, if a subject occurs twice.

    One row per subject: two runs of one person on the two sides of a split would leak.
    """
    twice = [name for name, count in Counter(subjects).items() if count > 1]
    if twice:
        raise DataFault(
            "subject given more than once",
            where=", ".join(twice[:10]),
            fix="keep rest_1 or average the maps, one row per subject",
        )
