"""Classification metrics, also for many shuffles or resamples of the same trials at once.

Everything is computed from weights: a bootstrap sample is a weight per trial, a shuffle is
another labelling, so one formula serves the score, its interval and its null.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Metric:
    """A metric of the registry.

    Attributes
    ----------
    name : str
        As in scikit-learn.
    from_confusion : callable or None
        Maps confusion matrices (..., true, predicted) to scores (...); None for rank metrics,
        which need decision scores instead of labels.
    """

    name: str
    from_confusion: Callable[[Floats], Floats] | None

    @property
    def needs_scores(self) -> bool:
        """Whether decision scores are needed instead of predicted labels."""
        return self.from_confusion is None


def score(
    name: str,
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike | None = None,
    y_score: npt.ArrayLike | None = None,
    classes: Sequence[Any] | None = None,
) -> float:
    r"""Return one score of held-out predictions.

    =================  ==========================================================
    roc_auc            :math:`P(s_+ > s_-) + \frac12 P(s_+ = s_-)`; for more than
                       two classes the mean over one-vs-rest
    accuracy           share of trials that are right
    balanced_accuracy  mean recall over the classes that occur
    cohen_kappa        :math:`(p_o - p_e) / (1 - p_e)`; 0 where :math:`p_e = 1`
    f1_macro           mean over classes of :math:`2 TP / (2 TP + FP + FN)`
    =================  ==========================================================

    Parameters
    ----------
    name : str
        One of ``METRICS``.
    y_true : array-like of shape (n_trials,)
        Labels.
    y_pred : array-like of shape (n_trials,) or None, default=None
        Predicted labels; not needed for AUC.
    y_score : array-like of shape (n_trials,) or (n_trials, n_classes), default=None
        For AUC: decision values of ``classes[1]``, or one column per class.
    classes : sequence or None, default=None
        Order of the score columns; the sorted labels if None.

    Returns
    -------
    float
        At best 1.

    Raises
    ------
    ConfigFault
        If the metric is unknown, or what it needs is not given.
    DataFault
        If lengths differ, a score is not finite, or for AUC a class has no trial.
    """
    metric = get_metric(name)
    labels = np.asarray(y_true)
    given = y_score if metric.needs_scores else y_pred
    if given is None:
        need = "y_score" if metric.needs_scores else "y_pred"
        raise ConfigFault(f"metric '{name}' needs {need}")
    given = np.asarray(given)
    if given.shape[0] != labels.shape[0]:
        raise DataFault(f"{labels.shape[0]} labels for {given.shape[0]} predictions")
    seen = labels if metric.needs_scores else np.concatenate([labels, given])
    order = np.unique(seen) if classes is None else np.asarray(classes)
    codes = encode(labels, order)
    held_out = decision_values(given, order.size) if metric.needs_scores else encode(given, order)
    value = float(batch_score(metric, codes[None], held_out, order.size)[0])
    if np.isnan(value):
        counts = dict(zip(order.tolist(), np.bincount(codes, minlength=order.size), strict=True))
        shown = ", ".join(f"{label}: {count}" for label, count in counts.items())
        raise DataFault(f"{name} needs trials of every class, got {shown}")
    return value


def batch_score(
    metric: Metric,
    labels: Codes,
    held_out: npt.NDArray[Any],
    n_classes: int,
    weights: Floats | None = None,
) -> Floats:
    """Score B labellings or weightings of the same n predictions.

    Parameters
    ----------
    metric : Metric
        What to compute.
    labels : ndarray of int, shape (B, n) or (1, n)
        Class numbers; B shuffles of them for a null.
    held_out : ndarray of shape (n,) or (n, n_classes)
        Predicted class numbers, or for AUC the decision values of :func:`decision_values`.
    n_classes : int
        Number of classes.
    weights : ndarray of shape (B, n) or None, default=None
        Times each trial counts; 1 if None.

    Returns
    -------
    ndarray of shape (B,)
        NaN where AUC lacks a class.
    """
    ones = np.ones(labels.shape) if weights is None else weights
    per_class = [np.where(labels == code, ones, 0.0) for code in range(n_classes)]
    if metric.from_confusion is None:
        return _auc(per_class, held_out)
    predicted = np.equal.outer(held_out, np.arange(n_classes)).astype(float)
    confusion = np.stack([mass @ predicted for mass in per_class], axis=1)
    return metric.from_confusion(confusion)


def get_metric(name: str) -> Metric:
    """Return a metric of ``METRICS``; an unknown name raises ConfigFault with the nearest."""
    if name not in METRICS:
        raise ConfigFault(unknown("metric", name, METRICS))
    return METRICS[name]


def encode(labels: npt.ArrayLike, classes: npt.NDArray[Any]) -> Codes:
    """Return the position of each label in ``classes``; DataFault for a label not in it."""
    values = np.asarray(labels)
    position = {label: code for code, label in enumerate(classes.tolist())}
    strange = sorted({str(v) for v in values.tolist() if v not in position})
    if strange:
        raise DataFault(f"label {', '.join(strange[:5])} is not among the classes", fix="name all")
    return np.array([position[v] for v in values.tolist()], dtype=np.intp)


def decision_values(scores: npt.ArrayLike, n_classes: int) -> Floats:
    """Return decision values of shape (n,) for two classes, (n, n_classes) for more.

    Two columns that sum to a constant (probabilities) carry the same ranks, so the second
    is used as it is: a difference would tie confident trials by rounding. Other pairs
    (one-vs-rest logits) are subtracted.
    """
    values = np.asarray(scores, dtype=float)
    if not np.isfinite(values).all():
        raise DataFault("a decision score is not finite", fix="check the model for NaN")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if n_classes == 2 and values.ndim == 2 and values.shape[1] == 2:
        total = values.sum(axis=1)
        return values[:, 1] if np.allclose(total, total[0]) else values[:, 1] - values[:, 0]
    expected: tuple[int, ...] = (values.shape[0],)
    expected = expected if n_classes == 2 else (*expected, n_classes)
    if values.shape != expected:
        raise DataFault(f"scores of shape {values.shape} for {n_classes} classes")
    return values


def _auc(per_class: list[Floats], held_out: Floats) -> Floats:
    if held_out.ndim == 1:
        return _binary_auc(per_class[0], per_class[1], held_out)
    everything = np.sum(per_class, axis=0)
    parts = [
        _binary_auc(everything - mass, mass, held_out[:, code])
        for code, mass in enumerate(per_class)
    ]
    return np.asarray(np.mean(parts, axis=0))


def _binary_auc(negative: Floats, positive: Floats, scores: Floats) -> Floats:
    """Weighted Mann-Whitney: each positive earns the negatives below it, half of the ties."""
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    first = np.searchsorted(ranked, ranked, side="left")
    past = np.searchsorted(ranked, ranked, side="right")
    start = np.zeros((negative.shape[0], 1))
    below = np.concatenate([start, np.cumsum(negative[:, order], axis=1)], axis=1)
    earned = np.sum(positive[:, order] * (below[:, first] + below[:, past]), axis=1) / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    return np.asarray(np.divide(earned, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0))


def _accuracy(confusion: Floats) -> Floats:
    return _ratio(np.trace(confusion, axis1=-2, axis2=-1), confusion.sum(axis=(-2, -1)))


def _balanced_accuracy(confusion: Floats) -> Floats:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.asarray(np.nanmean(_ratio(hits, confusion.sum(axis=-1)), axis=-1))


def _cohen_kappa(confusion: Floats) -> Floats:
    total = confusion.sum(axis=(-2, -1))
    margins = np.sum(confusion.sum(axis=-1) * confusion.sum(axis=-2), axis=-1)
    expected = margins / total**2
    return np.nan_to_num(_ratio(_accuracy(confusion) - expected, 1 - expected))


def _f1_macro(confusion: Floats) -> Floats:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    return np.asarray(np.nanmean(_ratio(2 * hits, both), axis=-1))


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide; NaN (a class that does not occur) where the denominator is 0."""
    out = np.full(np.shape(bottom), np.nan)
    return np.asarray(np.divide(top, bottom, out=out, where=bottom > 1e-12))


METRICS: dict[str, Metric] = {
    "roc_auc": Metric("roc_auc", None),
    "accuracy": Metric("accuracy", _accuracy),
    "balanced_accuracy": Metric("balanced_accuracy", _balanced_accuracy),
    "cohen_kappa": Metric("cohen_kappa", _cohen_kappa),
    "f1_macro": Metric("f1_macro", _f1_macro),
}
"""Metrics by name."""
