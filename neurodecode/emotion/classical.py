"""Classical decoders of ratings, as scikit-learn pipelines from windows to levels.

They have no notion of order among levels: the yardstick for those that do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from neurodecode.emotion.band_features import BandFeatures, checked_windows
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


class SoftmaxSVC(ClassifierMixin, BaseEstimator):
    r"""Support vector machine whose probabilities are a softmax of its decision values.

    .. math:: P(k \mid x) = \frac{e^{d_k(x)}}{\sum_j e^{d_j(x)}}

    :math:`d_k` are scikit-learn's one-vs-rest decision values (votes of the one-vs-one machines,
    ties broken by their margins; of two classes, 0 and the margin). The order of the classes is
    that of the machine, but the probabilities are not calibrated: cross-validated calibration
    would need held-out clips, which a subject with few clips per level does not have.

    Parameters
    ----------
    C : float, default=1.0
    kernel : str, default="rbf"
    class_weight : "balanced" or None, default="balanced"
        Levels are rarely alike in number.

    Attributes
    ----------
    classes_ : ndarray
    machine_ : SVC
    """

    def __init__(
        self, C: float = 1.0, kernel: str = "rbf", class_weight: str | None = "balanced"
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.class_weight = class_weight

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the machine to features (n, n_features) and classes (n,)."""
        self.machine_ = SVC(
            C=self.C, kernel=self.kernel, gamma="scale", class_weight=self.class_weight,
            break_ties=True, decision_function_shape="ovr",
        ).fit(X, y)  # fmt: skip
        self.classes_ = self.machine_.classes_
        self.n_features_in_ = self.machine_.n_features_in_
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return a decision value per class, (n, n_classes)."""
        values = np.asarray(self.machine_.decision_function(X))
        return values if values.ndim == 2 else np.stack([np.zeros_like(values), values], axis=1)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the softmax of the decision values, (n, n_classes)."""
        return np.asarray(softmax(self.decision_function(X), axis=1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class, (n,)."""
        return np.asarray(self.classes_[self.decision_function(X).argmax(axis=1)])


def _band_machine(kind: str, sampling_rate: float) -> Pipeline:
    return Pipeline([
        ("features", BandFeatures(sampling_rate, kind)),
        ("scale", StandardScaler()),
        ("classifier", SoftmaxSVC()),
    ])  # fmt: skip


def _tangent(random_state: int) -> Pipeline:
    """Shrunk covariances (Ledoit & Wolf): a window of 1 s has few samples per channel."""
    return Pipeline([
        ("covariances", Covariances("lwf")),
        ("tangent", TangentSpace(metric="riemann")),
        ("scale", StandardScaler()),
        ("classifier", LogisticRegression(
            C=0.01, max_iter=2000, class_weight="balanced", random_state=random_state)),
    ])  # fmt: skip


CLASSICAL: dict[str, Callable[[float, int], Pipeline]] = {
    "DE+SVM": lambda rate, _: _band_machine("entropy", rate),
    "band-power+SVM": lambda rate, _: _band_machine("power", rate),
    "TS+LR": lambda _, seed: _tangent(seed),
}
"""Builders by name: differential entropy or band power with a support vector machine, and tangent
space with logistic regression. Called with the sampling rate in Hz and a seed."""

TRUSTED = (
    "neurodecode.emotion.band_features.BandFeatures",
    "neurodecode.emotion.classical.SoftmaxSVC",
    "pyriemann.estimation.Covariances",
    "pyriemann.tangentspace.TangentSpace",
)
"""Types outside scikit-learn that a saved decoder may hold."""


def make_classical(name: str, sampling_rate: float, *, random_state: int = 0) -> Pipeline:
    """Build an unfitted decoder by its name.

    Parameters
    ----------
    name : str
        One of :data:`CLASSICAL`.
    sampling_rate : float
        Of the windows, Hz.
    random_state : int, default=0
        Seed of the solver, where it draws.

    Returns
    -------
    Pipeline
        ``fit(windows, levels)``, ``predict_proba(windows)`` with windows (n, n_channels,
        n_samples).

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one, or the rate is not above 0.
    """
    if name not in CLASSICAL:
        raise ConfigFault(unknown("classical decoder", name, CLASSICAL))
    if not sampling_rate > 0:
        raise ConfigFault(f"a sampling rate of {sampling_rate:g} Hz")
    return CLASSICAL[name](sampling_rate, random_state)


def fit_classical(decoder: Pipeline, windows: ArrayLike, levels: ArrayLike) -> Pipeline:
    """Fit a decoder to windows and levels, which must be of two levels or more.

    Parameters
    ----------
    decoder : Pipeline
        From :func:`make_classical`.
    windows : array-like, shape (n, n_channels, n_samples)
    levels : array-like of int, shape (n,)

    Raises
    ------
    DataFault
        If lengths differ, there is a single level, a channel is flat, or a value is not finite.
    """
    given, true = _refuse_flat(checked_windows(windows)), np.asarray(levels)
    if len(given) != len(true):
        raise DataFault(f"{len(given)} windows for {len(true)} levels")
    if np.unique(true).size < 2:
        raise DataFault(
            f"a single level, {', '.join(map(str, np.unique(true)))}, to train on",
            fix="leave this subject out, or choose another rating",
        )
    return decoder.fit(given, true)


def level_probabilities(
    decoder: Pipeline, windows: ArrayLike, n_classes: int
) -> NDArray[np.float64]:
    """Return a probability of every level, 0 for those that the training lacked.

    Parameters
    ----------
    decoder : Pipeline
        Fitted on levels from 0 to ``n_classes - 1``.
    windows : array-like, shape (n, n_channels, n_samples)
    n_classes : int

    Returns
    -------
    ndarray, shape (n, n_classes)
        Rows sum to 1.

    Raises
    ------
    DataFault
        If a channel is flat or a value is not finite.
    """
    given = _refuse_flat(checked_windows(windows))
    out = np.zeros((len(given), n_classes))
    out[:, np.asarray(decoder.classes_, dtype=np.intp)] = decoder.predict_proba(given)
    return out


def _refuse_flat(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the windows; a flat channel would make a covariance singular, and its band empty."""
    flat = np.argwhere(np.ptp(windows, axis=2) == 0)
    if len(flat):
        raise DataFault(
            f"channel {flat[0, 1]} is flat in window {flat[0, 0]}"
            + (f" ({len(flat)} such channels and windows)" if len(flat) > 1 else ""),
            fix="leave the channel or the trial out",
        )
    return windows
