"""Augmented covariances with equal blocks along their diagonals (beyond the paper)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann.augmented import TrialTransformer, refuse_flat, trials_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from neurodecode.riemann.augmented import Array


class BlockToeplitzCovariances(TrialTransformer):
    r"""Augmented covariance of a stationary signal.

    Block :math:`(i, j)` depends on :math:`k = j - i` alone:

    .. math:: P_k = \frac{1}{T} \sum_{t=0}^{T-kL-1} (x_t - \bar x)(x_{t+kL} - \bar x)^\top,
              \qquad P_{-k} = P_k^\top

    The divisor is T for every lag (the biased estimate): the matrix is then the covariance of the
    zero-padded embedding, whose blocks are equal along diagonals, and positive semidefinite.

    Parameters
    ----------
    order : int, default=4
        Embedding dimension p.
    lag : int, default=4
        Delay L in samples.

    References
    ----------
    arXiv 2406.16909, the block-Toeplitz form of augmented covariances.
    """

    def __init__(self, order: int = 4, lag: int = 4) -> None:
        self.order = order
        self.lag = lag

    def transform(self, X: ArrayLike) -> Array:
        """Return the matrices, shape (n_trials, order * n_channels, order * n_channels).

        Raises
        ------
        ConfigFault
            If the order or the lag is below 1.
        DataFault
            If a channel is flat or the embedding is longer than the trial.
        """
        if self.order < 1 or self.lag < 1:
            raise ConfigFault("order and lag must be whole numbers from 1")
        trials: Array = trials_array(X).astype(np.float64)
        refuse_flat(trials)
        n_trials, c, n_samples = trials.shape
        if self.order * max(c, self.lag) >= n_samples:
            raise DataFault(
                f"order {self.order} with {c} channels and lag {self.lag} is too long for "
                f"{n_samples} samples",
                fix="lower the order or the lag, or use a longer window",
            )
        trials -= trials.mean(axis=2, keepdims=True)
        out = np.empty((n_trials, self.order, c, self.order, c))
        for k in range(self.order):
            stop = n_samples - k * self.lag
            block = trials[:, :, :stop] @ trials[:, :, k * self.lag :].transpose(0, 2, 1)
            block /= n_samples
            for i in range(self.order - k):
                out[:, i, :, i + k] = block
                out[:, i + k, :, i] = block.transpose(0, 2, 1)
        return out.reshape(n_trials, self.order * c, self.order * c)
