"""Inner cross-validation scores of every classifier setting at one (order, lag)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.model_selection import ParameterGrid
from sklearn.svm import SVC

from neurodecode.riemann.augmented import Array
from neurodecode.riemann.karcher import Frame, average, descend, whitening_of
from neurodecode.riemann.matrix_log import Whitened, exp_symmetric, floored_logarithms
from neurodecode.riemann.quasi_newton import Curvature

Split = tuple[NDArray[np.intp], NDArray[np.intp]]
MAX_ITER = 40


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
    if plan.reference == "logeuclid":
        logs = floored_logarithms(matrices)
        score = _log_euclidean_mdm if plan.classifier == "mdm" else _log_euclidean_svm
        return np.array([score(logs, split, plan) for split in plan.splits]).T
    outer, curvature = outer_frame(matrices, plan)
    score_fold = _mdm if plan.classifier == "mdm" else _svm
    return np.array([score_fold(outer, curvature, split, plan) for split in plan.splits]).T


def outer_frame(matrices: Array, plan: SearchPlan) -> tuple[Frame, Curvature]:
    """Return the frame near the mean of all trials, and the curvature learnt on the way.

    It is the reference itself in the shared mode, where it is brought to ``plan.tol``, and the
    common starting point of the inner folds in the exact mode, where it need not be.
    """
    weights = _equal(len(matrices))
    curvature = Curvature()
    start = whitening_of(matrices.mean(axis=0))
    frame = Frame.of(Whitened.at(matrices, start, np.float32, plan.backend), weights)
    frame, _ = descend(frame, weights, curvature, tol=0.5 * _size(frame), max_iter=MAX_ITER)
    # one more step, and whiten again in float64: float32 products from afar cost small eigenvalues
    shift = exp_symmetric(-curvature.step(frame.gradient, 1.5) / 2) @ frame.inverse_factor
    frame = Frame.of(Whitened.at(matrices, shift, np.float32, plan.backend), weights)
    if plan.mode == "shared":
        # its distance to the inner folds' own means is far larger than this tolerance
        tol = 4 * plan.tol * _size(frame)
        frame, _ = descend(frame, weights, curvature, tol=tol, max_iter=MAX_ITER)
    return frame, curvature


def _svm(outer: Frame, curvature: Curvature, split: Split, plan: SearchPlan) -> list[float]:
    train, test = split
    if plan.mode == "shared":
        return _svm_scores(outer.logs[train], outer.logs[test], split, plan)
    frame = _subset_mean(outer, curvature, train, plan.tol)
    held_out = outer.trials[test].logarithms(frame.shift)
    return _svm_scores(frame.logs, held_out, split, plan)


def _subset_mean(outer: Frame, curvature: Curvature, rows: NDArray[Any], tol: float) -> Frame:
    """Bring the reference to the mean of some trials; the first step costs no logarithm."""
    weights = _equal(len(rows))
    logs = outer.logs[rows]
    frame = replace(outer, trials=outer.trials[rows], logs=logs, gradient=average(logs, weights))
    tol *= _size(frame)
    return descend(frame, weights, curvature.copy(), tol=tol, max_iter=MAX_ITER)[0]


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


def _mdm(outer: Frame, curvature: Curvature, split: Split, plan: SearchPlan) -> list[float]:
    """Distances to class means; in the shared mode each mean is one step from the reference."""
    train, test = split
    held_out = outer.trials[test]
    distances = []
    for label in np.unique(plan.y[train]):
        rows = train[plan.y[train] == label]
        if plan.mode == "shared":
            gradient = average(outer.logs[rows], _equal(len(rows)))
            shift = exp_symmetric(-curvature.step(gradient, 1.5) / 2) @ outer.shift
        else:
            # distances, unlike SVM kernels, feel an error of the mean to first order
            shift = _subset_mean(outer, curvature, rows, plan.tol / 20).shift
        values = held_out.eigenvalues(shift)
        distances.append(np.sqrt(np.square(np.log(values)).sum(axis=1)))
    return _distance_scores(np.stack(distances, axis=1), split, plan)


def _log_euclidean_svm(logs: Array, split: Split, plan: SearchPlan) -> list[float]:
    train, test = split
    centre = logs[train].mean(axis=0)
    return _svm_scores(logs[train] - centre, logs[test] - centre, split, plan)


def _log_euclidean_mdm(logs: Array, split: Split, plan: SearchPlan) -> list[float]:
    train, test = split
    means = [logs[train[plan.y[train] == label]].mean(axis=0) for label in np.unique(plan.y[train])]
    distances = [np.linalg.norm(logs[test] - mean, axis=(1, 2)) for mean in means]
    return _distance_scores(np.stack(distances, axis=1), split, plan)


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


def _equal(n: int) -> Array:
    return np.full(n, 1 / n)


def _size(frame: Frame) -> float:
    """Root mean square Frobenius norm of the tangent vectors."""
    return float(np.linalg.norm(frame.logs) / np.sqrt(len(frame.logs)))
