"""Group differences measure by measure: tests, false discovery rate and effect sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from neurodecode.faults import DataFault
from neurodecode.morphometry.subjects import finite_columns, measures_of, two_groups

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def region_statistics(
    table: pd.DataFrame, groups: ArrayLike, *, alpha: float = 0.05, level: float = 0.95
) -> pd.DataFrame:
    """Compare converters with stable controls in every measure.

    A two-sided Welch test per measure; p values are adjusted for their number by Benjamini and
    Hochberg. Give z-scores (:class:`PolynomialHarmonizer`) to compare deviations from healthy
    ageing. If the harmonizer was fitted on these same controls, their residuals are a little too
    small, so the tests are a little liberal.

    Parameters
    ----------
    table : DataFrame
        Columns that are measures; covariates are ignored.
    groups : array-like, shape (n_subjects,)
        0 stable control, 1 converter.
    alpha : float, default=0.05
        False discovery rate.
    level : float, default=0.95
        Coverage of the interval of g.

    Returns
    -------
    DataFrame
        Columns ``measure``, ``mean_stable``, ``mean_converter``, ``hedges_g``, ``ci_low``,
        ``ci_high``, ``t``, ``p``, ``p_fdr``, ``significant``; smallest p first. g is above 0 where
        converters have more.

    Raises
    ------
    DataFault
        If a value is missing or a group has fewer than two people.
    """
    measures = measures_of(table)
    values, codes = finite_columns(table, measures), two_groups(groups, len(table))
    stable, converter = values[codes == 0], values[codes == 1]
    if min(len(stable), len(converter)) < 2:
        raise DataFault(f"{len(stable)} stable and {len(converter)} converters: a test needs two")
    varies = (stable.std(axis=0) > 0) | (converter.std(axis=0) > 0)
    t, p = np.zeros(len(measures)), np.ones(len(measures))
    tested = stats.ttest_ind(converter[:, varies], stable[:, varies], equal_var=False)
    t[varies], p[varies] = tested.statistic, tested.pvalue
    adjusted = stats.false_discovery_control(p, method="bh")
    g, low, high = hedges_g(converter, stable, level=level)
    found = pd.DataFrame({
        "measure": measures, "mean_stable": stable.mean(axis=0),
        "mean_converter": converter.mean(axis=0), "hedges_g": g, "ci_low": low, "ci_high": high,
        "t": t, "p": p, "p_fdr": adjusted, "significant": adjusted < alpha,
    })  # fmt: skip
    return found.sort_values("p", kind="stable", ignore_index=True)


def hedges_g(
    first: ArrayLike, second: ArrayLike, *, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    r"""Return the standardised mean difference, corrected for small samples, with its interval.

    .. math::

        g = \Bigl(1 - \frac{3}{4 \nu - 1}\Bigr) \frac{\bar x_1 - \bar x_2}{s_p}, \qquad
        \operatorname{var} g = \frac{n_1 + n_2}{n_1 n_2} + \frac{g^2}{2 (n_1 + n_2)}, \qquad
        \nu = n_1 + n_2 - 2

    with the pooled SD :math:`s_p`; the interval is the normal one.

    Parameters
    ----------
    first, second : array-like, shape (n_1, n_features), (n_2, n_features)
    level : float, default=0.95

    Returns
    -------
    g, low, high : ndarray, shape (n_features,)
        0 where nothing varies.

    References
    ----------
    Hedges and Olkin (1985), Statistical Methods for Meta-Analysis, chapter 5.
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    freedom = len(a) + len(b) - 2
    pooled = (np.sum((a - a.mean(axis=0)) ** 2, axis=0)
              + np.sum((b - b.mean(axis=0)) ** 2, axis=0)) / freedom  # fmt: skip
    difference = a.mean(axis=0) - b.mean(axis=0)
    d = np.divide(difference, np.sqrt(pooled), out=np.zeros_like(pooled), where=pooled > 0)
    g = (1 - 3 / (4 * freedom - 1)) * d
    error = np.sqrt((len(a) + len(b)) / (len(a) * len(b)) + g**2 / (2 * (len(a) + len(b))))
    reach = stats.norm.ppf((1 + level) / 2) * error
    return g, g - reach, g + reach
