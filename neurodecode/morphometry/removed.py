"""What a harmonisation leaves of age, sex, head size and site in the measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.evaluation.cohort_splits import deal
from neurodecode.morphometry.fold_features import make_harmonizer
from neurodecode.morphometry.subjects import COVARIATES, finite_columns, measures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.morphometry.settings import SearchSettings

    Floats = NDArray[np.float64]

EXPLAINED = ("age", "sex", "etiv", "site")


def explained_variance(
    table: pd.DataFrame,
    groups: NDArray[np.intp],
    settings: SearchSettings,
    harmonisations: Sequence[str],
    *,
    n_folds: int = 5,
) -> pd.DataFrame:
    r"""Return how much of the measures of healthy people each covariate explains, before and after.

    Everybody is harmonised by a model fitted without them (folds by person, with equal shares of
    groups and sites). Then, per measure and covariate, among people of group 0 alone,

    .. math:: R^2_\text{adj} = 1 - (1 - R^2) \frac{n - 1}{n - k - 1}

    with age as a polynomial of degree 2 (k = 2), site as categories, the others linear. It is
    about 0, also below, where nothing is left.

    Parameters
    ----------
    table : DataFrame
        Subject table.
    groups : ndarray, shape (n_subjects,)
    settings : SearchSettings
        Of the harmonisation.
    harmonisations : sequence of str
        "raw" among them for the values before.
    n_folds : int, default=5

    Returns
    -------
    DataFrame
        One row per harmonisation and covariate: ``median``, ``low``, ``high`` (10 % and 90 % of
        the measures), ``n_measures``, ``n`` people. Covariates that are absent, constant or
        missing for somebody are left out.
    """
    measures, healthy = measures_of(table), groups == 0
    sites = table["site"].astype(str) if "site" in table else pd.Series("", table.index)
    strata: NDArray[np.intp] = np.unique(sites + " " + groups.astype(str), return_inverse=True)[1]
    folds = deal(strata, n_folds, settings.seed)
    designs = {name: found for name in EXPLAINED
               if (found := _design(table[healthy], name)) is not None}  # fmt: skip
    rows = []
    for harmonisation in harmonisations:
        values = _harmonised(table, groups, measures, settings, harmonisation, folds)[healthy]
        for name, design in designs.items():
            found = _adjusted(design, values)
            low, middle, high = np.quantile(found, (0.1, 0.5, 0.9))
            rows.append({
                "harmonisation": harmonisation, "covariate": name, "median": float(middle),
                "low": float(low), "high": float(high), "n_measures": len(measures),
                "n": int(healthy.sum()),
            })  # fmt: skip
    return pd.DataFrame(rows)


def _harmonised(
    table: pd.DataFrame, groups: NDArray[np.intp], measures: list[str], settings: SearchSettings,
    harmonisation: str, folds: NDArray[np.intp],
) -> Floats:  # fmt: skip
    values = finite_columns(table, measures)
    if harmonisation == "raw":
        return values
    used = table[[name for name in table if name in COVARIATES or name in measures]]
    found = np.full(values.shape, np.nan)
    for fold in np.unique(folds):
        test = folds == fold
        harmonizer = make_harmonizer(harmonisation, settings)
        harmonizer.fit(used[~test], groups[~test])
        columns = [list(harmonizer.measures_).index(name) for name in measures]
        found[test] = harmonizer.transform(used[test])[:, columns]
    return found


def _design(table: pd.DataFrame, covariate: str) -> Floats | None:
    """Return the columns of a covariate beside the constant; None where it says nothing."""
    if covariate not in table or table[covariate].isna().any():
        return None
    if covariate == "site":
        dummies = pd.get_dummies(table["site"].astype(str), drop_first=True, dtype=float)
        return dummies.to_numpy() if dummies.shape[1] else None
    x = table[covariate].to_numpy(float)
    if np.ptp(x) == 0:
        return None
    u = (x - x.mean()) / x.std()
    return np.stack([u, u**2], axis=1) if covariate == "age" else u[:, None]


def _adjusted(design: Floats, values: Floats) -> Floats:
    n, k = design.shape
    full = np.column_stack([np.ones(n), design])
    residuals = values - full @ np.linalg.lstsq(full, values, rcond=None)[0]
    total = np.sum((values - values.mean(axis=0)) ** 2, axis=0)
    left = np.sum(residuals**2, axis=0)
    share = np.divide(left, total, out=np.ones_like(total), where=total > 0)
    return np.asarray(1 - share * (n - 1) / (n - k - 1))
