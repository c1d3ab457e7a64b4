"""Differences between models that were tested in the same replicates and folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from neurodecode.evaluation.comparison import holm
from neurodecode.morphometry.summary import TAILS, corrected_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PLACE = ["replicate", "fold"]


def compare_models(
    folds: pd.DataFrame,
    resampled: pd.DataFrame,
    values: Mapping[str, float],
    reference: str,
    others: Sequence[str],
    metric: str,
) -> pd.DataFrame:
    r"""Compare a model with others, paired over folds and over people.

    The test is Student's t over the differences of the J single folds with the variance of Nadeau
    and Bengio, :math:`(1/J + n_{test}/n_{train})\, s^2`: folds of replicates share most of their
    training people, and a plain paired test over them calls far too much significant. The second
    interval draws people anew, the same ones for both models, given the models fitted. The interval
    reported spans both.

    Parameters
    ----------
    folds : DataFrame
        ``model``, ``replicate``, ``fold`` and the metric.
    resampled : DataFrame
        ``model``, ``resample`` and the metric.
    values : mapping of str to float
        Score of each model.
    reference : str
    others : sequence of str
    metric : str

    Returns
    -------
    DataFrame
        One row per other model: ``model``, ``difference`` (reference minus other), ``ci_low``,
        ``ci_high``, ``corrected_low``, ``corrected_high``, ``people_low``, ``people_high``, ``p``
        (two-sided) and ``p_holm``. Empty if the reference or all others are absent.

    References
    ----------
    Nadeau and Bengio (2003), Machine Learning 52:239.
    """
    by_fold = folds.pivot_table(index=PLACE, columns="model", values=metric, dropna=False)
    by_draw = resampled.pivot_table(index="resample", columns="model", values=metric)
    present = [name for name in others if name in by_fold and name != reference]
    if reference not in by_fold or not present:
        return pd.DataFrame()
    n_folds = int(by_fold.groupby(level="replicate").size().max())
    rows = []
    for name in present:
        difference = values[reference] - values[name]
        rows.append({"model": name, **difference_row(
            difference, (by_fold[reference] - by_fold[name]).to_numpy(float), n_folds,
            (by_draw[reference] - by_draw[name]).to_numpy(float),
        )})  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p"].to_numpy(float)))


def difference_row(
    difference: float, of_folds: Floats, n_folds: int, of_people: Floats
) -> dict[str, float]:
    """Return a difference with both intervals, the one that spans them, and p.

    Parameters
    ----------
    difference : float
    of_folds : ndarray
        Differences of single folds.
    n_folds : int
        Of a replicate.
    of_people : ndarray
        Differences in resamples of people.
    """
    error, freedom = corrected_error(of_folds, n_folds)
    reach = float(stats.t.ppf(TAILS[1], freedom) * error) if freedom else np.nan
    low, high = (float(v) for v in np.quantile(of_people, TAILS))
    if not freedom:
        p = np.nan
    elif error == 0:
        p = 1.0 if difference == 0 else 0.0
    else:
        p = float(2 * stats.t.sf(abs(difference) / error, freedom))
    return {
        "difference": difference,
        "ci_low": float(np.nanmin([low, difference - reach])),
        "ci_high": float(np.nanmax([high, difference + reach])),
        "corrected_low": difference - reach, "corrected_high": difference + reach,
        "people_low": low, "people_high": high, "p": p,
    }  # fmt: skip
