"""The augmented covariance matrix: covariance of a trial stacked with its own past."""

from __future__ import annotations

import zlib
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.riemann.block_averages import STRUCTURES, average_blocks

Array = NDArray[np.float64]
RANK_TOLERANCE = 1e-13


def augment(X: ArrayLike, order: int, lag: int) -> Array:
    r"""Delay-embed trials.

    Copy :math:`i = 0, \dots, p-1` of the trial starts at sample :math:`iL`; every copy is cut to
    :math:`N = T - pL` samples, one lag more than the copies need, as in the authors' code.

    Parameters
    ----------
    X : array-like, shape (..., n_channels, n_samples)
    order : int
        Embedding dimension :math:`p`; 1 leaves the trials whole.
    lag : int
        Delay :math:`L` in samples.

    Returns
    -------
    ndarray, shape (..., order * n_channels, n_samples - order * lag)
        All channels of copy 0, then all of copy 1, and so on.

    Raises
    ------
    DataFault
        If no sample is left.

    References
    ----------
    Carrara and Papadopoulo (2023), Classification of BCI-EEG based on augmented covariance matrix.
    """
    X = np.asarray(X)
    if order == 1:
        return X
    n_samples = X.shape[-1] - order * lag
    if n_samples < 1:
        raise DataFault(
            f"order {order} times lag {lag} leaves no sample of a trial of {X.shape[-1]}",
            fix="lower model.order or model.lag, or use a longer window",
        )
    return np.concatenate([X[..., i * lag : i * lag + n_samples] for i in range(order)], axis=-2)


class TrialTransformer(TransformerMixin, BaseEstimator):
    """Base of transformers of single trials: nothing is learnt but the number of channels."""

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Do nothing but check the shape; the transform has no state.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_channels, n_samples)
        y : ignored
        """
        self.n_channels_in_ = trials_array(X).shape[1]
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags


class AugmentedCovariances(TrialTransformer):
    r"""Covariance matrices of delay-embedded trials.

    .. math:: C = \frac{1}{N-1} \sum_t (z_t - \bar z)(z_t - \bar z)^\top, \quad
              z_t = (x_t, x_{t+L}, \dots, x_{t+(p-1)L})

    Parameters
    ----------
    order : int, default=4
        Embedding dimension p; 1 gives the spatial covariance.
    lag : int, default=4
        Delay L in samples.
    estimator : str, default="scm"
        ``"scm"``: sample covariance with divisor N - 1, as published (pyRiemann calls it "cov");
        "lag_lwf": :func:`~neurodecode.riemann.shrinkage.lag_ledoit_wolf`;
        or any other estimator of :func:`pyriemann.geometry.covariance.covariances`, such as
        ``"oas"`` or ``"lwf"`` when channels times order come near the number of samples.
    structure : {"full", "toeplitz"}, default="full"
        "toeplitz" averages blocks along diagonals, see
        :func:`~neurodecode.riemann.block_averages.average_blocks` (beyond the paper).

    References
    ----------
    Carrara and Papadopoulo (2023), Classification of BCI-EEG based on augmented covariance matrix.
    """

    def __init__(
        self, order: int = 4, lag: int = 4, estimator: str = "scm", structure: str = "full"
    ) -> None:
        self.order = order
        self.lag = lag
        self.estimator = estimator
        self.structure = structure

    def transform(self, X: ArrayLike) -> Array:
        """Return the matrices, float64.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_channels, n_samples)

        Returns
        -------
        ndarray, shape (n_trials, order * n_channels, order * n_channels)

        Raises
        ------
        DataFault
            If a channel is flat, or the matrices would be singular without shrinkage: fewer
            samples left than channels times order, or channels that depend on one another; or
            averaged blocks are not positive definite.
        ConfigFault
            If the structure is unknown.
        """
        if self.structure not in STRUCTURES:
            raise ConfigFault(unknown("structure", self.structure, STRUCTURES))
        X = trials_array(X)
        if hasattr(self, "n_channels_in_") and X.shape[1] != self.n_channels_in_:
            raise DataFault(f"fitted on {self.n_channels_in_} channels, got {X.shape[1]}")
        refuse_flat(X)
        matrices = self._estimate(X)
        return matrices if self.structure == "full" else average_blocks(matrices, X.shape[1])

    def _estimate(self, X: Array) -> Array:
        if self.estimator != "scm":
            from pyriemann.geometry.covariance import covariances

            from neurodecode.riemann.shrinkage import ESTIMATORS

            embedded = augment(X, self.order, self.lag)
            estimator = ESTIMATORS.get(self.estimator, self.estimator)
            return np.asarray(covariances(embedded.astype(np.float64), estimator=estimator))
        matrices = np.stack([self._sample_covariance(trial) for trial in X])
        _refuse_dependent(matrices[:, : X.shape[1], : X.shape[1]])
        return matrices

    def _sample_covariance(self, trial: Array) -> Array:
        embedded = augment(trial, self.order, self.lag).astype(np.float64)
        dimension, n_samples = embedded.shape
        if dimension >= n_samples:
            raise DataFault(
                f"{dimension} rows (channels times order) from {n_samples} samples give a "
                "singular covariance",
                fix="lower model.order, use a longer window, or set model.estimator=oas",
            )
        embedded -= embedded.mean(axis=1, keepdims=True)
        covariance: Array = embedded @ embedded.T / (n_samples - 1)
        return covariance


class ShuffledTime(TrialTransformer):
    """Permute the samples of each trial, the same way in all channels.

    A control: the spatial covariance stays as it is, everything that needs time order is lost.
    A trial's permutation depends on the seed and its own samples, not on its place in ``X``.

    Parameters
    ----------
    random_state : int, default=0
    """

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def transform(self, X: ArrayLike) -> Array:
        """Return a permuted copy, shape (n_trials, n_channels, n_samples)."""
        return np.stack([self._shuffled(trial) for trial in trials_array(X)])

    def _shuffled(self, trial: Array) -> Array:
        content = zlib.crc32(np.ascontiguousarray(trial, dtype=np.float64).tobytes())
        rng = np.random.default_rng([self.random_state, content])
        shuffled: Array = trial[:, rng.permutation(trial.shape[1])]
        return shuffled


def trials_array(X: ArrayLike) -> Array:
    """Return X as an array, or refuse it unless it is trials x channels x samples."""
    X = np.asarray(X)
    if X.ndim != 3:
        raise DataFault(f"expected trials x channels x samples, got shape {X.shape}")
    return X


def refuse_flat(X: Array) -> None:
    """Raise a DataFault if a channel is constant within a trial."""
    flat = np.argwhere(np.ptp(X, axis=2) == 0)
    if len(flat):
        trial, channel = flat[0]
        raise DataFault(
            f"channel {channel} is flat in trial {trial} ({len(flat)} such)",
            fix="drop the channel (signals.channels) or the trial",
        )


def _refuse_dependent(spatial: Array) -> None:
    """Raise if channels are linear combinations of others, as seen in the mean covariance.

    The bound lies between the rounding of float32 signals (1e-15 of the largest variance) and
    the noise of amplifiers (1e-5 of it in recordings at hand).
    """
    values = np.linalg.eigvalsh(spatial.mean(axis=0))
    rank = int((values > RANK_TOLERANCE * values[-1]).sum())
    if rank < len(values):
        raise DataFault(
            f"{len(values)} channels of rank {rank}: some are combinations of others, as after "
            "interpolation or an average reference, and the covariance is singular",
            fix="set model.estimator=oas, or drop channels (signals.channels)",
        )
