"""Order and lag from the dynamics of the trials, without labels (Takens-based selection)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.riemann.augmented import (
    Array,
    AugmentedCovariances,
    refuse_flat,
    trials_array,
)
from neurodecode.riemann.config import ModelSection
from neurodecode.riemann.mdop import mdop
from neurodecode.riemann.mutual_information import information_delay
from neurodecode.riemann.neighbours import cao_e1, false_neighbours
from neurodecode.riemann.refit import RefitDecoder, fit_decoder

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike


SMALLEST_EIGENVALUE = 1e-11


@dataclass(frozen=True)
class TrialEmbeddings:
    """What each trial alone would choose.

    Attributes
    ----------
    orders, lags : ndarray, shape (n_trials,)
        Real numbers where they are averages over channels.
    method : str
    """

    orders: Array
    lags: Array
    method: str


def false_neighbour_dimension(shares: ArrayLike, enough: float = 0.05) -> int:
    """First dimension with at most ``enough`` false neighbours, else the one with the fewest."""
    shares = np.asarray(shares, dtype=np.float64)
    below = np.flatnonzero(shares <= enough)
    return int(below[0] if len(below) else shares.argmin()) + 1


def cao_dimension(e1: ArrayLike, level: float = 0.9) -> int:
    """First dimension from which E1 is at least ``level``, else the one with the largest E1."""
    e1 = np.asarray(e1, dtype=np.float64)
    above = np.flatnonzero(e1 >= level)
    return int(above[0] if len(above) else e1.argmax()) + 1


def _mdop(trial: Array, **options: Any) -> tuple[float, float]:
    embedding = mdop(trial, **options)
    return embedding.order, embedding.lag


def _by_channel(
    trial: Array, dimension: Callable[..., int], max_delay: int, max_dimension: int
) -> tuple[float, float]:
    """Average delay, then average dimension at that delay, over channels."""
    lags = [information_delay(channel, max_delay) for channel in trial]
    fits = max((trial.shape[1] - 16) // (max_dimension + 1), 1)
    lag = min(int(np.floor(np.mean(lags) + 0.5)), fits)
    # neighbours in time are no neighbours on the attractor
    theiler = min(2 * lag, trial.shape[1] // 20)
    options = {"max_dimension": max_dimension, "theiler": theiler}
    return float(np.mean([dimension(channel, lag, **options) for channel in trial])), float(lag)


def _fnn(trial: Array, *, max_delay: int = 30, max_dimension: int = 10) -> tuple[float, float]:
    def dimension(x: Array, lag: int, **options: Any) -> int:
        return false_neighbour_dimension(false_neighbours(x, lag, **options))

    return _by_channel(trial, dimension, max_delay, max_dimension)


def _cao(trial: Array, *, max_delay: int = 30, max_dimension: int = 10) -> tuple[float, float]:
    def dimension(x: Array, lag: int, **options: Any) -> int:
        return cao_dimension(cao_e1(x, lag, **options))

    return _by_channel(trial, dimension, max_delay, max_dimension)


METHODS: dict[str, Callable[..., tuple[float, float]]] = {
    "mdop": _mdop,
    "ami_fnn": _fnn,
    "ami_cao": _cao,
}


def select_embedding(
    X: ArrayLike, method: str = "mdop", *, n_jobs: int = 1, **options: Any
) -> TrialEmbeddings:
    """Choose order and lag for each trial by itself; it uses no label and no other trial.

    Parameters
    ----------
    X : array-like, shape (n_trials, n_channels, n_samples)
    method : {"mdop", "ami_fnn", "ami_cao"}, default="mdop"
        :func:`~neurodecode.riemann.mdop.mdop`; or the delay of the first minimum of mutual
        information (1 to ``max_delay``, default 30) with the dimension (up to ``max_dimension``,
        default 10) of false nearest neighbours, or of Cao's E1, averaged over channels.
    n_jobs : int, default=1
        Worker processes, over trials.
    **options
        Passed to the method.

    Returns
    -------
    TrialEmbeddings

    Raises
    ------
    ConfigFault
        If the method is unknown.
    DataFault
        If a channel is flat or the trials are too short.
    """
    if method not in METHODS:
        raise ConfigFault(unknown("embedding method", method, METHODS))
    X = trials_array(X)
    refuse_flat(X)
    run = delayed(METHODS[method])
    with threadpool_limits(1):
        found = Parallel(n_jobs=n_jobs)(run(trial, **options) for trial in X)
    orders, lags = np.array(found, dtype=np.float64).T
    return TrialEmbeddings(orders, lags, method)


def fold_embedding(
    per_trial: TrialEmbeddings, train: ArrayLike, n_channels: int, n_samples: int
) -> tuple[int, int]:
    """Average the choices of the training trials of a fold.

    Parameters
    ----------
    per_trial : TrialEmbeddings
    train : array-like of int or bool
        Index of the training trials.
    n_channels, n_samples : int
        Of a trial; the order p is lowered so that p * n_channels < n_samples - p * lag.

    Returns
    -------
    order, lag : int
        Rounded half up, both at least 1.

    Raises
    ------
    DataFault
        If there is no training trial.
    """
    train = np.asarray(train)
    rows = np.flatnonzero(train) if train.dtype == bool else train.astype(np.intp)
    if not len(rows):
        raise DataFault("no training trial to choose an embedding from")
    orders, lags = per_trial.orders[rows], per_trial.lags[rows]
    order, lag = (max(1, int(np.floor(v.mean() + 0.5))) for v in (orders, lags))
    return max(1, min(order, (n_samples - 1) // (n_channels + lag))), lag


def regular_order(X: ArrayLike, order: int, lag: int, estimator: str = "scm") -> int:
    """Lower the order until every trial's augmented covariance is regular in double precision.

    Samples enough are not rank enough: band-limited signals of B Hz hold about 2 B degrees of
    freedom per second, whatever the sampling rate.

    Parameters
    ----------
    X : array-like, shape (n_trials, n_channels, n_samples)
        Training trials.
    estimator : str, default="scm"
        Of :class:`AugmentedCovariances`.

    Returns
    -------
    int
        The largest order, up to ``order``, at which the smallest eigenvalue of every matrix
        exceeds ``SMALLEST_EIGENVALUE`` times its largest; at least 1.
    """
    X = trials_array(X)
    for lowered in range(order, 1, -1):
        eigenvalues = np.linalg.eigvalsh(AugmentedCovariances(lowered, lag, estimator).transform(X))
        if (eigenvalues[:, 0] > SMALLEST_EIGENVALUE * eigenvalues[:, -1]).all():
            return lowered
    return 1


class TakensACM(RefitDecoder):
    """Augmented covariance decoder with order and lag from the training trials' dynamics.

    Parameters
    ----------
    method : {"mdop", "ami_fnn", "ami_cao"}, default="mdop"
    classifier : {"svm", "mdm"}, default="svm"
    C, kernel : float and str, default=1.0 and "rbf"
        Of the SVM, which is not tuned, as published.
    n_jobs : int, default=1

    Attributes
    ----------
    per_trial_ : TrialEmbeddings
    order_, lag_ : int
    best_estimator_ : Pipeline
        The decoder of :func:`make_decoder` at that point.
    classes_ : ndarray, shape (n_classes,)

    References
    ----------
    Carrara and Papadopoulo (2023), Classification of BCI-EEG based on augmented covariance matrix.
    """

    def __init__(
        self,
        method: str = "mdop",
        classifier: str = "svm",
        C: float = 1.0,
        kernel: str = "rbf",
        n_jobs: int = 1,
    ) -> None:
        self.method = method
        self.classifier = classifier
        self.C = C
        self.kernel = kernel
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: ArrayLike) -> TakensACM:
        """Choose order and lag without the labels, then fit the decoder.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_channels, n_samples)
        y : array-like, shape (n_trials,)
        """
        if self.classifier not in ("svm", "mdm"):
            raise ConfigFault(unknown("classifier", self.classifier, ("svm", "mdm")))
        X, y = trials_array(X), np.asarray(y)
        self.classes_ = np.unique(y)
        self.per_trial_ = select_embedding(X, self.method, n_jobs=self.n_jobs)
        everything = np.arange(len(X))
        order, self.lag_ = fold_embedding(self.per_trial_, everything, *X.shape[1:])
        self.order_ = regular_order(X, order, self.lag_)
        model = ModelSection.model_validate(
            {"order": self.order_, "lag": self.lag_, "C": self.C, "kernel": self.kernel}
        )
        with threadpool_limits(1):
            self.best_estimator_ = fit_decoder(X, y, self.classifier, model)
        return self
