"""Scores of a call of converters, also for many weightings of the same people at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

from neurodecode.evaluation.metrics import METRICS as DECODING_METRICS
from neurodecode.evaluation.metrics import batch_score
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

CALL_METRICS = ("accuracy", "f1", "mcc_prime", "balanced_accuracy")
"""Metrics of called groups; the positive class of F1 is the converters."""
METRICS = ("accuracy", "roc_auc", "f1", "mcc_prime", "balanced_accuracy", "brier")
"""All metrics, between 0 and 1; larger is better, except for Brier."""


def mcc_prime(y_true: ArrayLike, y_pred: ArrayLike) -> float:
    r"""Return Matthews' correlation coefficient, moved to between 0 and 1.

    .. math::

        \text{MCC}' = \frac{\text{MCC} + 1}{2}, \qquad \text{MCC} =
        \frac{TP \cdot TN - FP \cdot FN}{\sqrt{(TP + FP)(TP + FN)(TN + FP)(TN + FN)}}

    Chance is 0.5, which is also the value where a row or a column of the table is empty. The paper
    prints it in per cent.

    Parameters
    ----------
    y_true, y_pred : array-like, shape (n_subjects,)
        0 stable control, 1 converter.

    Raises
    ------
    DataFault
        If the lengths differ or there is nobody.

    References
    ----------
    Ahmad et al. (2024), PeerJ 12:e18490; Chicco and Jurman (2020), BMC Genomics 21:6.
    """
    truth, called = np.asarray(y_true), np.asarray(y_pred)
    if truth.shape != called.shape or truth.size == 0:
        raise DataFault(f"{truth.size} groups for {called.size} calls")
    return float(call_scores(*confusion(truth, called))["mcc_prime"])


def aroc_interval(
    aroc: float, n_controls: int, n_cases: int, *, level: float = 0.95
) -> tuple[float, float]:
    r"""Return the interval of an area under the ROC curve, from it and the group sizes alone.

    .. math::

        \operatorname{var} A = \frac{A (1 - A) + (n_1 - 1) (Q_1 - A^2) + (n_0 - 1) (Q_0 - A^2)}
        {n_0 n_1}, \qquad Q_1 = \frac{A}{2 - A}, \qquad Q_0 = \frac{2 A^2}{1 + A}

    with a normal interval, cut to 0 and 1. At 0 and 1, where the variance vanishes, it is that of
    half a pair less.

    Parameters
    ----------
    aroc : float
    n_controls, n_cases : int
    level : float, default=0.95

    References
    ----------
    Hanley and McNeil (1982), Radiology 143:29-36.
    """
    pairs = n_controls * n_cases
    area = min(max(aroc, 0.5 / pairs), 1 - 0.5 / pairs)
    of_cases, of_controls = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area)
        + (n_cases - 1) * (of_cases - area**2)
        + (n_controls - 1) * (of_controls - area**2)
    ) / pairs
    reach = float(stats.norm.ppf((1 + level) / 2)) * np.sqrt(variance)
    return max(aroc - reach, 0.0), min(aroc + reach, 1.0)


def confusion(y_true: NDArray[Any], y_pred: NDArray[Any]) -> tuple[int, int, int, int]:
    """Return true negatives, false positives, false negatives and true positives."""
    positive, called = y_true == 1, y_pred == 1
    return (
        int(np.sum(~positive & ~called)),
        int(np.sum(~positive & called)),
        int(np.sum(positive & ~called)),
        int(np.sum(positive & called)),
    )


def call_scores(tn: ArrayLike, fp: ArrayLike, fn: ArrayLike, tp: ArrayLike) -> dict[str, Floats]:
    """Return the metrics of :data:`CALL_METRICS` of (arrays of) counts.

    F1 is 0 where no converter is there or called; balanced accuracy is NaN without both groups.
    """
    a, b, c, d = (np.asarray(count, dtype=float) for count in (tn, fp, fn, tp))
    margins = np.sqrt((d + b) * (d + c) * (a + b) * (a + c))
    correlation = _ratio(d * a - b * c, margins, empty=0.0)
    return {
        "accuracy": _ratio(a + d, a + b + c + d, empty=np.nan),
        "f1": _ratio(2 * d, 2 * d + b + c, empty=0.0),
        "mcc_prime": (correlation + 1) / 2,
        "balanced_accuracy": (_ratio(d, c + d, empty=np.nan) + _ratio(a, a + b, empty=np.nan)) / 2,
    }


def roc_auc(y_true: NDArray[np.intp], scores: Floats, weights: Floats | None = None) -> Floats:
    """Return the area under the ROC curve by weighting, shape (n_weightings,) or (1,).

    Parameters
    ----------
    y_true : ndarray, shape (n_subjects,)
        0 or 1.
    scores : ndarray, shape (n_subjects,)
    weights : ndarray, shape (n_weightings, n_subjects), optional

    Returns
    -------
    ndarray
        NaN where a group has no weight.
    """
    return batch_score(DECODING_METRICS["roc_auc"], y_true[None], scores, 2, weights)


def chance_levels(y_true: ArrayLike) -> dict[str, float]:
    """Return what a call without information scores.

    Accuracy: the larger group's share. F1: guessing converters with probability 1/2 among a share
    p, p / (p + 1/2) (calling everybody a converter reaches 2p / (1 + p)). Brier: p (1 - p), the
    share itself as posterior. Others: 0.5.
    """
    share = float(np.mean(np.asarray(y_true) == 1))
    return {
        "accuracy": max(share, 1 - share), "roc_auc": 0.5, "f1": share / (share + 0.5),
        "mcc_prime": 0.5, "balanced_accuracy": 0.5, "brier": share * (1 - share),
    }  # fmt: skip


def _ratio(top: Floats, bottom: Floats, *, empty: float) -> Floats:
    out = np.full(np.shape(bottom), empty)
    return np.asarray(np.divide(top, bottom, out=out, where=np.asarray(bottom) > 0))
