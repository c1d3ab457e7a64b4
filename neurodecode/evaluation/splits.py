"""Splits by trial, session, subject or any unit; folds hold positions in the trial table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

from neurodecode.evaluation.folds import (
    Fold,
    check_classes,
    check_counts,
    classes_of,
    positions,
    require,
    unique_trials,
)
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    require(trials, "subject", "session", label)
    classes = classes_of(trials, label)
    folds: list[Fold] = []
    for (subject, session), rows in positions(trials, "subject", "session"):
        of_trial, firsts = unique_trials(trials, rows)
        labels = trials[label].to_numpy()[rows[firsts]]
        place = f"subject {subject}, session {session}"
        check_counts(labels, classes, n_splits, f"{place}, each of {n_splits} folds")
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
    require(trials, "subject", "session", *([label] if label else []))
    sessions = trials.groupby("subject", sort=False)["session"].nunique()
    alone = [str(subject) for subject in sessions.index[sessions < 2]]
    if alone:
        raise DataFault(
            "cross_session needs two sessions, there is one",
            where=f"subject {', '.join(alone)}",
            fix=_possible(trials, sessions),
        )
    folds: list[Fold] = []
    for (subject,), rows in positions(trials, "subject"):
        of_row = trials["session"].to_numpy()[rows]
        for session in pd.unique(of_row):
            held_out = of_row == session
            folds.append(
                Fold(rows[~held_out], rows[held_out], f"subject {subject}, session {session}",
                     str(subject), str(session))
            )  # fmt: skip
    return check_classes(folds, trials, label)


def cross_run(trials: pd.DataFrame, *, label: str | None = "label") -> list[Fold]:
    """Leave one run of a session out, within each session of each subject.

    Runs are recordings of their own, minutes apart: nothing that drifts within a recording is
    on both sides, as it is in :func:`within_session`.

    Parameters
    ----------
    trials : DataFrame
        Columns ``subject``, ``session``, ``run`` and the label.
    label : str or None, default="label"
        As in :func:`cross_session`.

    Raises
    ------
    DataFault
        If a session has a single run, naming what is possible instead; or if a class is missing
        in a fold.
    """
    require(trials, "subject", "session", "run", *([label] if label else []))
    folds: list[Fold] = []
    for (subject, session), rows in positions(trials, "subject", "session"):
        of_row = trials["run"].to_numpy()[rows]
        place = f"subject {subject}, session {session}"
        if len(set(of_row)) < 2:
            fix = _possible(trials, _sessions_of(trials))
            raise DataFault("cross_run needs two runs, there is one", where=place, fix=fix)
        for run in pd.unique(of_row):
            held_out = of_row == run
            folds.append(
                Fold(rows[~held_out], rows[held_out], f"{place}, run {run}",
                     str(subject), str(session), str(run))
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
    require(trials, "subject", *([label] if label else []))
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
    require(trials, *columns, *([label] if label else []))
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


def _sessions_of(trials: pd.DataFrame) -> pd.Series[int]:
    if "session" not in trials:
        return trials.groupby("subject", sort=False).size().clip(upper=1)
    return trials.groupby("subject", sort=False)["session"].nunique()


def _possible(trials: pd.DataFrame, sessions: pd.Series[int]) -> str:
    """Word the protocols that these subjects and sessions allow."""
    options = ["within_session"] if "session" in trials else []
    if {"session", "run"} <= set(trials.columns):
        runs = trials.groupby(["subject", "session"], sort=False)["run"].nunique()
        options += ["cross_run"] * bool((runs > 1).all())
    if (sessions > 1).all():
        options.append("cross_session")
    elif (sessions > 1).any():
        rest = ", ".join(str(s) for s in sessions.index[sessions > 1])
        options.append(f"cross_session with subject {rest} only")
    if len(sessions) > 1:
        options.append("cross_subject")
    return f"possible here: {'; '.join(options) or 'group_folds by another unit'}"
