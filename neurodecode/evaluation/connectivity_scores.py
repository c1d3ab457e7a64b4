"""Estimated wiring against the known one: which connections exist, and in which direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from neurodecode.evaluation.bootstrap import bootstrap_ci
from neurodecode.evaluation.metrics import score
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from neurodecode.evaluation.bootstrap import Interval, Seed

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def connection_auc(estimated: npt.ArrayLike, connections: npt.ArrayLike) -> float:
    """Return the area under the ROC curve over all ordered pairs of different units.

    Parameters
    ----------
    estimated : array-like, shape (n_units, n_units)
        ``[i, j]`` is the strength of j's effect on i, of any unit; the size counts, not the sign.
    connections : array-like of bool, shape (n_units, n_units)
        Whether j drives i.

    Raises
    ------
    DataFault
        If shapes differ, an estimate is not finite, or there is no connection, or nothing else.
    """
    strength, exists = _pairs(estimated, connections)
    return score("roc_auc", exists, y_score=strength)


def direction_accuracy(estimated: npt.ArrayLike, connections: npt.ArrayLike) -> float:
    """Return the share of one-way connections that are stronger in their true direction.

    Ties count half, so a symmetric estimate has 0.5 exactly, which is chance.

    Raises
    ------
    DataFault
        As :func:`connection_auc`, or if no connection is one-way.
    """
    return float(_directions(estimated, connections)[0].mean())


def connectivity_scores(
    estimated: npt.ArrayLike,
    connections: npt.ArrayLike,
    *,
    level: float = 0.95,
    random_state: Seed = None,
) -> dict[str, Interval]:
    """Return AUC and direction accuracy with intervals over the units that drive others.

    Connections of one hub stand or fall together, so the columns of the matrix are drawn whole.

    Parameters
    ----------
    estimated, connections
        As for :func:`connection_auc`.
    level : float, default=0.95
    random_state : int, Generator or None, default=None

    Returns
    -------
    dict of str to Interval
        "auc" and "direction"; chance is 0.5 for both.
    """
    strength, exists = _pairs(estimated, connections)
    _, source = _ordered_pairs(np.asarray(connections).shape[0])
    right, driver = _directions(estimated, connections)
    return {
        "auc": bootstrap_ci(
            _auc_or_nan, strength, exists, clusters=source, level=level, n_resamples=500,
            random_state=random_state, unit="pair", cluster_unit="source unit",
        ),
        "direction": bootstrap_ci(
            np.mean, right, clusters=driver, level=level, random_state=random_state,
            unit="connection", cluster_unit="source unit",
        ),
    }  # fmt: skip


def connectivity_lead(
    estimated: npt.ArrayLike,
    other: npt.ArrayLike,
    connections: npt.ArrayLike,
    *,
    level: float = 0.95,
    random_state: Seed = None,
) -> dict[str, Interval]:
    """Return how far one estimate is ahead of another in AUC and direction accuracy.

    Both are scored on the same resampled driving units, so what makes a circuit hard cancels.

    Parameters
    ----------
    estimated, other, connections
        As for :func:`connection_auc`.
    level : float, default=0.95
    random_state : int, Generator or None, default=None

    Returns
    -------
    dict of str to Interval
        "auc" and "direction"; 0: as good.
    """
    (ours, exists), (theirs, _) = _pairs(estimated, connections), _pairs(other, connections)
    _, source = _ordered_pairs(np.asarray(connections).shape[0])
    (right, driver), (others, _) = (_directions(one, connections) for one in (estimated, other))

    def difference(first: Floats, second: Floats, true: Bools) -> float:
        return _auc_or_nan(first, true) - _auc_or_nan(second, true)

    return {
        "auc": bootstrap_ci(
            difference, ours, theirs, exists, clusters=source, level=level, n_resamples=500,
            random_state=random_state, unit="pair", cluster_unit="source unit",
        ),
        "direction": bootstrap_ci(
            np.mean, right - others, clusters=driver, level=level, random_state=random_state,
            unit="connection", cluster_unit="source unit",
        ),
    }  # fmt: skip


def _auc_or_nan(strength: Floats, exists: Bools) -> float:
    """Return the AUC, NaN where a resample has no connection."""
    return score("roc_auc", exists, y_score=strength) if 0 < exists.sum() < exists.size else np.nan


def _ordered_pairs(n_units: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    target, source = np.nonzero(~np.eye(n_units, dtype=bool))
    return target, source


def _checked(estimated: npt.ArrayLike, connections: npt.ArrayLike) -> tuple[Floats, Bools]:
    strength, exists = np.abs(np.asarray(estimated, float)), np.asarray(connections, bool)
    if strength.shape != exists.shape or strength.ndim != 2 or len(set(strength.shape)) > 1:
        raise DataFault(
            f"estimates of shape {strength.shape} for connections of shape {exists.shape}",
            fix="units x units are wanted: rows are driven, columns drive",
        )
    off = ~np.eye(len(strength), dtype=bool)
    if not np.isfinite(strength[off]).all():
        unit = int(np.argwhere(~np.isfinite(strength) & off)[0][0])
        raise DataFault(f"an estimate of unit {unit} is not finite", fix="leave silent units out")
    return strength, exists


def _pairs(estimated: npt.ArrayLike, connections: npt.ArrayLike) -> tuple[Floats, Bools]:
    strength, exists = _checked(estimated, connections)
    pairs = _ordered_pairs(len(exists))
    return strength[pairs], exists[pairs]


def _directions(
    estimated: npt.ArrayLike, connections: npt.ArrayLike
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """Return 1, 0.5 or 0 for each one-way connection, and its driving unit."""
    strength, exists = _checked(estimated, connections)
    target, source = np.nonzero(exists & ~exists.T & ~np.eye(len(exists), dtype=bool))
    if not target.size:
        raise DataFault("no connection in one direction alone")
    there, back = strength[target, source], strength[source, target]
    return np.where(there == back, 0.5, (there > back).astype(float)), source
