"""Augmented covariance matrices at every (order, lag), from lagged products computed once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import ConfigFault
from neurodecode.riemann.augmented import Array, AugmentedCovariances, refuse_flat, trials_array

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class GridPoint:
    """One (order, lag) and its matrices.

    Attributes
    ----------
    order, lag : int
    matrices : ndarray, shape (n_trials, order * n_channels, order * n_channels), or None
    reason : str
        Why there are no matrices; empty when there are.
    """

    order: int
    lag: int
    matrices: Array | None
    reason: str = ""


def singular_reason(order: int, lag: int, n_channels: int, n_samples: int) -> str:
    r"""Say why the sample covariance at this point has no full rank; empty when it has.

    The matrix has :math:`pc` rows (order times channels) from :math:`N = T - pL` samples
    (:math:`N = T` at order 1) and is singular when :math:`pc \\ge N`.
    """
    left = n_samples if order == 1 else n_samples - order * lag
    if order * n_channels < left:
        return ""
    return f"singular: {order * n_channels} rows (channels times order) from {max(left, 0)} samples"


class AugmentedCovarianceGrid:
    r"""All augmented covariance matrices of a grid of orders and lags.

    For one lag :math:`L`, block :math:`(i, j)` of the matrix of order :math:`p` is

    .. math:: \frac{1}{N-1} \Big( \sum_{u=iL}^{T-(p-i)L-1} x_u x_{u+(j-i)L}^\top
              - N \mu_i \mu_j^\top \Big), \qquad N = T - pL,

    with :math:`\mu_i` the mean of the window that starts at :math:`iL`. The sum is split at one
    sample :math:`B` common to all orders; its left parts are sums of head chunks of :math:`L`
    samples, its right parts sums of tail chunks, so each lagged product is computed once for all
    orders. Chunks are only added, never subtracted, which keeps the small eigenvalues. Orders too
    long for a common split (:math:`T < (2p-1)L`) are computed directly.

    Parameters
    ----------
    orders, lags : sequence of int
        Embedding dimensions and delays in samples, at least 1.

    Raises
    ------
    ConfigFault
        If an order or a lag is below 1, or there is none.

    Notes
    -----
    Equal to :class:`~neurodecode.riemann.AugmentedCovariances` at the same point to 1e-10
    relative. Order 1 does not depend on the lag and is computed once, with the first lag.

    References
    ----------
    Carrara and Papadopoulo (2023), Classification of BCI-EEG based on augmented covariance matrix.
    """

    def __init__(self, orders: Sequence[int], lags: Sequence[int]) -> None:
        self.orders, self.lags = sorted(set(orders)), sorted(set(lags))
        if not self.orders or not self.lags or min(*self.orders, *self.lags, 1) < 1:
            raise ConfigFault("orders and lags must be lists of whole numbers from 1")

    @property
    def points(self) -> list[tuple[int, int]]:
        """Distinct (order, lag) pairs, lag by lag."""
        return [(p, lag) for lag in self.lags for p in self.orders_of(lag)]

    def orders_of(self, lag: int) -> list[int]:
        """Orders computed with this lag: order 1 only with the first one."""
        return [p for p in self.orders if p > 1 or lag == self.lags[0]]

    def bytes_needed(self, n_trials: int, n_channels: int, n_samples: int) -> int:
        """Return the bytes held at most at once: the trials, one lag's products, one order.

        Products: 2 arrays of c x c per (shift, lagged product) pair, P (P + 1) / 2 pairs up to
        the largest order P; matrices: (P c) x (P c), with one working copy.
        """
        largest = max(self.orders)
        per_trial = n_channels * n_samples + n_channels**2 * largest * (largest + 1)
        return 8 * n_trials * (per_trial + 2 * (largest * n_channels) ** 2)

    def iterate(self, X: ArrayLike) -> Iterator[GridPoint]:
        """Yield every distinct point, lag by lag, order by order.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_channels, n_samples)

        Raises
        ------
        DataFault
            If the array is not three-dimensional or a channel is flat.
        """
        for lag in self.lags:
            yield from self.iterate_lag(X, lag)

    def iterate_lag(
        self, X: ArrayLike, lag: int, orders: Sequence[int] | None = None
    ) -> Iterator[GridPoint]:
        """Yield the points of one lag; ``orders`` defaults to :meth:`orders_of`."""
        X = trials_array(X)
        refuse_flat(X)
        n_channels, n_samples = X.shape[1:]
        orders = sorted(self.orders_of(lag) if orders is None else orders)
        reasons = {p: singular_reason(p, lag, n_channels, n_samples) for p in orders}
        common = [p for p in orders if not reasons[p] and (2 * p - 1) * lag <= n_samples]
        # an offset of the whole trial changes no covariance, but would cost digits in the products
        centred = X.astype(np.float64)
        centred -= centred.mean(axis=2, keepdims=True)
        products = _LaggedProducts(centred, max(common), lag) if common else None
        for order in orders:
            if reasons[order]:
                yield GridPoint(order, lag, None, reasons[order])
            elif products is not None and order in common:
                yield GridPoint(order, lag, products.covariances(order))
            else:
                direct = AugmentedCovariances(order, lag).transform(centred)
                yield GridPoint(order, lag, direct)


class _LaggedProducts:
    """Sums of lagged products of one lag, left and right of a common split.

    ``left[k][i]`` sums x_u x_{u+kL}^T over u in [iL, B), ``right[k][m]`` over [B, T - mL).
    """

    def __init__(self, X: Array, order: int, lag: int) -> None:
        self.X, self.order, self.lag = X, order, lag
        self.split = (order - 1) * lag
        n_samples = X.shape[2]
        heads = [(i * lag, (i + 1) * lag) for i in range(order - 1)]
        tails = [(n_samples - (m + 1) * lag, n_samples - m * lag) for m in range(1, order)]
        # [B, T - PL), one more lag being cut than the copies need (nothing is cut at order 1)
        middle = (self.split, n_samples - order * lag if order > 1 else n_samples)
        self.left = [self._left(k, heads) for k in range(order)]
        self.right = [self._right(k, middle, tails) for k in range(order)]
        self.left_sums = self._window_sums(heads)
        self.right_sums = self._tail_sums(middle, tails)

    def _product(self, span: tuple[int, int], k: int) -> Array:
        start, stop = span
        shift = k * self.lag
        ahead = self.X[:, :, start + shift : stop + shift]
        product: Array = self.X[:, :, start:stop] @ ahead.transpose(0, 2, 1)
        return product

    def _left(self, k: int, heads: list[tuple[int, int]]) -> list[Array | float]:
        sums: list[Array | float] = [0.0]
        for i in reversed(range(self.order - 1)):
            sums.append(sums[-1] + self._product(heads[i], k))
        return sums[::-1]

    def _right(
        self, k: int, middle: tuple[int, int], tails: list[tuple[int, int]]
    ) -> dict[int, Array]:
        sums = {self.order: self._product(middle, k)}
        for m in reversed(range(max(k + 1, 1), self.order)):
            sums[m] = sums[m + 1] + self._product(tails[m - 1], k)
        return sums

    def _window_sums(self, heads: list[tuple[int, int]]) -> list[Array | float]:
        sums: list[Array | float] = [0.0]
        for start, stop in reversed(heads):
            sums.append(sums[-1] + self.X[:, :, start:stop].sum(axis=2))
        return sums[::-1]

    def _tail_sums(
        self, middle: tuple[int, int], tails: list[tuple[int, int]]
    ) -> dict[int, NDArray[np.float64]]:
        sums = {self.order: self.X[:, :, slice(*middle)].sum(axis=2)}
        for m in reversed(range(1, self.order)):
            sums[m] = sums[m + 1] + self.X[:, :, slice(*tails[m - 1])].sum(axis=2)
        return sums

    def covariances(self, order: int) -> Array:
        """Assemble the matrices of one order, shape (n_trials, order * c, order * c)."""
        if order == 1:
            spatial: Array = self.X @ self.X.transpose(0, 2, 1) / (self.X.shape[2] - 1)
            return spatial
        n_trials, c, n_samples = self.X.shape
        n_left = n_samples - order * self.lag
        sums = [self.left_sums[i] + self.right_sums[order - i] for i in range(order)]
        out = np.empty((n_trials, order, c, order, c))
        for i in range(order):
            for j in range(i, order):
                block = self.left[j - i][i] + self.right[j - i][order - i]
                block = block - sums[i][:, :, None] * (sums[j][:, None, :] / n_left)
                block /= n_left - 1
                out[:, i, :, j] = block
                out[:, j, :, i] = block.transpose(0, 2, 1)
        return out.reshape(n_trials, order * c, order * c)
