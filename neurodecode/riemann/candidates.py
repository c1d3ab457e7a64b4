"""Inner cross-validation scores of every classifier setting at one (order, lag)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.model_selection import ParameterGrid
from sklearn.svm import SVC

from neurodecode.riemann.matrix_log import exp_symmetric
from neurodecode.riemann.outer_reference import OuterReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.riemann.augmented import Array

Split = tuple[NDArray[np.intp], NDArray[np.intp]]
Sides = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class SearchPlan:
    """What is the same at every point of the search.

    Attributes
    ----------
    y : ndarray, shape (n_trials,)
    splits : tuple of (train, test) index arrays
    classifier : {"svm", "mdm"}
    C, kernels : tuple
        Settings of the SVM.
    scoring : str
        Name of a scikit-learn scorer.
    mode : {"exact", "shared"}
    reference : {"riemann", "logeuclid"}
    tol : float
        Gradient norm of a mean, relative to the root mean square norm of tangent vectors.
    backend : {"numpy", "torch"}
    """

    y: NDArray[Any]
    splits: tuple[Split, ...]
    classifier: str
    C: tuple[float, ...]
    kernels: tuple[str, ...]
    scoring: str
    mode: str
    reference: str
    tol: float
    backend: str

    @property
    def settings(self) -> list[dict[str, Any]]:
        """Settings of the classifier, in the order of scikit-learn's ParameterGrid."""
        if self.classifier == "mdm":
            return [{}]
        return list(ParameterGrid({"C": list(self.C), "kernel": list(self.kernels)}))


def score_point(matrices: Array, plan: SearchPlan) -> Array:
    """Score all settings at one point.

    Parameters
    ----------
    matrices : ndarray, shape (n_trials, n, n)
        Augmented covariances of the outer training trials.
    plan : SearchPlan

    Returns
    -------
    ndarray, shape (n_settings, n_splits)
    """
    start = OuterReference.of(matrices, plan.reference, plan.backend)
    if plan.classifier == "mdm":
        return np.array([_mdm(start, split, plan) for split in plan.splits]).T
    sides = _shared_sides if plan.mode == "shared" else _exact_sides
    scored = zip(sides(start, plan), plan.splits, strict=True)
    return np.array([_svm_scores(*logs, split, plan) for logs, split in scored]).T


def _exact_sides(start: OuterReference, plan: SearchPlan) -> Iterator[Sides]:
    """Logarithms of training and held-out trials at the mean of the training trials."""
    for train, test in plan.splits:
        frame = start.at_mean(train, plan.tol)
        yield frame.logs, start.frame.trials[test].logarithms(frame.shift)


def _shared_sides(start: OuterReference, plan: SearchPlan) -> Iterator[Sides]:
    """Return the same to first order, from the eigendecompositions at the start."""
    everything = np.arange(len(plan.y))
    for train, test in plan.splits:
        _, logs = start.near_mean(train, plan.tol, everything)
        yield logs[train], logs[test]


def _svm_scores(
    train_logs: NDArray[Any], test_logs: NDArray[Any], split: Split, plan: SearchPlan
) -> list[float]:
    """Score the SVM settings on one Gram matrix.

    Tangent vectors hold the upper triangle with off-diagonal entries times sqrt(2), so their
    inner products are those of the whole matrices. ``gamma="scale"`` is 1 over the number of
    entries times their variance, which is the number of trials over the trace of the Gram matrix
    because the entries average to zero at the mean.
    """
    train, test = split
    A, B = train_logs.reshape(len(train), -1), test_logs.reshape(len(test), -1)
    gram, cross = (A @ A.T).astype(np.float64), (B @ A.T).astype(np.float64)
    norms, held_out = np.diag(gram), np.square(B, dtype=np.float64).sum(axis=1)
    gamma = len(train) / norms.sum()
    kernels = {
        "linear": lambda: (gram, cross),
        "rbf": lambda: (
            np.exp(-gamma * (norms[:, None] + norms - 2 * gram)),
            np.exp(-gamma * (held_out[:, None] + norms - 2 * cross)),
        ),
    }
    made = {kernel: kernels[kernel]() for kernel in plan.kernels}
    scorer = get_scorer(plan.scoring)
    scores = []
    for setting in plan.settings:
        fitted, tested = made[setting["kernel"]]
        svm = SVC(C=setting["C"], kernel="precomputed").fit(fitted, plan.y[train])
        scores.append(float(scorer(svm, tested, plan.y[test])))
    return scores


def _mdm(start: OuterReference, split: Split, plan: SearchPlan) -> list[float]:
    train, test = split
    held_out = start.frame.trials[test]
    distances = []
    for label in np.unique(plan.y[train]):
        shift = _class_shift(start, train[plan.y[train] == label], plan)
        values = held_out.eigenvalues(shift)
        distances.append(np.sqrt(np.square(np.log(values)).sum(axis=1)))
    return _distance_scores(np.stack(distances, axis=1), split, plan)


def _class_shift(start: OuterReference, rows: NDArray[Any], plan: SearchPlan) -> Array:
    """Whitening at a class mean."""
    # distances, unlike SVM kernels, feel an error of the mean to first order
    tol = plan.tol / 20
    if plan.mode == "shared":
        return exp_symmetric(-start.near_mean(rows, tol)[0] / 2)
    return start.at_mean(rows, tol).shift


def _distance_scores(distances: Array, split: Split, plan: SearchPlan) -> list[float]:
    train, test = split
    classifier = NearestMean().fit(distances, plan.y[train])
    return [float(get_scorer(plan.scoring)(classifier, distances, plan.y[test]))]


class NearestMean(ClassifierMixin, BaseEstimator):
    """Minimum distance to mean, given the distances; probabilities as in pyRiemann's MDM."""

    def fit(self, distances: Array, y: NDArray[Any]) -> NearestMean:
        """Note the classes, in the order of the columns of ``distances``."""
        self.n_features_in_ = distances.shape[1]
        self.classes_ = np.unique(y)
        return self

    def predict(self, distances: Array) -> NDArray[Any]:
        """Return the class of the nearest mean."""
        nearest: NDArray[Any] = self.classes_[distances.argmin(axis=1)]
        return nearest

    def predict_proba(self, distances: Array) -> Array:
        """Return the softmax of negative squared distances, shape (n_trials, n_classes)."""
        negative = -np.square(distances)
        weights = np.exp(negative - negative.max(axis=1, keepdims=True))
        probabilities: Array = weights / weights.sum(axis=1, keepdims=True)
        return probabilities
