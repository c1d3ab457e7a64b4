"""The score a decoder without information reaches, and the one it exceeds by luck alone."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from neurodecode.faults import ConfigFault, DataFault, unknown

CHANCE_METRICS = (
    "roc_auc",
    "accuracy",
    "balanced_accuracy",
    "cohen_kappa",
    "f1_macro",
    "top_k_accuracy",
)
"""Metrics whose chance level is known."""


def chance_level(
    classes: int | npt.ArrayLike,
    metric: str,
    *,
    prior: Literal["uniform", "majority"] = "uniform",
    k: int = 1,
) -> float:
    r"""Return the expected score of a decoder that ignores the signal.

    .. math::

        \mathrm{AUC}: \tfrac12 \qquad \mathrm{accuracy}: \tfrac1K \text{ or } \max_k p_k \qquad
        \mathrm{balanced\ accuracy}: \tfrac1K \qquad \kappa: 0 \qquad
        \mathrm{top}\text{-}k: \tfrac{k}{N}

    and for macro F1 :math:`\frac1K\sum_k 2 p_k q / (p_k + q)` with uniform guesses
    :math:`q = 1/K` (1/K when the classes are balanced).

    Parameters
    ----------
    classes : int or array-like of shape (n_trials,)
        Number of classes (of candidates for retrieval), or the true labels.
    metric : str
        One of ``CHANCE_METRICS``.
    prior : {"uniform", "majority"}, default="uniform"
        For accuracy: 1/K, or the share of the most frequent label, which a decoder
        that always answers the same reaches. "majority" needs the true labels.
    k : int, default=1
        Rank counted as a hit in top-k retrieval.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ConfigFault
        If the metric is unknown, or "majority" is asked without labels.
    DataFault
        If there are fewer than two classes.
    """
    if metric not in CHANCE_METRICS:
        raise ConfigFault(unknown("metric", metric, CHANCE_METRICS))
    shares = _class_shares(classes)
    n_classes = int(classes) if isinstance(classes, int | np.integer) else shares.size
    if n_classes < 2:
        raise DataFault(f"{n_classes} class cannot be decoded", fix="give two or more")
    if metric == "accuracy" and prior == "majority":
        if isinstance(classes, int | np.integer):
            raise ConfigFault("the majority prior needs the true labels, not their number")
        return float(shares.max())
    if metric == "f1_macro":
        return float(np.mean(2 * shares / n_classes / (shares + 1 / n_classes)))
    if metric == "top_k_accuracy":
        return min(k / n_classes, 1.0)
    return {"roc_auc": 0.5, "cohen_kappa": 0.0}.get(metric, 1 / n_classes)


def chance_threshold(
    n: int, n_classes: int = 2, *, alpha: float = 0.05, prior: float | None = None
) -> float:
    r"""Return the accuracy that guessing exceeds with probability at most ``alpha``.

    .. math:: \min \{ c/n : P(X > c) \le \alpha \}, \quad X \sim \mathrm{Binomial}(n, 1/K)

    With few trials this is far above 1/K: 0.58 for 100 trials of two classes. A score is
    above chance when it is larger than (not equal to) the threshold.

    Parameters
    ----------
    n : int
        Number of test trials.
    n_classes : int, default=2
        Number of equally likely classes.
    alpha : float, default=0.05
        One-sided error rate.
    prior : float or None, default=None
        Accuracy of guessing where it is not ``1 / n_classes`` (the majority share).

    Raises
    ------
    DataFault
        If there are no trials.

    References
    ----------
    Combrisson & Jerbi (2015), J. Neurosci. Methods 250, 126-136.
    """
    if n < 1:
        raise DataFault("no trials, so no chance threshold")
    return float(stats.binom.ppf(1 - alpha, n, prior or 1 / n_classes)) / n


def auc_threshold(n_pos: int, n_neg: int, *, alpha: float = 0.05, exact_below: int = 20) -> float:
    r"""Return the AUC that random scores exceed with probability at most ``alpha``.

    Under the null ``U = AUC n1 n2`` follows the Mann-Whitney distribution. It is counted
    exactly when both classes have at most ``exact_below`` trials; else the normal limit

    .. math:: \tfrac12 + z_{1-\alpha}\sqrt{\frac{n_1 + n_2 + 1}{12\, n_1 n_2}}

    is used, cut at 1. No ties are assumed.

    Parameters
    ----------
    n_pos, n_neg : int
        Trials of the two classes.
    alpha : float, default=0.05
        One-sided error rate.
    exact_below : int, default=20
        Largest class size counted exactly.

    Raises
    ------
    DataFault
        If a class has no trial.

    References
    ----------
    Mann & Whitney (1947), Ann. Math. Stat. 18, 50-60.
    """
    if min(n_pos, n_neg) < 1:
        raise DataFault(f"AUC needs both classes, got {n_pos} and {n_neg} trials")
    pairs = n_pos * n_neg
    if max(n_pos, n_neg) <= exact_below:
        cumulative = np.cumsum(_mann_whitney_pmf(n_pos, n_neg))
        return float(np.searchsorted(cumulative, 1 - alpha - 1e-12) / pairs)
    deviation = np.sqrt((n_pos + n_neg + 1) / (12 * pairs))
    return float(min(1.0, 0.5 + stats.norm.ppf(1 - alpha) * deviation))


def _mann_whitney_pmf(n_pos: int, n_neg: int) -> npt.NDArray[np.float64]:
    """Count the arrangements for each U: the Gaussian binomial coefficients, normalised."""
    counts = np.zeros(n_pos * n_neg + 1)
    counts[0] = 1.0
    for i in range(1, n_pos + 1):
        up, down = n_neg + i, i
        counts[up:] -= counts[:-up].copy()
        for u in range(down, counts.size):
            counts[u] += counts[u - down]
    return np.asarray(counts / counts.sum())


def _class_shares(classes: Any) -> npt.NDArray[np.float64]:
    """Return the share of each class; equal shares when only their number is known."""
    if isinstance(classes, int | np.integer):
        return np.full(max(int(classes), 1), 1 / max(int(classes), 1))
    counts = np.unique(np.asarray(classes), return_counts=True)[1]
    return np.asarray(counts / counts.sum())
