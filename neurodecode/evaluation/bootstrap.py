"""Bootstrap confidence intervals, over trials or over whole subjects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from neurodecode.faults import DataFault

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Seed = int | np.random.Generator | None
Statistic = Callable[..., float]
BLOCK = 2_000_000
"""Most numbers drawn at a time, so that memory stays near 16 MB."""


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes
    ----------
    estimate, low, high : float
        In the unit of the statistic. The bounds are NaN when a single value was given.
    level : float
        Nominal coverage.
    n : int
        Number of values.
    n_clusters : int or None
        Number of clusters; None when the data were not clustered.
    unit : str
        What was resampled: "subject" (whole clusters) or "trial" (single values).
    """

    estimate: float
    low: float
    high: float
    level: float
    n: int
    n_clusters: int | None
    unit: str


def bootstrap_ci(
    statistic: Statistic,
    *data: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = 2000,
    method: Literal["bca", "percentile"] = "bca",
    expand: bool = False,
    random_state: Seed = None,
    unit: str = "trial",
    cluster_unit: str = "subject",
) -> Interval:
    r"""Return a bootstrap confidence interval of ``statistic(*data)``.

    Rows of all arrays are drawn together. BCa takes the quantiles

    .. math::

        \Phi\Bigl(z_0 + \frac{z_0 + z_\alpha}{1 - a (z_0 + z_\alpha)}\Bigr), \quad
        z_0 = \Phi^{-1}\Bigl(P(\theta^* < \theta) + \tfrac12 P(\theta^* = \theta)\Bigr), \quad
        a = \frac{\sum_i (\bar\theta - \theta_{(i)})^3}
                 {6\,[\sum_i (\bar\theta - \theta_{(i)})^2]^{3/2}}

    with the jackknife values :math:`\theta_{(i)}`. With ``clusters``, whole clusters are
    drawn and left out, because trials of one subject are not independent. With a single
    cluster the trials are resampled instead and ``unit`` says so.

    With few units both methods are too narrow: a 95 % BCa interval of a normal mean covers it
    89 % of the time for 8 units. ``expand`` replaces the nominal tail :math:`\alpha` by
    :math:`\Phi(\sqrt{n/(n-1)}\; t_{\alpha, n-1})`, which gives 95 % for 8 units and 92 % for
    5. Below 5 (75 % for 3) no bootstrap helps: it cannot reach beyond the values it has.

    Parameters
    ----------
    statistic : callable
        Takes the arrays, returns a number. ``numpy.mean`` of one vector is vectorised.
    *data : array-like of shape (n, ...)
        One or more arrays of equal length.
    clusters : array-like of shape (n,) or None, default=None
        Label of the cluster (subject) of each row.
    level : float, default=0.95
        Nominal coverage.
    n_resamples : int, default=2000
        Number of bootstrap samples.
    method : {"bca", "percentile"}, default="bca"
        BCa falls back to percentile where it is undefined: all resamples on one side.
    expand : bool, default=False
        Widen for few units; off, the interval is that of :func:`scipy.stats.bootstrap`.
    random_state : int, Generator or None, default=None
        Seed.
    unit, cluster_unit : str, default="trial", "subject"
        Names of the rows and of the clusters.

    Raises
    ------
    DataFault
        If arrays differ in length or are empty, or if the statistic is not finite on the
        data or on more than one resample in ten.

    References
    ----------
    Efron (1987), J. Am. Stat. Assoc. 82, 171-185; Davison & Hinkley (1997), section 3.8,
    for the resampling of clusters; Hesterberg (2015), Am. Stat. 69, 371-386, for ``expand``.
    """
    arrays = _aligned(data)
    n = arrays[0].shape[0]
    members, n_clusters = _members(clusters, n)
    sampled = cluster_unit if n_clusters is not None and n_clusters > 1 else unit
    estimate = float(statistic(*arrays))
    if not np.isfinite(estimate):
        raise DataFault(f"the statistic is {estimate} on the data", fix="check for NaN scores")
    if len(members) < 2:
        return Interval(estimate, np.nan, np.nan, level, n, n_clusters, sampled)
    draw = _mean_draws if _is_plain_mean(statistic, arrays) else _draws
    resampled = _finite(draw(statistic, arrays, members, n_resamples, random_state))
    tails = nominal_tails(level, len(members) if expand else None)
    if method == "bca":
        tails = bca_tails(tails, estimate, resampled, _jackknife(statistic, arrays, members))
    low, high = np.quantile(resampled, tails)
    return Interval(estimate, float(low), float(high), level, n, n_clusters, sampled)


def mean_ci(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike | None = None,
    *,
    level: float = 0.95,
    n_resamples: int = 2000,
    method: Literal["bca", "percentile"] = "bca",
    expand: bool = False,
    random_state: Seed = None,
    unit: str = "trial",
    cluster_unit: str = "subject",
) -> Interval:
    """Return the mean of ``values`` with its bootstrap confidence interval.

    See :func:`bootstrap_ci` for the parameters, the formula and what is raised. The mean is
    over all values: a cluster with more values weighs more.
    """
    return bootstrap_ci(
        np.mean,
        np.asarray(values, dtype=float).ravel(),
        clusters=clusters,
        level=level,
        n_resamples=n_resamples,
        method=method,
        expand=expand,
        random_state=random_state,
        unit=unit,
        cluster_unit=cluster_unit,
    )


