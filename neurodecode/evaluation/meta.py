"""Meta-analysis: the same comparison in several data sets, combined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.paired import paired_test
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

ALL = "all data sets"


def stouffer(p_values: npt.ArrayLike, n: npt.ArrayLike) -> float:
    r"""Combine one-sided p-values of independent data sets.

    .. math:: z = \frac{\sum_i \sqrt{n_i}\, \Phi^{-1}(1 - p_i)}{\sqrt{\sum_i n_i}}

    Parameters
    ----------
    p_values : array-like, shape (n_datasets,)
        One-sided p-values; NaN (no test) is left out.
    n : array-like, shape (n_datasets,)
        Subjects of each data set.

    Returns
    -------
    float
        Combined one-sided p; NaN if there is none to combine. Values of 0 and 1 count as half
        of what an exact test with so many subjects can tell.

    References
    ----------
    Stouffer et al. (1949); the weights are those of MOABB's meta-analysis.
    """
    p, weights = np.asarray(p_values, float), np.sqrt(np.asarray(n, float))
    # An exact test of n subjects knows p to 1 in 2^n; p = 1 would outweigh everything.
    finest = 0.5 ** (np.minimum(weights**2, 15) + 1)
    p = np.clip(p, finest, 1 - finest)
    tested = ~np.isnan(p)
    if not tested.any():
        return float("nan")
    z = stats.norm.isf(p[tested]) @ weights[tested] / np.linalg.norm(weights[tested])
    return float(stats.norm.sf(z))


def meta_analysis(
    differences: Mapping[str, npt.ArrayLike], *, n_resamples: int = 10_000, random_state: int = 0
) -> pd.DataFrame:
    """Combine paired differences of two decoders over data sets.

    Parameters
    ----------
    differences : mapping of data set to array-like, shape (n_subjects,)
        Score of the one decoder minus that of the other, per subject.
    n_resamples : int, default=10000
        Bootstrap samples of subjects, drawn within each data set, for the combined interval.

    Returns
    -------
    DataFrame
        ``dataset, n, difference, ci_low, ci_high, p, p_less``, one row per data set and a last
        row for all: the mean over all subjects, and Stouffer's combination of the one-sided
        sign-flip p-values ("greater", and "less").

    Raises
    ------
    DataFault
        If there is no data set.
    """
    if not differences:
        raise DataFault("no data set to combine")
    arrays = {name: np.asarray(values, float) for name, values in differences.items()}
    rows = [_row(name, values, random_state) for name, values in arrays.items()]
    n = [row["n"] for row in rows]
    pooled = np.concatenate(list(arrays.values()))
    rng = np.random.default_rng(random_state)
    draws = np.zeros(n_resamples)
    for values in arrays.values():
        picks = rng.integers(0, len(values), size=(n_resamples, len(values)))
        draws += values[picks].sum(axis=1)
    low, high = np.quantile(draws / len(pooled), [0.025, 0.975])
    rows.append(
        {
            "dataset": ALL,
            "n": len(pooled),
            "difference": float(pooled.mean()),
            "ci_low": float(low),
            "ci_high": float(high),
            "p": stouffer([row["p"] for row in rows], n),
            "p_less": stouffer([row["p_less"] for row in rows], n),
        }
    )
    return pd.DataFrame(rows)


def _row(name: str, values: npt.NDArray[np.float64], seed: int) -> dict[str, Any]:
    row: dict[str, Any] = {"dataset": name, "n": len(values), "difference": float(values.mean())}
    if len(values) < 2:
        return {**row, "ci_low": np.nan, "ci_high": np.nan, "p": np.nan, "p_less": np.nan}
    ci = mean_ci(values, expand=True, random_state=seed, unit="subject")
    zero = np.zeros_like(values)
    greater = paired_test(values, zero, alternative="greater", random_state=seed)
    less = paired_test(values, zero, alternative="less", random_state=seed)
    return {**row, "ci_low": ci.low, "ci_high": ci.high, "p": greater.p_value,
            "p_less": less.p_value}  # fmt: skip
