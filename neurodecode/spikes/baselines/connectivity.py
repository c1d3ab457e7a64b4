"""Rivals that estimate who drives whom from spike counts; ``[i, j]`` is j's effect on i."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.spikes.baselines.poisson_glm import PopulationGLM

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.float64]


def pearson(counts: NDArray[Any], *, n_lags: int = 10) -> Floats:
    """Return the absolute correlation of counts in the same bins of ``n_lags`` narrow ones.

    Symmetric: it has no direction.

    Parameters
    ----------
    counts : ndarray, shape (n_bins, n_units)
    n_lags : int, default=10
        Narrow bins that are summed, so that an effect with a delay falls in the same wide bin.

    Raises
    ------
    DataFault
        If a unit's counts do not vary.
    """
    return _symmetric(np.corrcoef(_wide(counts, n_lags).T))


def partial_correlation(counts: NDArray[Any], *, n_lags: int = 10) -> Floats:
    r"""Return absolute correlations of two units given all others, in wide bins; symmetric.

    .. math:: |\rho_{ij}| = \frac{|P_{ij}|}{\sqrt{P_{ii} P_{jj}}}, \qquad P = \Sigma^{-1},

    with the covariance shrunk as by Ledoit and Wolf (2004).

    Parameters
    ----------
    counts, n_lags
        As for :func:`pearson`.

    Raises
    ------
    DataFault
        As :func:`pearson`.
    """
    wide = _wide(counts, n_lags)
    scaled = (wide - wide.mean(axis=0)) / wide.std(axis=0)
    precision = LedoitWolf(assume_centered=True).fit(scaled).precision_
    scale = np.sqrt(np.diag(precision))
    return _symmetric(precision / np.outer(scale, scale))


def lagged_correlation(counts: NDArray[Any], *, n_lags: int = 10) -> Floats:
    """Return the largest absolute correlation of i with the past of j over the lags.

    Parameters
    ----------
    counts : ndarray, shape (n_bins, n_units)
    n_lags : int, default=10
        Lags 1 to ``n_lags`` bins; at lag 0 there is no direction.

    Raises
    ------
    DataFault
        As :func:`pearson`, or if there are fewer bins than lags.
    """
    fired = _varying(counts)
    if len(fired) <= n_lags + 1:
        raise DataFault(f"{len(fired)} bins for {n_lags} lags", fix="record longer")
    scaled = (fired - fired.mean(axis=0)) / fired.std(axis=0)
    strength = np.zeros((fired.shape[1],) * 2)
    for lag in range(1, n_lags + 1):
        now, before = scaled[lag:], scaled[:-lag]
        strength = np.maximum(strength, np.abs(now.T @ before) / len(now))
    return _no_self(strength)


def glm_coupling(
    counts: NDArray[Any], *, n_lags: int = 10, covariates: NDArray[Any] | None = None
) -> Floats:
    """Return the coupling strengths of a Poisson regression on the past of all units.

    Parameters
    ----------
    counts : ndarray, shape (n_bins, n_units)
    n_lags : int, default=10
    covariates : ndarray, shape (n_bins, n_covariates), optional
        What drives several units at once, as stimulus and behaviour; taken into account.

    See Also
    --------
    neurodecode.spikes.baselines.poisson_glm.PopulationGLM.connectivity : What is returned.
    """
    return PopulationGLM(n_lags=n_lags).fit(counts, covariates).connectivity()


CONNECTIVITY: dict[str, Callable[..., Floats]] = {
    "Pearson": pearson,
    "partial correlation": partial_correlation,
    "lagged cross-correlation": lagged_correlation,
    "Poisson GLM": glm_coupling,
}
"""Estimators by name: ``CONNECTIVITY[name](counts, n_lags=...)``."""


def estimate_connectivity(name: str, counts: NDArray[Any], **options: Any) -> Floats:
    """Return the estimate (n_units, n_units) of a rival of :data:`CONNECTIVITY`.

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one.
    """
    if name not in CONNECTIVITY:
        raise ConfigFault(unknown("connectivity estimate", name, CONNECTIVITY))
    return CONNECTIVITY[name](counts, **options)


def _varying(counts: NDArray[Any]) -> Floats:
    fired = np.asarray(counts, dtype=np.float64)
    if fired.ndim != 2:
        raise DataFault(f"counts of shape {fired.shape}", fix="bins x units are wanted")
    still = np.flatnonzero(np.ptp(fired, axis=0) == 0)
    if still.size:
        raise DataFault(f"the counts of unit {still[0]} do not vary", fix="leave silent units out")
    return fired


def _wide(counts: NDArray[Any], n_narrow: int) -> Floats:
    """Sum narrow bins to wide ones; what is left at the end is left out."""
    fired = np.asarray(counts, dtype=np.float64)
    n_wide = len(fired) // n_narrow
    if n_wide < 2:
        raise DataFault(f"{len(fired)} bins for wide ones of {n_narrow}", fix="record longer")
    return _varying(fired[: n_wide * n_narrow].reshape(n_wide, n_narrow, -1).sum(axis=1))


def _symmetric(values: Any) -> Floats:
    """Return absolute values whose rounding does not pretend a direction."""
    size = np.abs(values)
    return _no_self((size + size.T) / 2)


def _no_self(strength: Any) -> Floats:
    result = np.array(strength, dtype=np.float64)
    np.fill_diagonal(result, 0.0)
    return result
