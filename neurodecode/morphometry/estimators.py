"""What builds each preset: hyper-parameters in the app's terms to a scikit-learn estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from neurodecode.faults import package_missing
from neurodecode.morphometry.kernel_nb import KernelNB

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sklearn.base import BaseEstimator

METRICS: dict[str, dict[str, Any]] = {
    "euclidean": {"metric": "euclidean"},
    "cosine": {"metric": "cosine"},
    "cubic": {"metric": "minkowski", "p": 3},
}
"""Distances of the neighbours, as scikit-learn's keywords."""


@dataclass(frozen=True)
class Shape:
    """Size of a training part, and the seed of what is drawn."""

    n_train: int
    n_features: int
    random_state: int


def all_control(_: Shape) -> BaseEstimator:
    """Build the answer "stable" for everybody, with posterior 0."""
    return DummyClassifier(strategy="constant", constant=0)


def gaussian_nb(_: Shape, *, smoothing: float) -> BaseEstimator:
    """Build naive Bayes; ``smoothing`` of the largest variance is added to all."""
    return GaussianNB(var_smoothing=smoothing)


def kernel_nb(_: Shape, *, bandwidth: float) -> BaseEstimator:
    """Build naive Bayes of kernel densities."""
    return KernelNB(bandwidth)


def lda(_: Shape, *, shrinkage: float) -> BaseEstimator:
    """Build a linear discriminant with a covariance shrunk towards its diagonal mean."""
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)


def qda(_: Shape, *, regularisation: float) -> BaseEstimator:
    """Build a quadratic discriminant with covariances shrunk towards the identity."""
    return QuadraticDiscriminantAnalysis(reg_param=regularisation)


def logistic(_: Shape, *, C: float) -> BaseEstimator:
    """Build a logistic regression with an L2 penalty."""
    return LogisticRegression(C=C, max_iter=2000)


def linear_svm(_: Shape, *, C: float) -> BaseEstimator:
    """Build an SVM with the kernel x'z / P, for P features."""
    return SVC(kernel="poly", degree=1, coef0=0.0, gamma="auto", C=C)


def polynomial_svm(_: Shape, *, C: float, degree: int) -> BaseEstimator:
    """Build an SVM with the kernel (1 + x'z / P) to a power."""
    return SVC(kernel="poly", degree=degree, coef0=1.0, gamma="auto", C=C)


def gaussian_svm(shape: Shape, *, C: float, relative_scale: float) -> BaseEstimator:
    """Build an SVM with the kernel exp(-|x - z|^2 / s^2), s = ``relative_scale`` x sqrt(P)."""
    return SVC(kernel="rbf", gamma=1 / (relative_scale**2 * shape.n_features), C=C)


def knn(shape: Shape, *, n_neighbours: int, metric: str, weights: str) -> BaseEstimator:
    """Build a vote of the nearest people, with at most as many as there are."""
    return KNeighborsClassifier(
        min(n_neighbours, shape.n_train),
        weights=inverse_square if weights == "inverse square" else "uniform",
        algorithm="brute",
        **METRICS[metric],
    )


def inverse_square(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights 1 / d^2, finite for equal people."""
    return np.asarray(1 / np.maximum(distances, 1e-6) ** 2)


def tree(shape: Shape, *, max_splits: int, min_leaf: int) -> BaseEstimator:
    """Build a classification tree (Gini) with at most so many splits."""
    return _split_tree(max_splits, min_leaf=min_leaf, random_state=shape.random_state)


def boosted_trees(shape: Shape, *, n_learners: int, max_splits: int, rate: float) -> BaseEstimator:
    """Build AdaBoost of trees."""
    return AdaBoostClassifier(_split_tree(max_splits), n_estimators=n_learners, learning_rate=rate,
                              random_state=shape.random_state)  # fmt: skip


def bagged_trees(shape: Shape, *, n_learners: int) -> BaseEstimator:
    """Build bagged trees with as many splits as people allow."""
    return BaggingClassifier(DecisionTreeClassifier(), n_learners, random_state=shape.random_state)


def subspace_discriminant(shape: Shape, *, n_learners: int, part: float) -> BaseEstimator:
    """Build linear discriminants, each of a random part of the features."""
    return _subspace(LinearDiscriminantAnalysis(solver="lsqr"), n_learners, part, shape)


def subspace_knn(shape: Shape, *, n_learners: int, part: float) -> BaseEstimator:
    """Build one-neighbour votes, each of a random part of the features."""
    nearest = KNeighborsClassifier(1, algorithm="brute")
    return _subspace(nearest, n_learners, part, shape)


def rusboost(shape: Shape, *, n_learners: int, max_splits: int, rate: float) -> BaseEstimator:
    """Build boosted trees, each of all converters and as many controls drawn without replacement.

    The ratio is pinned by "not minority": whichever group is larger is cut to the smaller.

    Raises
    ------
    ConfigFault
        If imbalanced-learn is not installed.
    """
    try:
        from imblearn.ensemble import RUSBoostClassifier
    except ModuleNotFoundError as error:
        raise package_missing(error, "the classifier rusboost") from error
    return RUSBoostClassifier(
        _split_tree(max_splits), n_estimators=n_learners, learning_rate=rate,
        sampling_strategy="not minority", replacement=False, random_state=shape.random_state,
    )  # fmt: skip


def net(shape: Shape, *, layers: tuple[int, ...], alpha: float) -> BaseEstimator:
    """Build a fully connected ReLU network, fitted by L-BFGS."""
    return MLPClassifier(layers, solver="lbfgs", alpha=alpha, max_iter=500,
                         random_state=shape.random_state)  # fmt: skip


def _split_tree(
    max_splits: int, *, min_leaf: int = 1, random_state: int | None = None
) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(
        max_leaf_nodes=max_splits + 1, min_samples_leaf=min_leaf, random_state=random_state
    )


def _subspace(
    learner: BaseEstimator, n_learners: int, part: float, shape: Shape
) -> BaggingClassifier:
    return BaggingClassifier(learner, n_learners, max_features=part, bootstrap=False,
                             random_state=shape.random_state)  # fmt: skip
