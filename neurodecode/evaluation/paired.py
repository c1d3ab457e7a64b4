"""Paired tests and effect sizes between two decoders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from neurodecode.evaluation.permutation import Alternative, permutation_p
from neurodecode.faults import ConfigFault, DataFault, unknown

Floats = npt.NDArray[np.float64]
EXACT_UP_TO = 15
"""Largest number of pairs whose 2^n sign flips are all counted."""


@dataclass(frozen=True)
class PairedResult:
    """Mean of ``a - b`` over ``n`` pairs, the p-value, the test used, and a caution if any."""

    mean_difference: float
    p_value: float
    n: int
    method: str
    note: str = ""


@dataclass(frozen=True)
class McNemarResult:
    """Trials that only one of two decoders had right, and the exact p-value."""

    only_a: int
    only_b: int
    p_value: float


def paired_test(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    method: Literal["auto", "wilcoxon", "sign_flip", "t"] = "auto",
    alternative: Alternative = "two-sided",
    n_resamples: int = 10_000,
    random_state: int | np.random.Generator | None = None,
) -> PairedResult:
    r"""Test whether decoder ``a`` scores differently from ``b`` over the same subjects.

    ``sign_flip`` compares the mean difference with those under every flip of signs,
    :math:`\bar d^* = \frac1n\sum_i s_i d_i,\ s_i = \pm 1`: all :math:`2^n` for n <= 15, else
    ``n_resamples`` random ones with p = (k + 1) / (B + 1). ``wilcoxon`` is
    :func:`scipy.stats.wilcoxon` with the alternative handed on: halving its two-sided p by
    the sign of the mean, as MOABB 1.7.2 does, is wrong whenever mean and ranks disagree.
    ``t`` is the paired t test. ``auto`` is ``sign_flip``, which tests the mean that is reported.

    Parameters
    ----------
    a, b : array-like of shape (n_subjects,)
        Scores of the same subjects in the same order.
    method : {"auto", "wilcoxon", "sign_flip", "t"}, default="auto"
        Test.
    alternative : {"two-sided", "greater", "less"}, default="two-sided"
        "greater": ``a`` scores higher.
    n_resamples : int, default=10000
        Random flips when n > 15.
    random_state : int, Generator or None, default=None
        Seed of these.

    Returns
    -------
    PairedResult
        With one pair p is NaN, and ``note`` says why.

    Raises
    ------
    ConfigFault
        If the method is unknown.
    DataFault
        If lengths differ or a score is not finite.
    """
    valid = ("auto", "wilcoxon", "sign_flip", "t")
    if method not in valid:
        raise ConfigFault(unknown("test", method, valid))
    difference = _differences(a, b)
    n, mean = difference.size, float(difference.mean())
    method = "sign_flip" if method == "auto" else method
    if n < 2:
        return PairedResult(mean, np.nan, n, method, "one subject: no test over subjects")
    if not np.any(difference):
        return PairedResult(mean, 1.0, n, method, "all differences are zero")
    if method == "wilcoxon":
        p = float(stats.wilcoxon(difference, alternative=alternative).pvalue)
    elif method == "t":
        p = _t_test(difference, alternative)
    else:
        p = _sign_flip(difference, alternative, n_resamples, random_state)
    return PairedResult(mean, p, n, method, _power_note(n, method, alternative))


def cohens_dz(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    r"""Return the standardised mean difference of paired scores.

    .. math:: d_z = \bar d / s_d, \quad d = a - b,\ s_d \text{ with } n - 1

    NaN for fewer than two pairs or differences without spread (0 when all are zero).

    Parameters
    ----------
    a, b : array-like of shape (n_subjects,)
        Paired scores.

    References
    ----------
    Lakens (2013), Front. Psychol. 4, 863.
    """
    difference = _differences(a, b)
    if not np.any(difference):
        return 0.0
    if difference.size < 2 or _constant(difference):
        return float("nan")
    return float(difference.mean() / difference.std(ddof=1))


def rank_biserial(a: npt.ArrayLike, b: npt.ArrayLike) -> float:
    r"""Return the matched-pairs rank-biserial correlation, from -1 to 1.

    .. math:: r = (W^+ - W^-) / (W^+ + W^-)

    over the ranks of the absolute differences; zero differences are dropped.

    Parameters
    ----------
    a, b : array-like of shape (n_subjects,)
        Paired scores.

    References
    ----------
    Kerby (2014), Compr. Psychol. 3, 11.IT.3.1.
    """
    difference = _differences(a, b)
    difference = difference[difference != 0]
    if difference.size == 0:
        return 0.0
    ranks = stats.rankdata(np.abs(difference))
    return float(np.sum(np.sign(difference) * ranks) / ranks.sum())


def mcnemar(
    correct_a: npt.ArrayLike, correct_b: npt.ArrayLike, *, alternative: Alternative = "two-sided"
) -> McNemarResult:
    r"""Compare two decoders on the same trials of one subject, exactly.

    Of the trials that only one decoder had right, :math:`n_a` went to the first; under the
    null :math:`n_a \sim \mathrm{Binomial}(n_a + n_b, \tfrac12)`.

    Parameters
    ----------
    correct_a, correct_b : array-like of bool, shape (n_trials,)
        Whether each decoder had each trial right.
    alternative : {"two-sided", "greater", "less"}, default="two-sided"
        "greater": the first decoder is right more often.

    References
    ----------
    McNemar (1947), Psychometrika 12, 153-157.
    """
    right_a, right_b = np.asarray(correct_a, dtype=bool), np.asarray(correct_b, dtype=bool)
    if right_a.shape != right_b.shape:
        raise DataFault(f"{right_a.size} trials of one decoder, {right_b.size} of the other")
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    if only_a + only_b == 0:
        return McNemarResult(0, 0, 1.0)
    p = stats.binomtest(only_a, only_a + only_b, 0.5, alternative=alternative).pvalue
    return McNemarResult(only_a, only_b, float(p))


def _differences(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Return a - b; differences below rounding error are exact zeros."""
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or first.size == 0:
        raise DataFault(f"paired scores of shapes {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise DataFault("a paired score is not finite", fix="leave out that subject for both")
    return np.asarray(
        np.where(np.isclose(first, second, rtol=1e-12, atol=1e-14), 0, first - second)
    )


def _constant(values: Floats) -> bool:
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _t_test(difference: Floats, alternative: Alternative) -> float:
    if _constant(difference):
        return float("nan")
    return float(stats.ttest_1samp(difference, 0.0, alternative=alternative).pvalue)


def _sign_flip(
    difference: Floats,
    alternative: Alternative,
    n_resamples: int,
    random_state: int | np.random.Generator | None,
) -> float:
    """Count sign flips whose mean is as extreme; the mean's null is symmetric about 0."""
    n = difference.size
    observed, sign = difference.mean(), -1.0 if alternative == "less" else 1.0
    exact = n <= EXACT_UP_TO
    if exact:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    else:
        bits = np.random.default_rng(random_state).integers(2, size=(n_resamples, n))
    null = sign * ((2.0 * bits - 1) @ difference) / n
    observed = sign * observed
    if alternative == "two-sided":
        null, observed = np.abs(null), abs(observed)
    if exact:
        return float(np.mean(null >= observed - 1e-12 * np.abs(difference).max()))
    return permutation_p(float(observed), null)


def _power_note(n: int, method: str, alternative: Alternative) -> str:
    """Say when no outcome could reach p = 0.05: the smallest p of a signed test is 2 / 2^n."""
    smallest = (2 if alternative == "two-sided" else 1) / 2**n
    if method == "t" or smallest <= 0.05:
        return ""
    return f"{n} pairs: the smallest possible p is {smallest:.3g}"
