"""The leak audit: which units are in both training and test, by name and by content."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodecode.faults import DataFault, LeakFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from neurodecode.evaluation.folds import Fold

COMPOSITE = {
    "trial": ("subject", "session", "trial"),
    "session": ("subject", "session"),
    "run": ("subject", "session", "run"),
    "time_block": ("subject", "session", "time_block"),
}
"""Units whose label is unique only within a subject or session."""

CONTENT = "signal content"
"""Unit of the audit by content."""

PartFold = tuple[tuple[str, ...], str]
"""Parts that are known to a model, and the part that must be new to it."""

PART_FOLDS: tuple[PartFold, PartFold] = ((("train", "valid"), "test"), (("train",), "valid"))
"""Training with validation against test, and training against validation."""


@dataclass(frozen=True)
class AuditRow:
    """Counts of one unit in one fold; ``overlap`` must be 0.

    Attributes
    ----------
    split, fold, unit : str
        Protocol, fold and the unit audited.
    n_train, n_test : int
        Trials.
    n_units_train, n_units_test, overlap : int
        Distinct units on each side, and on both.
    examples : tuple of str
        Up to three units on both sides.
    leaks : str or None
        What a published protocol is known to leak; None for honest ones.
    """

    split: str
    fold: str
    unit: str
    n_train: int
    n_test: int
    n_units_train: int
    n_units_test: int
    overlap: int
    examples: tuple[str, ...] = ()
    leaks: str | None = None


def audit_folds(
    folds: Iterable[Fold],
    trials: pd.DataFrame,
    unit: str | Sequence[str],
    *,
    split: str = "",
    leaks: str | None = None,
) -> list[AuditRow]:
    """Count the units on each side of every fold.

    Parameters
    ----------
    folds : iterable of Fold
        Positions refer to ``trials``.
    trials : DataFrame
        One row per trial.
    unit : str or sequence of str
        One or several units; see :func:`unit_keys`.
    split : str, default=""
        Name of the protocol.
    leaks : str or None, default=None
        The protocol's declared leak.

    Returns
    -------
    list of AuditRow
        One per fold and unit.

    Raises
    ------
    DataFault
        If the table lacks the unit's column.
    """
    units = [unit] if isinstance(unit, str) else list(unit)
    keys = {name: unit_keys(trials, name) for name in units}
    return [_audit(fold, name, keys[name], split, leaks) for fold in list(folds) for name in units]


def unit_keys(trials: pd.DataFrame, unit: str) -> npt.NDArray[np.object_]:
    """Return the unit of each trial as text.

    Session "0" of two subjects are two sessions: "trial", "session", "run" and "time_block" are
    read together with the subject and session columns that exist. Without a ``trial`` column
    each row is a trial.

    Raises
    ------
    DataFault
        If the column is missing.
    """
    if unit == "trial" and "trial" not in trials:
        return np.array([f"row {i}" for i in range(len(trials))], dtype=object)
    if unit not in trials:
        raise DataFault(
            f"the trial table has no column '{unit}' to audit",
            fix=f"it has {', '.join(map(str, trials.columns))}",
        )
    columns = [name for name in COMPOSITE.get(unit, (unit,)) if name in trials]
    if len(columns) == 1:
        return np.array([str(value) for value in trials[unit]], dtype=object)
    parts = zip(*(trials[name].tolist() for name in columns), strict=True)
    described = [
        ", ".join(f"{name} {value}" for name, value in zip(columns, row, strict=True))
        for row in parts
    ]
    return np.array(described, dtype=object)


def audit_parts(
    units: Mapping[Any, set[str]],
    counts: Mapping[Any, int],
    fold: PartFold,
    *,
    split: str,
    unit: str,
    leaks: str | None = None,
) -> AuditRow:
    """Count the units that the known parts share with the part that must be new.

    Parameters
    ----------
    units : mapping of str to set of str
        Units of each part.
    counts : mapping of str to int
        Trials or windows of each part.
    fold : tuple
        One of :data:`PART_FOLDS`.
    split, unit, leaks
        See :class:`AuditRow`.
    """
    known, held_out = fold
    before: set[str] = set().union(*(units.get(part, set()) for part in known))
    after = units.get(held_out, set())
    both = sorted(map(str, before & after))
    return AuditRow(
        split, fold_name(fold), unit, sum(counts.get(part, 0) for part in known),
        counts.get(held_out, 0), len(before), len(after), len(both), tuple(both[:3]), leaks,
    )  # fmt: skip


def fold_name(fold: PartFold) -> str:
    """Return the name of a pair of parts: "train and valid / test"."""
    known, held_out = fold
    return f"{' and '.join(known)} / {held_out}"


def hash_signals(signals: npt.NDArray[Any]) -> list[str]:
    """Return the SHA-256 of each trial's bytes, shape and dtype.

    Parameters
    ----------
    signals : ndarray of shape (n_trials, ...)
        May be memory-mapped; one trial is read at a time.
    """
    return [
        hashlib.sha256(
            f"{trial.shape}{trial.dtype.str}".encode() + np.ascontiguousarray(trial).tobytes()
        ).hexdigest()
        for trial in map(np.asarray, signals)
    ]


def signal_overlap(
    hashes: Sequence[str], folds: Iterable[Fold], *, split: str = "", leaks: str | None = None
) -> list[AuditRow]:
    """Audit by content: the same signal under two names, in training and test.

    Parameters
    ----------
    hashes : sequence of str, shape (n_trials,)
        From :func:`hash_signals`.
    folds : iterable of Fold
        Positions refer to ``hashes``.
    split, leaks
        See :func:`audit_folds`.
    """
    keys = np.array(list(hashes), dtype=object)
    return [_audit(fold, CONTENT, keys, split, leaks, of_trial=True) for fold in folds]


def assert_no_leak(rows: Iterable[AuditRow]) -> None:
    """Stop at the first fold in which a unit crosses, unless the protocol declares its leak.

    The same signal content on both sides is never excused.

    Raises
    ------
    LeakFault
        Naming split, fold, unit, count and examples.
    """
    for row in rows:
        if row.overlap and (row.leaks is None or row.unit == CONTENT):
            raise LeakFault(
                f"{row.overlap} {row.unit} in both training and test: {'; '.join(row.examples)}",
                where=", ".join(filter(None, [row.split and f"split {row.split}", row.fold])),
                fix="split by this unit, or remove the duplicates",
            )


def audit_frame(rows: Iterable[AuditRow]) -> pd.DataFrame:
    """Return audit rows as a table, one column per field of :class:`AuditRow`."""
    return pd.DataFrame([asdict(row) for row in rows], columns=list(AuditRow.__dataclass_fields__))


def _audit(
    fold: Fold,
    unit: str,
    keys: npt.NDArray[np.object_],
    split: str,
    leaks: str | None,
    *,
    of_trial: bool = False,
) -> AuditRow:
    train, test = set(keys[fold.train].tolist()), set(keys[fold.test].tolist())
    both = sorted(train & test)
    shown = [_same_content(keys, fold, key) for key in both[:3]] if of_trial else both[:3]
    return AuditRow(
        split, fold.name, unit, fold.train.size, fold.test.size, len(train), len(test),
        len(both), tuple(shown), leaks,
    )  # fmt: skip


def _same_content(keys: npt.NDArray[np.object_], fold: Fold, key: str) -> str:
    """Name the first training and test rows of one content."""
    first = int(fold.train[keys[fold.train] == key][0])
    second = int(fold.test[keys[fold.test] == key][0])
    return f"rows {first} and {second}"