def bca_tails(tails: Floats, estimate: float, resampled: Floats, jackknifed: Floats) -> Floats:
    """Return the BCa quantile levels for nominal ``tails``; these themselves if undefined.

    Parameters
    ----------
    tails : ndarray of shape (2,)
        Nominal probabilities, such as 0.025 and 0.975.
    estimate : float
        Statistic on the data.
    resampled, jackknifed : ndarray of shape (n_resamples,), (n_units,)
        Statistic on the bootstrap and leave-one-out samples.
    """
    close = np.isclose(resampled, estimate, rtol=1e-12, atol=1e-12)
    below = np.mean((resampled < estimate) & ~close) + 0.5 * np.mean(close)
    if not 0 < below < 1 or not np.isfinite(jackknifed).all() or tails.max() == 1:
        return tails
    bias = stats.norm.ppf(below)
    spread = jackknifed.mean() - jackknifed
    scale = 6 * np.sum(spread**2) ** 1.5
    acceleration = np.sum(spread**3) / scale if scale > 0 else 0.0
    shifted = bias + stats.norm.ppf(tails)
    slope = 1 - acceleration * shifted
    return np.asarray(stats.norm.cdf(bias + shifted / slope)) if np.all(slope > 0) else tails


def nominal_tails(level: float, n_units: int | None) -> Floats:
    """Return both tail probabilities, widened to those of Student's t for ``n_units``.

    See ``expand`` of :func:`bootstrap_ci`; None leaves them as they are.
    """
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if n_units is None:
        return tails
    quantiles = stats.t.ppf(tails, n_units - 1) * np.sqrt(n_units / (n_units - 1))
    return np.asarray(stats.norm.cdf(quantiles))


def _aligned(data: tuple[npt.ArrayLike, ...]) -> list[Array]:
    arrays = [np.asarray(entry) for entry in data]
    lengths = [entry.shape[0] if entry.ndim else 0 for entry in arrays]
    if not lengths or min(lengths) == 0:
        raise DataFault("no values to resample")
    if len(set(lengths)) > 1:
        raise DataFault(f"arrays of different length: {', '.join(map(str, lengths))}")
    return arrays


def _members(clusters: npt.ArrayLike | None, n: int) -> tuple[list[Array], int | None]:
    """Return the row numbers of each unit that is drawn, and the number of clusters."""
    rows = np.arange(n)
    if clusters is None:
        return [rows[i : i + 1] for i in rows], None
    labels = np.asarray(clusters)
    if labels.shape != (n,):
        raise DataFault(f"{labels.size} cluster labels for {n} values")
    _, codes = np.unique(labels, return_inverse=True)
    n_clusters = int(codes.max()) + 1
    if n_clusters == 1:
        return [rows[i : i + 1] for i in rows], 1
    return [np.flatnonzero(codes == code) for code in range(n_clusters)], n_clusters


def _is_plain_mean(statistic: Statistic, arrays: list[Array]) -> bool:
    return statistic is np.mean and len(arrays) == 1 and arrays[0].ndim == 1


def _mean_draws(
    _: Statistic, arrays: list[Array], members: list[Array], n_resamples: int, seed: Seed
) -> Floats:
    """Draw means through the sum and size of each unit: no resample is ever copied."""
    rng = np.random.default_rng(seed)
    sums = np.array([arrays[0][rows].sum() for rows in members])
    sizes = np.array([rows.size for rows in members])
    drawn = np.empty(n_resamples)
    step = max(1, BLOCK // len(members))
    for start in range(0, n_resamples, step):
        stop = min(start + step, n_resamples)
        picks = rng.integers(len(members), size=(stop - start, len(members)))
        drawn[start:stop] = sums[picks].sum(axis=1) / sizes[picks].sum(axis=1)
    return drawn


def _draws(
    statistic: Statistic, arrays: list[Array], members: list[Array], n_resamples: int, seed: Seed
) -> Floats:
    rng = np.random.default_rng(seed)
    drawn = np.empty(n_resamples)
    for b in range(n_resamples):
        picks = rng.integers(len(members), size=len(members))
        rows = np.concatenate([members[pick] for pick in picks])
        drawn[b] = statistic(*(entry[rows] for entry in arrays))
    return drawn


def _jackknife(statistic: Statistic, arrays: list[Array], members: list[Array]) -> Floats:
    if _is_plain_mean(statistic, arrays):
        sums = np.array([arrays[0][rows].sum() for rows in members])
        sizes = np.array([rows.size for rows in members])
        return np.asarray((sums.sum() - sums) / (sizes.sum() - sizes))
    keep = np.ones(arrays[0].shape[0], dtype=bool)
    values = np.empty(len(members))
    for i, rows in enumerate(members):
        keep[rows] = False
        values[i] = statistic(*(entry[keep] for entry in arrays))
        keep[rows] = True
    return values


def _finite(resampled: Floats) -> Floats:
    """Drop undefined resamples (one class drawn), unless they are more than one in ten."""
    finite = np.isfinite(resampled)
    if finite.mean() < 0.9:
        share = 100 * (1 - finite.mean())
        raise DataFault(
            f"the statistic is undefined on {share:.0f} % of the resamples",
            fix="more trials per class, or resample within class",
        )
    return resampled[finite]
