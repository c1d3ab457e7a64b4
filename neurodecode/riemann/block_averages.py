"""Equal blocks along the diagonals of augmented covariances, by averaging (beyond the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRUCTURES = ("full", "toeplitz")


def average_blocks(matrices: NDArray[np.float64], n_channels: int) -> NDArray[np.float64]:
    r"""Replace each block by the mean of those at the same distance from the diagonal.

    .. math:: P_k = \frac{1}{p - k} \sum_{i=0}^{p-1-k} C_{i, i+k}, \qquad P_{-k} = P_k^\top

    The covariance of a stationary signal depends on :math:`k` alone; the average takes out what
    windows at the ends of a trial add. Unlike the biased estimate of
    :class:`~neurodecode.riemann.BlockToeplitzCovariances` it works with any covariance estimator,
    and need not be positive definite.

    Parameters
    ----------
    matrices : ndarray, shape (n_trials, order * n_channels, order * n_channels)
    n_channels : int

    Returns
    -------
    ndarray, of the same shape

    Raises
    ------
    DataFault
        If the result is not positive definite for some trial.

    References
    ----------
    arXiv 2406.16909, the block-Toeplitz form of augmented covariances.
    """
    order = matrices.shape[1] // n_channels
    blocks = matrices.reshape(-1, order, n_channels, order, n_channels)
    out = np.empty_like(blocks)
    for k in range(order):
        pairs = [blocks[:, i, :, i + k] for i in range(order - k)]
        mean = np.mean(pairs, axis=0)
        for i in range(order - k):
            out[:, i, :, i + k] = mean
            out[:, i + k, :, i] = mean.transpose(0, 2, 1)
    averaged = out.reshape(matrices.shape)
    _refuse_indefinite(averaged, order)
    return averaged


def _refuse_indefinite(matrices: NDArray[np.float64], order: int) -> None:
    for trial, matrix in enumerate(matrices):
        try:
            np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            raise DataFault(
                f"averaged blocks of order {order} are not positive definite in trial {trial}",
                fix="lower the order, or keep the structure full",
            ) from None
