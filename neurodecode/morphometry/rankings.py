"""Rankings of measures by how well each tells two groups apart, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from neurodecode.faults import ConfigFault, unknown
from neurodecode.morphometry.relief import relieff

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def anova(X: ArrayLike, y: ArrayLike) -> Floats:
    r"""Return the F statistic of a one-way analysis of variance of each feature.

    .. math:: F = \frac{\sum_c n_c (\bar x_c - \bar x)^2 / (C - 1)}
              {\sum_c \sum_{i \in c} (x_i - \bar x_c)^2 / (n - C)}

    Shape (n_features,); 0 for a feature that does not vary, infinite for one that varies between
    the groups only.
    """
    values, codes, counts = _coded(X, y)
    means = _group_sums(values, codes, counts.size) / counts[:, None]
    between = counts @ (means - values.mean(axis=0)) ** 2
    within = np.sum((values - means[codes]) ** 2, axis=0)
    return _ratio(between / (counts.size - 1), within / (len(values) - counts.size))


def kruskal_wallis(X: ArrayLike, y: ArrayLike) -> Floats:
    r"""Return the Kruskal-Wallis H of each feature, corrected for ties.

    .. math:: H = \frac{\sum_c n_c (\bar r_c - \bar r)^2}{\sum_i (r_i - \bar r)^2 / (n - 1)}

    with the mid-ranks r. Shape (n_features,); 0 for a feature that does not vary.
    """
    values, codes, counts = _coded(X, y)
    ranks = stats.rankdata(values, axis=0)
    means = _group_sums(ranks, codes, counts.size) / counts[:, None]
    centre = (len(values) + 1) / 2
    return _ratio(
        counts @ (means - centre) ** 2, np.sum((ranks - centre) ** 2, axis=0) / (len(values) - 1)
    )


def chi_square(X: ArrayLike, y: ArrayLike, *, n_bins: int = 10) -> Floats:
    """Return -log10 of the p value of a chi-square test of each feature, in bins, against y.

    Parameters
    ----------
    X : array-like, shape (n_subjects, n_features)
    y : array-like, shape (n_subjects,)
    n_bins : int, default=10
        Of equal frequency; values that are equal share a bin.

    Returns
    -------
    ndarray, shape (n_features,)
        Larger is better; 0 for a feature that does not vary.
    """
    values, codes, counts = _coded(X, y)
    table = _contingency(quantile_bins(values, n_bins), codes, n_bins, counts.size)
    of_bin = table.sum(axis=2)
    expected = of_bin[:, :, None] * counts / len(values)
    statistic = np.divide(
        (table - expected) ** 2, expected, out=np.zeros_like(expected), where=expected > 0
    ).sum(axis=(1, 2))
    freedom = (np.sum(of_bin > 0, axis=1) - 1) * (counts.size - 1)
    log_p = np.where(freedom > 0, stats.chi2.logsf(statistic, np.maximum(freedom, 1)), 0.0)
    return np.asarray(-log_p / np.log(10))


def mrmr(X: ArrayLike, y: ArrayLike, *, n_bins: int = 5) -> Floats:
    r"""Return the place of each feature by minimum redundancy and maximum relevance.

    Features are taken one after the other, next the one with the largest quotient

    .. math:: \frac{I(x_j; y)}{\frac{1}{|S|} \sum_{l \in S} I(x_j; x_l)}

    of its mutual information with the group to the mean one with those already taken, S. Mutual
    information is that of the histogram in bins of equal frequency.

    Parameters
    ----------
    X : array-like, shape (n_subjects, n_features)
    y : array-like, shape (n_subjects,)
    n_bins : int, default=5

    Returns
    -------
    ndarray, shape (n_features,)
        n_features for the one taken first, 1 for the last.

    References
    ----------
    Ding and Peng (2005), Journal of Bioinformatics and Computational Biology 3:185.
    """
    values, codes, counts = _coded(X, y)
    one_hot = np.equal.outer(quantile_bins(values, n_bins), np.arange(n_bins)).astype(float)
    of_group = np.equal.outer(codes, np.arange(counts.size)).astype(float)[:, None, :]
    relevance = _mutual_information(one_hot, of_group)[:, 0]
    redundancy = _mutual_information(one_hot, one_hot)
    n_features = values.shape[1]
    places = np.zeros(n_features)
    taken, summed = np.zeros(n_features, dtype=bool), np.zeros(n_features)
    for step in range(n_features):
        mean = summed / step if step else np.ones(n_features)
        quotient = relevance / np.maximum(mean, 1e-12)
        chosen = int(np.argmax(np.where(taken, -np.inf, quotient)))
        places[chosen], taken[chosen] = n_features - step, True
        summed += redundancy[chosen]
    return places


def quantile_bins(values: Floats, n_bins: int) -> NDArray[np.intp]:
    """Return the bin, from 0, of each value among those of its column; bins of equal frequency."""
    edges = np.quantile(values, np.arange(1, n_bins) / n_bins, axis=0)
    return np.asarray((values[:, None, :] > edges).sum(axis=1))


def rank_features(ranking: str, X: ArrayLike, y: ArrayLike) -> Floats:
    """Return the scores of a ranking by name, shape (n_features,), larger is better.

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one.
    """
    return ranking_of(ranking)(X, y)


def ranking_of(name: str) -> Callable[[ArrayLike, ArrayLike], Floats]:
    """Return a ranking of :data:`RANKINGS`; an unknown name raises ConfigFault."""
    if name not in RANKINGS:
        raise ConfigFault(unknown("ranking", name, RANKINGS))
    return RANKINGS[name]


def order_of(scores: Floats) -> NDArray[np.intp]:
    """Return features from the best to the worst; equal scores in their order in the table."""
    return np.asarray(np.argsort(-scores, kind="stable"))


def _coded(X: ArrayLike, y: ArrayLike) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
    values = np.asarray(X, dtype=float)
    _, codes, counts = np.unique(np.asarray(y), return_inverse=True, return_counts=True)
    return values, codes, counts


def _group_sums(values: Floats, codes: NDArray[np.intp], n_groups: int) -> Floats:
    return np.asarray(np.equal.outer(np.arange(n_groups), codes).astype(float) @ values)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """Divide; 0 / 0 is 0, anything else over 0 is infinite."""
    tiny = np.finfo(float).tiny
    whole = np.where(top > tiny, np.inf, 0.0)
    return np.asarray(np.divide(top, bottom, out=whole, where=bottom > tiny))


def _contingency(
    bins: NDArray[np.intp], codes: NDArray[np.intp], n_bins: int, n_groups: int
) -> Floats:
    """Count people by feature, bin and group, shape (n_features, n_bins, n_groups)."""
    one_hot = np.equal.outer(bins, np.arange(n_bins)).astype(float)
    groups = np.equal.outer(codes, np.arange(n_groups)).astype(float)
    return np.asarray(np.tensordot(one_hot, groups, axes=(0, 0)))


def _mutual_information(first: Floats, second: Floats) -> Floats:
    """Return I in nats of variables given as indicators (n_subjects, n_variables, n_values)."""
    n, p, b = first.shape
    joint = (first.reshape(n, -1).T @ second.reshape(n, -1)) / n
    joint = joint.reshape(p, b, second.shape[1], second.shape[2])
    product = joint.sum(axis=3, keepdims=True) * joint.sum(axis=1, keepdims=True)
    filled = joint > 0
    ratio = np.divide(joint, product, out=np.ones_like(joint), where=filled)
    return np.asarray(np.einsum("ibjc,ibjc->ij", joint, np.log(ratio)))


RANKINGS: dict[str, Callable[[ArrayLike, ArrayLike], Floats]] = {
    "relieff": relieff,
    "mrmr": mrmr,
    "anova": anova,
    "kruskal-wallis": kruskal_wallis,
    "chi-square": chi_square,
}
"""Rankings by name: scores (n_features,) of measures and groups, larger is better."""
