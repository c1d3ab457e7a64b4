r"""Poisson regression of a whole population on its own past: the rival for spikes and wiring.

.. math::

    y_{it} \sim \mathrm{Poisson}(\mu_{it}), \qquad
    \log \mu_{it} = b_i + \sum_{j, k} w_{ijk} (b_k * y_j)(t) + c_i^\top u_t

with raised-cosine filters :math:`b_k` of each unit's past and covariates :math:`u` (stimulus,
behaviour). Pillow et al. (2008) and Truccolo et al. (2005).

All units share one design, so they are fitted together: with the design whitened once, the problem
is near a round one for every unit, and L-BFGS on all of them takes a few dozen products of
matrices. The optimum is that of ``sklearn.linear_model.PoissonRegressor`` for each unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize
from sklearn.base import BaseEstimator

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.spikes.baselines.coupling_basis import filtered_past, raised_cosines

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BYTES = 3 << 30
MOST_LOG = 10.0
"""No prediction exceeds e**10 spikes per bin while the fit searches."""


class DrawnWindows(NamedTuple):
    """Generated windows.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_windows, n_bins, n_units)
    means : ndarray of float64, same shape
        Expected counts of each bin, given what was drawn before.
    """

    counts: NDArray[np.int64]
    means: NDArray[np.float64]


class PopulationGLM(BaseEstimator):
    """Coupled Poisson regression of all units.

    Parameters
    ----------
    n_lags : int, default=10
        Bins of the past that a filter reaches.
    n_basis : int, default=3
        Filters per pair of units; 0 leaves the past out, and only covariates are left.
    penalty : float, default=1e-3
        Ridge on the weights of the standardised design, per bin and per mean count of the unit.
    max_iter : int, default=200

    Attributes
    ----------
    intercept_ : ndarray, shape (n_units,)
    coupling_ : ndarray, shape (n_units, n_units, n_basis)
        ``[i, j]`` is what j does to i.
    covariate_ : ndarray, shape (n_units, n_covariates)
    ceiling_ : ndarray, shape (n_units,)
        Most spikes of each unit in a fitted bin: no prediction exceeds it, since coupled draws
        that feed themselves would else run away.
    n_iter_ : int
    """

    def __init__(
        self, *, n_lags: int = 10, n_basis: int = 3, penalty: float = 1e-3, max_iter: int = 200
    ) -> None:
        self.n_lags = n_lags
        self.n_basis = n_basis
        self.penalty = penalty
        self.max_iter = max_iter

    def fit(
        self,
        counts: NDArray[Any],
        covariates: NDArray[Any] | None = None,
        keep: NDArray[np.bool_] | None = None,
    ) -> Self:
        """Fit to consecutive bins.

        Parameters
        ----------
        counts : ndarray, shape (n_bins, n_units)
        covariates : ndarray, shape (n_bins, n_covariates), optional
        keep : ndarray of bool, shape (n_bins,), optional
            Bins that are fitted; the others are past only. For held-out blocks leave out their
            bins, and ``n_lags`` after them.

        Raises
        ------
        ConfigFault
            If the penalty is negative or the design would need more than 3 GiB.
        DataFault
            If a unit has no spike in the kept bins, or shapes differ.
        """
        if self.penalty < 0:
            raise ConfigFault(f"penalty {self.penalty:g}", fix="give 0 or more")
        fired = np.asarray(counts, dtype=np.float64)
        rows = np.ones(len(fired), dtype=bool) if keep is None else np.asarray(keep, dtype=bool)
        design = self._design(fired, covariates)[rows]
        fired = fired[rows]
        mean = fired.mean(axis=0)
        if (mean == 0).any():
            silent = ", ".join(map(str, np.flatnonzero(mean == 0)[:5]))
            raise DataFault(f"unit {silent} has no spike to fit", fix="leave silent units out")
        self.ceiling_ = fired.max(axis=0)
        self._middle, spread = design.mean(axis=0), design.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        scaled = (design - self._middle) / self._spread
        weights, offset = self._solve(scaled, fired, mean)
        weights = weights / self._spread[:, None]
        self.intercept_ = offset - self._middle @ weights
        n_units, past = fired.shape[1], fired.shape[1] * self.n_basis
        self.coupling_ = weights[:past].T.reshape(n_units, n_units, self.n_basis)
        self.covariate_ = weights[past:].T
        return self

    def predict(
        self, counts: NDArray[Any], covariates: NDArray[Any] | None = None
    ) -> NDArray[np.float64]:
        """Return the expected counts of every bin given the real past, (n_bins, n_units)."""
        fired = np.asarray(counts, dtype=np.float64)
        weights = np.concatenate(
            [self.coupling_.reshape(len(self.intercept_), -1), self.covariate_], axis=1
        )
        log_mean = self.intercept_ + self._design(fired, covariates) @ weights.T
        return np.asarray(np.minimum(np.exp(np.minimum(log_mean, MOST_LOG)), self.ceiling_))

    def connectivity(self) -> NDArray[np.float64]:
        r"""Return how strongly j drives i, ``[i, j]``, as an approximate Wald statistic.

        .. math:: s_{ij} = \sqrt{w_{ij}^\top \Sigma_{ij}^{-1} w_{ij}}

        with the covariance of the filter weights from the design's second moments and the mean
        count of i: a filter of a unit that hardly fires counts for little. The diagonal is 0.

        Raises
        ------
        ConfigFault
            If the model has no filters of the past.
        """
        if not self.n_basis:
            raise ConfigFault("n_basis 0: no coupling to read", fix="give 1 or more")
        strength = np.sqrt(np.einsum(
            "ijk,jkl,ijl->ij", self.coupling_, self._information, self.coupling_
        ) * self._mean[:, None])  # fmt: skip
        np.fill_diagonal(strength, 0.0)
        return np.asarray(strength)

    def draw_windows(
        self,
        counts: NDArray[Any],
        starts: NDArray[np.integer[Any]],
        n_bins: int,
        *,
        covariates: NDArray[Any] | None = None,
        random_state: int = 0,
    ) -> DrawnWindows:
        """Generate windows, each given the real spikes before it.

        Parameters
        ----------
        counts : ndarray, shape (n_bins_of_session, n_units)
        starts : ndarray of int, shape (n_windows,)
            First bin of each window.
        n_bins : int
            Length of a window.
        covariates : ndarray, shape (n_bins_of_session, n_covariates), optional
        random_state : int, default=0

        Returns
        -------
        DrawnWindows
        """
        rng, fired = np.random.default_rng(random_state), np.asarray(counts, dtype=np.float64)
        basis = self._basis()[:, ::-1]  # oldest lag first, as the history is kept
        padded = np.concatenate([np.zeros((self.n_lags, fired.shape[1])), fired])
        recent = np.stack([padded[starts + lag] for lag in range(self.n_lags)], axis=1)
        drawn = np.zeros((len(starts), n_bins, fired.shape[1]), dtype=np.int64)
        means = np.zeros(drawn.shape)
        for place in range(n_bins):
            past = np.einsum("wlj,kl->wjk", recent, basis).reshape(len(starts), -1)
            log_mean = self.intercept_ + past @ self.coupling_.reshape(fired.shape[1], -1).T
            if covariates is not None:
                log_mean = log_mean + np.asarray(covariates)[starts + place] @ self.covariate_.T
            rates = np.exp(np.minimum(log_mean, MOST_LOG))
            means[:, place] = np.minimum(rates, self.ceiling_)
            drawn[:, place] = rng.poisson(means[:, place])
            recent = np.concatenate([recent[:, 1:], drawn[:, place, None]], axis=1)
        return DrawnWindows(drawn, means)

    def _basis(self) -> NDArray[np.float64]:
        if not self.n_basis:
            return np.zeros((0, self.n_lags))
        return raised_cosines(self.n_lags, self.n_basis)

    def _design(
        self, fired: NDArray[np.float64], covariates: NDArray[Any] | None
    ) -> NDArray[np.float64]:
        extra = np.zeros((len(fired), 0)) if covariates is None else np.asarray(covariates, float)
        if extra.ndim != 2 or len(extra) != len(fired):
            what = f"covariates of shape {extra.shape} for {len(fired)} bins"
            raise DataFault(what, fix="bins x covariates are wanted")
        needed = 16 * len(fired) * (fired.shape[1] * self.n_basis + extra.shape[1])
        if needed > MOST_BYTES:
            raise ConfigFault(
                f"a design of {len(fired)} bins x {needed // 16 // len(fired)} columns needs "
                f"{needed / 2**30:.1f} GiB",
                fix="use wider bins, fewer filters, or a part of the recording",
            )
        past = filtered_past(fired, self._basis()).reshape(len(fired), -1)
        return np.concatenate([past, extra], axis=1)

    def _solve(
        self, design: NDArray[np.float64], fired: NDArray[np.float64], mean: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return weights (n_columns, n_units) of the scaled design, and offsets (n_units,)."""
        n_bins, n_columns = design.shape
        moment = design.T @ design / n_bins
        self._mean = mean * n_bins
        self._information = self._blocks(moment, len(mean))
        root = cholesky(moment + (self.penalty + 1e-8) * np.eye(n_columns), lower=True)
        share = fired / mean  # each unit's loss counts alike
        target = design.T @ share / n_bins

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            point = flat.reshape(n_columns + 1, -1)
            weights = solve_triangular(root, point[1:], lower=True, trans="T")
            log_ratio = np.minimum(point[0] + design @ weights, MOST_LOG)
            ratio = np.exp(log_ratio)
            ridge = self.penalty * weights
            value = ratio.mean(axis=0).sum() - point[0].sum() - np.sum(target * weights)
            slope = design.T @ ratio / n_bins - target + ridge
            gradient = np.empty_like(point)
            gradient[0] = ratio.mean(axis=0) - 1
            gradient[1:] = solve_triangular(root, slope, lower=True)
            return float(value + 0.5 * np.sum(ridge * weights)), gradient.ravel()

        found = minimize(
            loss, np.zeros((n_columns + 1) * len(mean)), jac=True, method="L-BFGS-B",
            options={"maxiter": self.max_iter, "gtol": 1e-6, "ftol": 1e-10},
        )  # fmt: skip
        self.n_iter_ = int(found.nit)
        point = found.x.reshape(n_columns + 1, -1)
        weights = solve_triangular(root, point[1:], lower=True, trans="T")
        return weights, point[0] + np.log(mean)

    def _blocks(self, moment: NDArray[np.float64], n_units: int) -> NDArray[np.float64]:
        """Return, per sender, the inverse covariance (n_basis, n_basis) of unscaled filters."""
        n_columns = len(moment)
        root = cholesky(moment + (self.penalty + 1e-8) * np.eye(n_columns), lower=True)
        covariance = cho_solve((root, True), np.eye(n_columns))
        blocks = []
        for first in range(0, n_units * self.n_basis, self.n_basis or 1):
            rows = slice(first, first + self.n_basis)
            scale = np.outer(self._spread[rows], self._spread[rows])
            blocks.append(np.linalg.inv(covariance[rows, rows]) * scale)
        return np.array(blocks)
