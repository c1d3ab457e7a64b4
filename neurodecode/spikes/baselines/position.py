"""Where an animal is, from spikes: the memoryless Bayesian decoder of place cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import softmax
from sklearn.base import BaseEstimator, RegressorMixin

from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray


class BayesianPositionDecoder(RegressorMixin, BaseEstimator):
    r"""Poisson tuning curves over position, inverted by Bayes' rule (Zhang et al. 1998).

    With the counts :math:`n_i` of a window, the mean counts :math:`f_i(x)` of windows at position
    :math:`x`, and the share of time :math:`p(x)` spent there,

    .. math::

        \log p(x \mid n) = \log p(x) + \sum_i n_i \log f_i(x) - f_i(x) + \text{const}.

    Parameters
    ----------
    n_positions : int, default=50
        Bins between the smallest and the largest position of the training part.
    smooth : float, default=1.5
        Standard deviation, in bins, of the Gaussian over tuning curves and occupancy.
    least : float, default=1e-3
        Mean count below which no tuning curve falls, so that one spike never excludes a place.
    prior : bool, default=True
        Use the occupancy; False is a flat prior.

    Attributes
    ----------
    positions_ : ndarray, shape (n_positions,)
        Middles of the bins.
    tuning_ : ndarray, shape (n_units, n_positions)
        Mean count of a window.
    occupancy_ : ndarray, shape (n_positions,)
    """

    def __init__(
        self, n_positions: int = 50, *, smooth: float = 1.5, least: float = 1e-3, prior: bool = True
    ) -> None:
        self.n_positions = n_positions
        self.smooth = smooth
        self.least = least
        self.prior = prior

    def fit(self, counts: NDArray[Any], positions: NDArray[Any]) -> Self:
        """Estimate tuning from counts (n, n_units) or (n, n_bins, n_units) and positions (n,).

        Raises
        ------
        ConfigFault
            If a parameter is out of range.
        DataFault
            If positions are not finite or do not vary.
        """
        if self.n_positions < 2 or self.smooth < 0 or not self.least > 0:
            what = f"n_positions {self.n_positions}, smooth {self.smooth}, least {self.least}"
            raise ConfigFault(what, fix="give 2 or more, 0 or more, more than 0")
        windows, where = _summed(counts), np.asarray(positions, dtype=float)
        if not np.isfinite(where).all() or np.ptp(where) == 0:
            raise DataFault("positions are not finite or do not vary")
        edges = np.linspace(where.min(), where.max(), self.n_positions + 1)
        self.positions_ = (edges[:-1] + edges[1:]) / 2
        place = np.clip(np.searchsorted(edges, where, side="right") - 1, 0, self.n_positions - 1)
        visits = self._smoothed(np.bincount(place, minlength=self.n_positions).astype(float))
        spikes = np.stack([
            self._smoothed(np.bincount(place, unit, minlength=self.n_positions).astype(float))
            for unit in windows.T
        ])  # fmt: skip
        mean = np.divide(spikes, visits, out=np.zeros_like(spikes), where=visits > 0)
        self.tuning_ = np.maximum(mean, self.least)
        self.occupancy_ = visits / visits.sum()
        return self

    def predict_proba(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Return the posterior over ``positions_`` for each window, (n, n_positions)."""
        windows = _summed(counts)
        evidence = windows @ np.log(self.tuning_) - self.tuning_.sum(axis=0)
        if self.prior:
            evidence = evidence + np.log(np.maximum(self.occupancy_, 1e-9))
        return np.asarray(softmax(evidence, axis=1))

    def predict(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Return the position of the highest posterior, (n,)."""
        return np.asarray(self.positions_[self.predict_proba(counts).argmax(axis=1)])

    def _smoothed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.smooth:
            return values
        return np.asarray(gaussian_filter1d(values, self.smooth, mode="nearest"))


def _summed(counts: NDArray[Any]) -> NDArray[np.float64]:
    windows = np.asarray(counts, dtype=np.float64)
    return windows.sum(axis=1) if windows.ndim == 3 else windows
