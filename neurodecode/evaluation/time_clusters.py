"""When a score lies above chance: cluster-based permutation test over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_UNITS = 5


def time_clusters(
    gains: NDArray[np.float64], *, n_permutations: int = 2000, seed: int = 0
) -> pd.DataFrame:
    r"""Find runs of times at which the mean gain is above 0, by sign flips.

    Neighbouring times with a one-sample t above the one-sided 5 % threshold form a cluster; its
    mass is the sum of t. Its p-value is the share of random sign flips of whole rows whose
    largest cluster is at least as heavy: one test for all times. Under the null hypothesis gains
    are symmetric about 0. A cluster says that there is an effect, not when exactly it begins.

    Parameters
    ----------
    gains : ndarray, shape (n_units, n_times)
        Score less chance, of each participant or picture; more is better.
    n_permutations : int, default=2000
    seed : int, default=0

    Returns
    -------
    DataFrame
        ``first, last`` (positions, both included), ``mass``, ``p``; by time. Empty with fewer
        than five units or without a cluster.

    Raises
    ------
    DataFault
        If a gain is not finite.

    References
    ----------
    Maris & Oostenveld (2007), Nonparametric statistical testing of EEG- and MEG-data.
    """
    from mne.stats import permutation_cluster_1samp_test
    from scipy.stats import t

    columns = ["first", "last", "mass", "p"]
    if not np.isfinite(gains).all():
        raise DataFault("a gain over chance is not finite")
    if len(gains) < FEWEST_UNITS:
        return pd.DataFrame(columns=columns)
    spread = gains.std(axis=0)
    if not (spread > 0).all():  # a time at which nothing varies has no t
        gains = gains + 1e-9 * np.random.default_rng(seed).standard_normal(gains.shape)
    threshold = float(t.ppf(0.95, len(gains) - 1))
    statistic, clusters, p_values, _ = permutation_cluster_1samp_test(
        gains, threshold=threshold, n_permutations=n_permutations, tail=1, seed=seed,
        out_type="indices", verbose="error",
    )  # fmt: skip
    rows = [
        (int(times[0].min()), int(times[0].max()), float(statistic[times[0]].sum()), float(p))
        for times, p in zip(clusters, p_values, strict=True)
    ]
    return pd.DataFrame(rows, columns=columns).sort_values("first", ignore_index=True)
