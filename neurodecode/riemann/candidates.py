"""Inner cross-validation scores of every classifier setting at one (order, lag)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import get_scorer
from sklearn.model_selection import ParameterGrid
from sklearn.svm import SVC

from neurodecode.riemann.descent import Frame, average, descend, whitening_of
from neurodecode.riemann.matrix_log import Whitened, exp_symmetric, floored_logarithms
from neurodecode.riemann.quasi_newton import Curvature

if TYPE_CHECKING:
    from neurodecode.riemann.augmented import Array

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
    start = outer_start(matrices, plan)
    score_fold = _mdm if plan.classifier == "mdm" else _svm
    return np.array([score_fold(start, split, plan) for split in plan.splits]).T


@dataclass(frozen=True)
class Start:
    """Where the inner folds start from.

    Attributes
    ----------
    frame : Frame
        At or near the mean of all outer training trials.
    curvature : Curvature
        Learnt on the way there.
    ambient : ndarray, shape (n_trials, n, n), or None
        Logarithms of the matrices themselves, for log-Euclidean means.
    """

    frame: Frame
    curvature: Curvature
    ambient: Array | None = None


def outer_start(matrices: Array, plan: SearchPlan) -> Start:
    """Return the start of the inner folds with either kind of mean."""
    if plan.reference == "riemann":
        return Start(*outer_frame(matrices, plan))
    ambient, weights = floored_logarithms(matrices), _equal(len(matrices))
    whitening = whitening_of(exp_symmetric(average(ambient, weights)))
    trials = Whitened.at(matrices, whitening, np.float32, plan.backend)
    return Start(Frame.of(trials, weights), Curvature(), ambient)


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


def _svm(start: Start, split: Split, plan: SearchPlan) -> list[float]:
    train, test = split
    if plan.mode == "shared":
        return _svm_scores(start.frame.logs[train], start.frame.logs[test], split, plan)
    frame = _at_mean(start, train, plan.tol)
    held_out = start.frame.trials[test].logarithms(frame.shift)
    return _svm_scores(frame.logs, held_out, split, plan)


def _at_mean(start: Start, rows: NDArray[Any], tol: float) -> Frame:
    """Move the reference to the mean of some trials; the first step costs no logarithm."""
    weights, outer = _equal(len(rows)), start.frame
    if start.ambient is not None:
        return Frame.of(outer.trials[rows], weights, _log_euclidean_shift(start, rows))
    logs = outer.logs[rows]
    frame = replace(outer, trials=outer.trials[rows], logs=logs, gradient=average(logs, weights))
    tol *= _size(frame)
    return descend(frame, weights, start.curvature.copy(), tol=tol, max_iter=MAX_ITER)[0]


def _log_euclidean_shift(start: Start, rows: NDArray[Any]) -> Array:
    assert start.ambient is not None
    mean = exp_symmetric(average(start.ambient[rows], _equal(len(rows))))
    shift: Array = whitening_of(mean) @ np.linalg.inv(start.frame.trials.whitening)
    return shift


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


def _mdm(start: Start, split: Split, plan: SearchPlan) -> list[float]:
    train, test = split
    held_out = start.frame.trials[test]
    distances = []
    for label in np.unique(plan.y[train]):
        shift = _class_shift(start, train[plan.y[train] == label], plan)
        values = held_out.eigenvalues(shift)
        distances.append(np.sqrt(np.square(np.log(values)).sum(axis=1)))
    return _distance_scores(np.stack(distances, axis=1), split, plan)


def _class_shift(start: Start, rows: NDArray[Any], plan: SearchPlan) -> Array:
    """Whitening at a class mean; in the shared mode it is one step from the reference."""
    if start.ambient is not None:
        return _log_euclidean_shift(start, rows)
    if plan.mode == "exact":
        # distances, unlike SVM kernels, feel an error of the mean to first order
        return _at_mean(start, rows, plan.tol / 20).shift
    gradient = average(start.frame.logs[rows], _equal(len(rows)))
    shift: Array = exp_symmetric(-start.curvature.step(gradient, 1.5) / 2) @ start.frame.shift
    return shift


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
