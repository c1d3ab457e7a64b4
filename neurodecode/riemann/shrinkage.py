"""Shrinkage of covariances for samples that are correlated in time (beyond the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from neurodecode.riemann.augmented import Array


def lag_ledoit_wolf(x: ArrayLike, *, max_lag: int | None = None) -> Array:
    r"""Covariance shrunk toward its mean variance, with the intensity corrected for time.

    .. math:: \hat C = (1 - \lambda) S + \lambda \frac{\mathrm{tr} S}{n} I, \qquad
              \lambda = \min\Big(1, \frac{\sum_{ij} \widehat{\mathrm{Var}}(S_{ij})}
              {\| S - \frac{\mathrm{tr} S}{n} I \|_F^2}\Big)

    Ledoit and Wolf take samples as independent, which makes the variance of S, and with it
    :math:`\lambda`, too small for filtered signals. Here it is

    .. math:: \sum_{ij} \widehat{\mathrm{Var}}(S_{ij}) = \frac{1}{N} \Big( \Gamma_0
              + 2 \sum_{s=1}^{b} \big(1 - \tfrac{s}{b+1}\big) \Gamma_s \Big), \qquad
              \Gamma_s = \frac{1}{N} \sum_t \sum_{ij} y^{ij}_t y^{ij}_{t+s},

    with :math:`y^{ij}_t = x^i_t x^j_t - S_{ij}`.

    Parameters
    ----------
    x : array-like, shape (n_channels, n_samples)
    max_lag : int, default=None
        The bandwidth b; 0 gives Ledoit and Wolf's estimator. Default: the square root of the
        number of samples, rounded down.

    Returns
    -------
    ndarray, shape (n_channels, n_channels)
        S has divisor N, as in scikit-learn's ``ledoit_wolf``.

    Raises
    ------
    DataFault
        If the signal is not two-dimensional or not longer than the bandwidth.

    References
    ----------
    Sancetta (2008), Sample covariance shrinkage for high dimensional dependent data.
    Bartz and Mueller (2014), Covariance shrinkage for autocorrelated data.
    """
    signal: Array = np.asarray(x, dtype=np.float64)
    if signal.ndim != 2:
        raise DataFault(f"expected channels x samples, got shape {signal.shape}")
    n, n_samples = signal.shape
    bandwidth = int(np.sqrt(n_samples)) if max_lag is None else max_lag
    if not 0 <= bandwidth < n_samples:
        raise DataFault(f"{n_samples} samples are too few for a bandwidth of {bandwidth}")
    signal = signal - signal.mean(axis=1, keepdims=True)
    S = signal @ signal.T / n_samples
    target = np.trace(S) / n * np.eye(n)
    spread = float(np.square(S - target).sum())
    variance = _summed_variance(signal, S, bandwidth)
    intensity = min(1.0, max(0.0, variance) / spread) if spread > 0 else 1.0
    shrunk: Array = (1 - intensity) * S + intensity * target
    return shrunk


def _summed_variance(x: Array, S: Array, bandwidth: int) -> float:
    r"""Sum over the entries of S of their variance.

    By :math:`\sum_{ij} y^{ij}_t y^{ij}_u = (x_t^\top x_u)^2 - x_t^\top S x_t - x_u^\top S x_u
    + \|S\|_F^2`, which needs no product of entries.
    """
    n_samples: int = x.shape[1]
    quadratic: Array = np.einsum("it,it->t", x, S @ x)
    constant = float(np.sum(np.square(S)))
    total: float = 0.0
    for s in range(bandwidth + 1):
        now, later = slice(0, n_samples - s), slice(s, n_samples)
        inner = np.square(np.einsum("it,it->t", x[:, now], x[:, later]))
        gamma = float((inner - quadratic[now] - quadratic[later] + constant).sum()) / n_samples
        total += gamma if s == 0 else 2 * (1 - s / (bandwidth + 1)) * gamma
    return total / n_samples


ESTIMATORS = {"lag_lwf": lag_ledoit_wolf}
"""Estimators that pyRiemann does not have, by the name ``AugmentedCovariances`` knows."""
