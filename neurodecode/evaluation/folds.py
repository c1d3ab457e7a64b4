"""A fold, and the checks that every split makes before anything is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodecode.faults import DataFault, LeakFault

if TYPE_CHECKING:
    from collections.abc import Iterator

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Fold:
    """One training and one test part.

    Attributes
    ----------
    train, test : ndarray of int
        Positions (``iloc``) in the trial table, sorted.
    name : str
        For logs and faults: "subject 1, session 0, fold 2".
    subject, session : str or None
        Whose model it is, where the fold belongs to one subject or session.
    fold : str
        Label within these.
    """

    train: Rows
    test: Rows
    name: str
    subject: str | None = None
    session: str | None = None
    fold: str = "0"

    def __post_init__(self) -> None:
        if np.intersect1d(self.train, self.test).size:
            raise LeakFault("the same trial trains and tests", where=self.name)
        if not (self.train.size and self.test.size):
            raise DataFault(
                f"{self.train.size} training and {self.test.size} test trials", where=self.name
            )


def check_classes(folds: list[Fold], trials: pd.DataFrame, label: str | None) -> list[Fold]:
    """Return ``folds`` if every class trains and tests in each; else raise DataFault."""
    if label is None:
        return folds
    labels, classes = trials[label].to_numpy(), classes_of(trials, label)
    for fold in folds:
        for part, rows in (("training part", fold.train), ("test part", fold.test)):
            check_counts(labels[rows], classes, 1, f"{fold.name}, {part}")
    return folds


def classes_of(trials: pd.DataFrame, label: str) -> npt.NDArray[Any]:
    """Return the sorted classes of the table; DataFault for a single one."""
    classes = np.unique(trials[label].to_numpy())
    if classes.size < 2:
        raise DataFault(
            f"a single class, {', '.join(map(str, classes))}: nothing to decode", where=label
        )
    return classes


def check_counts(
    labels: npt.NDArray[Any], classes: npt.NDArray[Any], least: int, where: str
) -> None:
    """Raise DataFault with all counts if a class has fewer than ``least`` trials."""
    counts = {str(c): int(np.sum(labels == c)) for c in classes}
    if min(counts.values()) >= least:
        return
    few = ", ".join(name for name, count in counts.items() if count < least)
    shown = ", ".join(f"{name}: {count}" for name, count in counts.items())
    raise DataFault(
        f"too few trials of class {few} ({shown})",
        where=where,
        fix="use fewer folds, another split, or leave this recording out",
    )


def positions(trials: pd.DataFrame, *columns: str) -> Iterator[tuple[tuple[object, ...], Rows]]:
    """Yield each combination of values with the sorted positions of its rows."""
    for key, rows in trials.groupby(list(columns), sort=False, dropna=False).indices.items():
        yield (key if isinstance(key, tuple) else (key,)), np.sort(rows)


def unique_trials(trials: pd.DataFrame, rows: Rows) -> tuple[Rows, Rows]:
    """Return the trial number of each row, and the first row of each trial."""
    if "trial" not in trials:
        return np.arange(rows.size), np.arange(rows.size)
    codes, _ = pd.factorize(trials["trial"].to_numpy()[rows])
    return codes, np.unique(codes, return_index=True)[1]


def require(trials: pd.DataFrame, *columns: str) -> None:
    """Raise DataFault if the table is empty or lacks a column."""
    missing = [name for name in columns if name not in trials]
    if missing:
        raise DataFault(
            f"the trial table has no column {', '.join(missing)}",
            fix=f"it has {', '.join(map(str, trials.columns))}",
        )
    if trials.empty:
        raise DataFault("the trial table is empty")
