"""Permutation tests of held-out predictions: the model is fixed, the labels are shuffled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable

Alternative = Literal["greater", "less", "two-sided"]
Seed = int | np.random.Generator | None


@dataclass(frozen=True)
class PermutationResult:
    """Observed statistic, its null values of shape (n_permutations,), and the p-value."""

    observed: float
    null: npt.NDArray[np.float64]
    p_value: float


def permutation_p(
    observed: float, null: npt.ArrayLike, *, alternative: Alternative = "greater"
) -> float:
    r"""Return the p-value of ``observed`` among statistics of shuffled data.

    .. math:: p = \frac{1 + \#\{t^*_b \ge t\}}{1 + B}

    The observed arrangement is itself one of the permutations, so p is never 0. Values
    within 1e-12 of each other count as equal. The two-sided value is twice the smaller
    one-sided value, at most 1.

    Parameters
    ----------
    observed : float
        Statistic on the data.
    null : array-like of shape (n_permutations,)
        Statistic on the shuffled data.
    alternative : {"greater", "less", "two-sided"}, default="greater"
        Side on which the observed value is extreme.

    Raises
    ------
    DataFault
        If ``null`` is empty or a value is not finite.

    References
    ----------
    Phipson & Smyth (2010), Stat. Appl. Genet. Mol. Biol. 9, 39.
    """
    values = np.asarray(null, dtype=float)
    if values.size == 0:
        raise DataFault("no permutations, so no p-value")
    if not (np.isfinite(observed) and np.isfinite(values).all()):
        raise DataFault("permutation statistics must be finite")
    slack = 1e-12 * max(1.0, abs(observed))
    above = (1 + int(np.sum(values >= observed - slack))) / (values.size + 1)
    below = (1 + int(np.sum(values <= observed + slack))) / (values.size + 1)
    if alternative == "two-sided":
        return min(1.0, 2 * min(above, below))
    return above if alternative == "greater" else below


def permutation_test(
    statistic: Callable[[npt.NDArray[Any], npt.NDArray[Any]], float],
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    n_permutations: int = 1000,
    alternative: Alternative = "greater",
    random_state: Seed = None,
) -> PermutationResult:
    """Test whether held-out predictions carry information on the labels.

    Labels are shuffled within each group, so differences between sessions or folds (base
    rate, drift of the scores) stay as they are under the null. Nothing is refitted.

    Parameters
    ----------
    statistic : callable
        ``statistic(y_true, y_score)``, larger is better.
    y_true : array-like of shape (n_trials,)
        Labels or targets.
    y_score : array-like of shape (n_trials, ...)
        Held-out predictions.
    groups : array-like of shape (n_trials,) or None, default=None
        Exchangeability block of each trial: its session and fold.
    n_permutations : int, default=1000
        Number of shuffles.
    alternative : {"greater", "less", "two-sided"}, default="greater"
        See :func:`permutation_p`.
    random_state : int, Generator or None, default=None
        Seed.

    Raises
    ------
    DataFault
        If lengths differ or the statistic is not finite.
    """
    labels, scores = np.asarray(y_true), np.asarray(y_score)
    blocks = _blocks(groups, labels.shape[0])
    if scores.shape[0] != labels.shape[0]:
        raise DataFault(f"{labels.shape[0]} labels for {scores.shape[0]} predictions")
    rng = np.random.default_rng(random_state)
    null = np.empty(n_permutations)
    for b in range(n_permutations):
        shuffled = labels.copy()
        for rows in blocks:
            shuffled[rows] = rng.permutation(labels[rows])
        null[b] = statistic(shuffled, scores)
    observed = float(statistic(labels, scores))
    return PermutationResult(observed, null, permutation_p(observed, null, alternative=alternative))


def _blocks(groups: npt.ArrayLike | None, n: int) -> list[npt.NDArray[np.intp]]:
    if groups is None:
        return [np.arange(n)]
    labels = np.asarray(groups)
    if labels.shape[0] != n:
        raise DataFault(f"{labels.shape[0]} group labels for {n} trials")
    codes = np.unique(labels, return_inverse=True)[1]
    return [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
