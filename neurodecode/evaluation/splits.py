"""Every split: which trials train a model and which test it, by position in the trial table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from neurodecode.faults import DataFault, LeakFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def within_session(
    trials: pd.DataFrame, *, n_splits: int = 5, random_state: int = 42, label: str = "label"
) -> list[Fold]:
    """Split each session of each subject by stratified shuffled k-fold.

    Rows that share a ``trial`` (windows of one trial) stay on one side.

    Parameters
    ----------
    trials : DataFrame
        Columns ``subject``, ``session``, the label and optionally ``trial``.
    n_splits : int, default=5
        Folds per session.
    random_state : int, default=42
        Seed of the shuffle.
    label : str, default="label"
        Name of the class column.

    Raises
    ------
    DataFault
        If a class has fewer trials in a session than there are folds.
    """
    _require(trials, "subject", "session", label)
    classes = _classes(trials, label)
    folds: list[Fold] = []
    for (subject, session), rows in _positions(trials, "subject", "session"):
        of_trial, firsts = _unique_trials(trials, rows)
        labels = trials[label].to_numpy()[rows[firsts]]
        place = f"subject {subject}, session {session}"
        _check_counts(labels, classes, n_splits, f"{place}, each of {n_splits} folds")
        splitter = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
        for number, (_, chosen) in enumerate(splitter.split(labels, labels)):
            held_out = np.isin(of_trial, chosen)
            folds.append(
                Fold(rows[~held_out], rows[held_out], f"{place}, fold {number}",
                     str(subject), str(session), str(number))
            )  # fmt: skip
    return check_classes(folds, trials, label)


def cross_session(trials: pd.DataFrame, *, label: str | None = "label") -> list[Fold]:
    """Leave one session out, within each subject.

    Parameters
    ----------
    trials : DataFrame
        Columns ``subject``, ``session`` and the label.
    label : str or None, default="label"
        Class column whose classes must occur on both sides; None for no such check.

    Raises
    ------
    DataFault
        If a subject has a single session, naming what is possible instead; or if a class is
        missing in a fold.
    """
    _require(trials, "subject", "session", *([label] if label else []))
    sessions = trials.groupby("subject", sort=False)["session"].nunique()
    alone = [str(subject) for subject in sessions.index[sessions < 2]]
    if alone:
        raise DataFault(
            "cross_session needs two sessions, there is one",
            where=f"subject {', '.join(alone)}",
            fix=_possible(trials, sessions),
        )
    folds: list[Fold] = []
    for (subject,), rows in _positions(trials, "subject"):
        of_row = trials["session"].to_numpy()[rows]
        for session in pd.unique(of_row):
            held_out = of_row == session
            folds.append(
                Fold(rows[~held_out], rows[held_out], f"subject {subject}, session {session}",
                     str(subject), str(session))
            )  # fmt: skip
    return check_classes(folds, trials, label)


def cross_subject(trials: pd.DataFrame, *, label: str | None = "label") -> list[Fold]:
    """Leave one subject out.

    Parameters
    ----------
    trials : DataFrame
        Columns ``subject`` and the label.
    label : str or None, default="label"
        As in :func:`cross_session`. Give None when each subject is of one class (diagnosis).

    Raises
    ------
    DataFault
        If there is a single subject, naming what is possible instead; or if a class is missing
        in a fold.
    """
    _require(trials, "subject", *([label] if label else []))
    subjects = pd.unique(trials["subject"])
    if len(subjects) < 2:
        raise DataFault(
            "cross_subject needs two subjects, there is one",
            where=f"subject {', '.join(map(str, subjects))}",
            fix=_possible(trials, _sessions_of(trials)),
        )
    of_row = trials["subject"].to_numpy()
    folds = [
        Fold(np.flatnonzero(of_row != s), np.flatnonzero(of_row == s), f"subject {s}", str(s))
        for s in subjects
    ]
    return check_classes(folds, trials, label)


def group_folds(
    trials: pd.DataFrame,
    unit: str | Sequence[str],
    n_splits: int = 5,
    *,
    random_state: int = 42,
    label: str | None = None,
) -> list[Fold]:
    """Split so that no value of ``unit`` is on both sides.

    Parameters
    ----------
    trials : DataFrame
        One row per trial.
    unit : str or sequence of str
        Columns that name the unit: ``"sentence"``, ``"image_category"``, ``["subject", "clip"]``.
    n_splits : int, default=5
        Number of folds.
    random_state : int, default=42
        Seed of the assignment of units to folds.
    label : str or None, default=None
        Class column to stratify by.

    Raises
    ------
    DataFault
        If there are fewer units than folds, or a class is missing in a fold.
    """
    columns = [unit] if isinstance(unit, str) else list(unit)
    _require(trials, *columns, *([label] if label else []))
    groups = trials.groupby(columns, sort=False, dropna=False).ngroup().to_numpy()
    n_units = int(groups.max()) + 1 if groups.size else 0
    if n_units < n_splits:
        raise DataFault(
            f"{n_units} units for {n_splits} folds",
            where=f"unit {' x '.join(columns)}",
            fix=f"use n_splits={n_units} or fewer" if n_units > 1 else "add recordings",
        )
    kind = StratifiedGroupKFold if label else GroupKFold
    splitter = kind(n_splits, shuffle=True, random_state=random_state)
    labels = trials[label].to_numpy() if label else None
    pairs = splitter.split(groups, labels, groups)
    folds = [Fold(a, b, f"fold {i}", fold=str(i)) for i, (a, b) in enumerate(pairs)]
    return check_classes(folds, trials, label)


def time_block_index(
    trials: pd.DataFrame,
    n_splits: int = 5,
    *,
    within: Sequence[str] = ("subject", "session"),
    onset: str = "onset",
) -> npt.NDArray[np.intp]:
    """Cut each recording in ``n_splits`` runs of trials and return the run of each trial.

    Parameters
    ----------
    trials : DataFrame
        Columns ``within`` and ``onset`` (s).
    n_splits : int, default=5
        Blocks per recording; sizes differ by at most one trial.
    within : sequence of str, default=("subject", "session")
        Columns that name a recording.
    onset : str, default="onset"
        Name of the time column.

    Returns
    -------
    ndarray of int, shape (n_trials,)
        Block from 0 to ``n_splits - 1``.

    Raises
    ------
    DataFault
        If a recording has fewer trials than blocks.
    """
    _require(trials, *within, onset)
    block = np.empty(len(trials), dtype=np.intp)
    for key, rows in _positions(trials, *within):
        if rows.size < n_splits:
            raise DataFault(
                f"{rows.size} trials for {n_splits} time blocks",
                where=", ".join(f"{c} {v}" for c, v in zip(within, key, strict=True)),
                fix="use fewer blocks",
            )
        in_time = rows[np.argsort(trials[onset].to_numpy()[rows], kind="stable")]
        block[in_time] = np.arange(rows.size) * n_splits // rows.size
    return block


def time_blocks(
    trials: pd.DataFrame,
    n_splits: int = 5,
    gap: float = 0.0,
    *,
    within: Sequence[str] = ("subject", "session"),
    onset: str = "onset",
    label: str | None = None,
) -> list[Fold]:
    """Leave out one block of time of every recording.

    Neighbouring windows resemble each other, so a random split leaks through time. Training
    trials whose onset is within ``gap`` seconds of the test block (its first to last onset)
    are dropped; give at least the window length plus the correlation time.

    Parameters
    ----------
    trials, n_splits, within, onset
        See :func:`time_block_index`.
    gap : float, default=0.0
        Seconds.
    label : str or None, default=None
        Class column whose classes must occur on both sides.

    Raises
    ------
    DataFault
        If a recording is too short, no training trial is left, or a class is missing.
    """
    block = time_block_index(trials, n_splits, within=within, onset=onset)
    times = trials[onset].to_numpy(float)
    folds = []
    for number in range(n_splits):
        near = np.zeros(len(trials), dtype=bool)
        for _, rows in _positions(trials, *within):
            tested = times[rows[block[rows] == number]]
            near[rows] = (times[rows] >= tested.min() - gap) & (times[rows] <= tested.max() + gap)
        held_out = block == number
        train = np.flatnonzero(~held_out & ~near)
        folds.append(
            Fold(train, np.flatnonzero(held_out), f"time block {number}", fold=str(number))
        )
    return check_classes(folds, trials, label)


def random_trials(
    trials: pd.DataFrame, *, n_splits: int = 5, random_state: int = 42, label: str | None = None
) -> list[Fold]:
    """Shuffle all trials of all recordings together: leaks, kept to compare with papers.

    Parameters
    ----------
    trials : DataFrame
        One row per trial.
    n_splits : int, default=5
        Number of folds.
    random_state : int, default=42
        Seed of the shuffle.
    label : str or None, default=None
        Class column to stratify by.
    """
    labels = trials[label].to_numpy() if label else np.zeros(len(trials))
    splitter = StratifiedKFold if label else KFold
    pairs = splitter(n_splits, shuffle=True, random_state=random_state).split(labels, labels)
    folds = [Fold(a, b, f"fold {i}", fold=str(i)) for i, (a, b) in enumerate(pairs)]
    return check_classes(folds, trials, label)


def check_classes(folds: list[Fold], trials: pd.DataFrame, label: str | None) -> list[Fold]:
    """Return ``folds`` if every class trains and tests in each; else raise DataFault."""
    if label is None:
        return folds
    labels, classes = trials[label].to_numpy(), _classes(trials, label)
    for fold in folds:
        for part, rows in (("training part", fold.train), ("test part", fold.test)):
            _check_counts(labels[rows], classes, 1, f"{fold.name}, {part}")
    return folds


def _classes(trials: pd.DataFrame, label: str) -> npt.NDArray[np.object_]:
    classes = np.unique(trials[label].to_numpy())
    if classes.size < 2:
        raise DataFault(
            f"a single class, {', '.join(map(str, classes))}: nothing to decode", where=label
        )
    return classes


def _check_counts(
    labels: npt.NDArray[np.object_], classes: npt.NDArray[np.object_], least: int, where: str
) -> None:
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


def _positions(trials: pd.DataFrame, *columns: str) -> Iterator[tuple[tuple[object, ...], Rows]]:
    """Yield each combination of values with the sorted positions of its rows."""
    for key, rows in trials.groupby(list(columns), sort=False, dropna=False).indices.items():
        yield (key if isinstance(key, tuple) else (key,)), np.sort(rows)


def _unique_trials(trials: pd.DataFrame, rows: Rows) -> tuple[Rows, Rows]:
    """Return the trial number of each row, and the first row of each trial."""
    if "trial" not in trials:
        return np.arange(rows.size), np.arange(rows.size)
    codes, _ = pd.factorize(trials["trial"].to_numpy()[rows])
    return codes, np.unique(codes, return_index=True)[1]


def _require(trials: pd.DataFrame, *columns: str) -> None:
    missing = [name for name in columns if name not in trials]
    if missing:
        raise DataFault(
            f"the trial table has no column {', '.join(missing)}",
            fix=f"it has {', '.join(map(str, trials.columns))}",
        )
    if trials.empty:
        raise DataFault("the trial table is empty")


def _sessions_of(trials: pd.DataFrame) -> pd.Series[int]:
    if "session" not in trials:
        return trials.groupby("subject", sort=False).size().clip(upper=1)
    return trials.groupby("subject", sort=False)["session"].nunique()


def _possible(trials: pd.DataFrame, sessions: pd.Series[int]) -> str:
    """Word the protocols that these subjects and sessions allow."""
    options = ["within_session"] if "session" in trials else []
    if (sessions > 1).all():
        options.append("cross_session")
    elif (sessions > 1).any():
        rest = ", ".join(str(s) for s in sessions.index[sessions > 1])
        options.append(f"cross_session with subject {rest} only")
    if len(sessions) > 1:
        options.append("cross_subject")
    return f"possible here: {'; '.join(options) or 'group_folds by another unit'}"
