"""Metrics of decoded ratings, whose classes are levels in order.

A level is a class from 0 to ``n_classes - 1``: the rating less the lowest one. All metrics depend
on the two most probable levels of each window and on the true one, so they are functions of a
table that counts these triples. Tables add up over clips, folds and subjects: one formula serves
the score, its interval and its null.

References
----------
Kuang, Song & Michoski (2024), Emotion classification from multi-channel EEG signals using HiSTN,
arXiv 2408.15255, for Tri-P and the sequential top-2 hit rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurodecode.evaluation.metrics import METRICS, Floats
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

Levels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OrdinalMetric:
    """A metric of the registry; 1 is best.

    Attributes
    ----------
    name : str
        As in the ``metric`` field of scores.
    title : str
        For readers.
    from_table : callable
        Maps tables (..., true, first, second) of :func:`answer_table` to scores (...).
    present_only : bool
        The answers are chosen among the levels that occur in the test, as published for top-k.
    """

    name: str
    title: str
    from_table: Callable[[Floats], Floats]
    present_only: bool = False


def ordinal_score(name: str, probabilities: npt.ArrayLike, levels: npt.ArrayLike) -> float:
    r"""Return one score of held-out probabilities.

    With the true level :math:`y`, the most probable level :math:`a` and the next one :math:`b`:

    ====================  ====================================================================
    f1_weighted           :math:`\sum_k p_k F_k`, :math:`F_k = 2 TP_k / (2 TP_k + FP_k + FN_k)`
    f1_macro              mean of :math:`F_k` over the levels that are true or answered somewhere
    accuracy              share with :math:`a = y`
    top2_accuracy         share with :math:`a = y` or :math:`b = y`
    accuracy_present      accuracy with :math:`a` among the levels that occur in ``levels``
    top2_present          the same for the two best
    tri_p                 share with :math:`|a - y| \le 1`
    seq2hr                share with :math:`|a - b| = 1` and :math:`y \in \{a, b\}`
    seq2hr_top1           share with :math:`|a - b| = 1` and :math:`a = y`
    adjacency             share with :math:`|a - b| = 1`, whatever the truth
    kappa_quadratic       :math:`1 - \sum (i - j)^2 O_{ij} / \sum (i - j)^2 E_{ij}`
    ====================  ====================================================================

    Parameters
    ----------
    name : str
        One of :data:`ORDINAL_METRICS`.
    probabilities : array-like of shape (n, n_classes)
        A row per window.
    levels : array-like of int, shape (n,)
        True levels, from 0.

    Returns
    -------
    float
        From 0 to 1; kappa from -1.

    Raises
    ------
    ConfigFault
        If the metric is unknown, with the nearest name.
    DataFault
        If shapes do not fit, a probability is not finite, or a level is out of range.
    """
    metric = ordinal_metric(name)
    table = answer_table(probabilities, levels, present_only=metric.present_only)
    return float(metric.from_table(table))


def ordinal_metric(name: str) -> OrdinalMetric:
    """Return a metric of :data:`ORDINAL_METRICS`; ConfigFault with the nearest name."""
    if name not in ORDINAL_METRICS:
        raise ConfigFault(unknown("ordinal metric", name, ORDINAL_METRICS))
    return ORDINAL_METRICS[name]


def sequential_top2_hit_rate(probabilities: npt.ArrayLike, ratings: npt.ArrayLike) -> float:
    r"""Return the share of windows whose two most probable levels are adjacent and hold the truth.

    .. math:: \frac1n \#\{i : |a_i - b_i| = 1 \wedge y_i \in \{a_i, b_i\}\}

    Of equally probable levels the higher one comes first: a descending sort made by reversing a
    stable ascending one, as published.

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes)
    ratings : array-like of int, shape (n,)
        True levels from 0 (the rating less the lowest one).

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    DataFault
        If shapes do not fit, a probability is not finite, or a level is out of range.

    Examples
    --------
    >>> sequential_top2_hit_rate([[0.1, 0.5, 0.4], [0.4, 0.1, 0.5]], [2, 0])
    0.5
    """
    return ordinal_score("seq2hr", probabilities, ratings)


def tri_p(predicted: npt.ArrayLike, levels: npt.ArrayLike) -> float:
    r"""Return the share of predictions at most one level away from the truth.

    .. math:: \frac1n \#\{i : |\hat y_i - y_i| \le 1\}

    Counted from labels: the three central diagonals of a confusion matrix say the same only if no
    level was left out of it.

    Parameters
    ----------
    predicted, levels : array-like of int, shape (n,)

    Raises
    ------
    DataFault
        If lengths differ or there is no prediction.
    """
    answered, true = np.asarray(predicted), np.asarray(levels)
    if answered.shape != true.shape or not true.size:
        raise DataFault(f"{answered.size} predictions for {true.size} levels")
    return float(np.mean(np.abs(answered - true) <= 1))


def level_confusion(
    predicted: npt.ArrayLike, levels: npt.ArrayLike, n_classes: int
) -> npt.NDArray[np.int64]:
    """Count predictions; every level has its row and column, also where it does not occur.

    Parameters
    ----------
    predicted, levels : array-like of int, shape (n,)
    n_classes : int

    Returns
    -------
    ndarray of int64, shape (n_classes, n_classes)
        Rows are true levels, columns predicted ones.

    Raises
    ------
    DataFault
        If lengths differ or a level is out of range.
    """
    true, answered = check_levels(levels, n_classes), check_levels(predicted, n_classes)
    if true.size != answered.size:
        raise DataFault(f"{answered.size} predictions for {true.size} levels")
    counts = np.bincount(true * n_classes + answered, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def top_two(
    probabilities: npt.ArrayLike, present: npt.ArrayLike | None = None
) -> tuple[Levels, Levels]:
    """Return the most probable level of each row, and the next one.

    Of equal probabilities the higher level comes first; this rule holds for every metric here.

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes)
    present : array-like of int or None, default=None
        Choose among these levels only. A single one is both first and second.

    Raises
    ------
    DataFault
        If there are fewer than two columns or a value is not finite.
    """
    values = np.asarray(probabilities, dtype=float)
    if values.ndim != 2 or values.shape[1] < 2:
        raise DataFault(f"probabilities of shape {values.shape}", fix="give a column per level")
    if not np.isfinite(values).all():
        raise DataFault("a probability is not finite", fix="check the model for NaN")
    names = np.arange(values.shape[1]) if present is None else np.unique(np.asarray(present))
    ranked = names[np.argsort(values[:, names], axis=1, kind="stable")[:, ::-1]]
    return ranked[:, 0], ranked[:, min(1, names.size - 1)]


def answer_table(
    probabilities: npt.ArrayLike, levels: npt.ArrayLike, *, present_only: bool = False
) -> Floats:
    """Count windows by true level, most probable and second most probable level.

    Parameters
    ----------
    probabilities : array-like of shape (n, n_classes)
    levels : array-like of int, shape (n,)
    present_only : bool, default=False
        Choose among the levels that occur in ``levels``. This tells the decoder which levels the
        test has.

    Returns
    -------
    ndarray, shape (n_classes, n_classes, n_classes)
        Counts (true, first, second).

    Raises
    ------
    DataFault
        As :func:`ordinal_score`.
    """
    n_classes = np.asarray(probabilities).shape[-1]
    true = check_levels(levels, n_classes)
    first, second = top_two(probabilities, true if present_only else None)
    if first.size != true.size:
        raise DataFault(f"{first.size} rows of probabilities for {true.size} levels")
    return count_answers(true, first, second, n_classes)


def count_answers(true: Levels, first: Levels, second: Levels, n_classes: int) -> Floats:
    """Count the triples (true, first, second), shape (n_classes, n_classes, n_classes)."""
    codes = (true * n_classes + first) * n_classes + second
    return np.bincount(codes, minlength=n_classes**3).reshape(3 * (n_classes,)).astype(float)


def check_levels(levels: npt.ArrayLike, n_classes: int) -> Levels:
    """Return levels as int64.

    Raises
    ------
    DataFault
        If there is none, one is not whole, or one is outside 0 to ``n_classes - 1``.
    """
    values = np.asarray(levels)
    if values.ndim != 1 or not values.size:
        raise DataFault(f"levels of shape {values.shape}", fix="give one for each window")
    wrong = (values != np.floor(values)) | (values < 0) | (values >= n_classes)  # NaN is wrong too
    wrong |= ~np.isfinite(values.astype(float))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise DataFault(
            f"level {values[place]} is not among 0 to {n_classes - 1}",
            where=f"window {place}",
            fix="subtract the lowest rating, and give probabilities of every level",
        )
    return values.astype(np.int64)


def _confusion(table: Floats) -> Floats:
    return np.asarray(table.sum(axis=-1))


def _marked(rule: Callable[[Any, Any, Any], Any]) -> Callable[[Floats], Floats]:
    """Return the metric that is the share of triples (true, first, second) that obey a rule."""

    def share(table: Floats) -> Floats:
        obeys = rule(*np.indices(table.shape[-3:])).astype(float)
        counted = np.einsum("...tab,tab->...", table, obeys)
        return np.asarray(counted / table.sum(axis=(-3, -2, -1)))

    return share


def _of_confusion(name: str) -> Callable[[Floats], Floats]:
    known = METRICS[name].from_confusion
    assert known is not None
    return lambda table: known(_confusion(table))


def _f1_weighted(table: Floats) -> Floats:
    confusion = _confusion(table)
    support, answered = confusion.sum(axis=-1), confusion.sum(axis=-2)
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    either = np.maximum(support + answered, 1e-12)
    return np.asarray(np.sum(support * 2 * hits / either, axis=-1) / support.sum(axis=-1))


def _kappa_quadratic(table: Floats) -> Floats:
    """Weighted kappa; 0 where all truths and all answers are one level, as for plain kappa."""
    confusion = _confusion(table)
    row, column = np.indices(confusion.shape[-2:])
    penalty = (row - column) ** 2.0
    total = confusion.sum(axis=(-2, -1))
    margins = confusion.sum(axis=-1)[..., :, None] * confusion.sum(axis=-2)[..., None, :]
    seen = np.sum(penalty * confusion, axis=(-2, -1))
    expected = np.sum(penalty * margins, axis=(-2, -1)) / total
    ratio = np.divide(seen, expected, out=np.ones_like(seen), where=expected > 1e-12)
    return np.asarray(1 - ratio)


def _within_one(true: Any, first: Any, _: Any) -> Any:
    return np.abs(true - first) <= 1


def _adjacent(_: Any, first: Any, second: Any) -> Any:
    return np.abs(first - second) == 1


def _in_two(true: Any, first: Any, second: Any) -> Any:
    return (first == true) | (second == true)


ORDINAL_METRICS: dict[str, OrdinalMetric] = {
    metric.name: metric
    for metric in (
        OrdinalMetric("f1_weighted", "F1, weighted by support", _f1_weighted),
        OrdinalMetric("f1_macro", "F1, mean over levels", _of_confusion("f1_macro")),
        OrdinalMetric("accuracy", "top-1 accuracy", _of_confusion("accuracy")),
        OrdinalMetric("top2_accuracy", "top-2 accuracy", _marked(_in_two)),
        OrdinalMetric(
            "accuracy_present",
            "top-1 accuracy among the levels of the test",
            _of_confusion("accuracy"),
            present_only=True,
        ),
        OrdinalMetric(
            "top2_present",
            "top-2 accuracy among the levels of the test",
            _marked(_in_two),
            present_only=True,
        ),
        OrdinalMetric("tri_p", "at most one level away (Tri-P)", _marked(_within_one)),
        OrdinalMetric(
            "seq2hr",
            "sequential top-2 hit rate",
            _marked(lambda t, a, b: _adjacent(t, a, b) & _in_two(t, a, b)),
        ),
        OrdinalMetric(
            "seq2hr_top1",
            "adjacent top 2, first one right",
            _marked(lambda t, a, b: _adjacent(t, a, b) & (a == t)),
        ),
        OrdinalMetric("adjacency", "adjacent top 2", _marked(_adjacent)),
        OrdinalMetric("kappa_quadratic", "quadratic-weighted kappa", _kappa_quadratic),
    )
}
"""Metrics by name."""
