"""The presets of the Classification Learner app as scikit-learn estimators, by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neurodecode.faults import ConfigFault, unknown
from neurodecode.morphometry import estimators
from neurodecode.morphometry.spaces import Choice, Dimension, Real, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sklearn.base import BaseEstimator


@dataclass(frozen=True)
class Classifier:
    """A preset with its range of search.

    Attributes
    ----------
    family : str
        "baseline", "naive bayes", "discriminant", "logistic", "svm", "knn", "tree", "ensemble",
        "net".
    build : callable
        Makes the unfitted estimator from :class:`~neurodecode.morphometry.estimators.Shape` and
        the hyper-parameters as keywords.
    preset : dict
        Hyper-parameters of the app.
    space : dict of Dimension
        What a search may change.
    standardised : bool
        Whether features are standardised on the training people first.
    """

    family: str
    build: Callable[..., BaseEstimator]
    preset: Mapping[str, Any] = field(default_factory=dict)
    space: Mapping[str, Dimension] = field(default_factory=dict)
    standardised: bool = True


def make_classifier(
    name: str, *, n_train: int, n_features: int, random_state: int = 0, **parameters: Any
) -> BaseEstimator:
    """Build an unfitted classifier of :data:`CLASSIFIERS`.

    Parameters
    ----------
    name : str
    n_train, n_features : int
        Size of the training part: the app scales kernels by the number of features, and no
        classifier can have more neighbours than people.
    random_state : int, default=0
    **parameters
        In place of the preset's.

    Returns
    -------
    estimator
        With ``predict``, and ``predict_proba`` or (SVMs) ``decision_function``.

    Raises
    ------
    ConfigFault
        If the name or a parameter is unknown, or RUSBoost is asked for without imbalanced-learn.
    """
    shape = estimators.Shape(n_train, n_features, random_state)
    estimator = build_estimator(name, shape, parameters)
    standardised = CLASSIFIERS[name].standardised
    return make_pipeline(StandardScaler(), estimator) if standardised else estimator


def build_estimator(
    name: str, shape: estimators.Shape, parameters: Mapping[str, Any]
) -> BaseEstimator:
    """Build a classifier for features that are standardised already, where it needs that.

    Raises
    ------
    ConfigFault
        As in :func:`make_classifier`.
    """
    entry = classifier_of(name)
    for key in parameters:
        if key not in entry.preset:
            raise ConfigFault(unknown(f"parameter of '{name}'", key, entry.preset))
    return entry.build(shape, **{**entry.preset, **parameters})


def classifier_of(name: str) -> Classifier:
    """Return an entry of :data:`CLASSIFIERS`; an unknown name raises ConfigFault."""
    if name not in CLASSIFIERS:
        raise ConfigFault(unknown("classifier", name, CLASSIFIERS))
    return CLASSIFIERS[name]


def classifier_table() -> pd.DataFrame:
    """Return one row per classifier: ``classifier, family, preset, search, standardised``."""
    rows = [
        {
            "classifier": name,
            "family": entry.family,
            "preset": ", ".join(f"{k}={v}" for k, v in entry.preset.items()),
            "search": ", ".join(f"{k}: {_worded(v)}" for k, v in entry.space.items()),
            "standardised": entry.standardised,
        }
        for name, entry in CLASSIFIERS.items()
    ]
    return pd.DataFrame(rows)


def _worded(dimension: Dimension) -> str:
    if isinstance(dimension, Choice):
        return " | ".join(map(str, dimension.values))
    scale = " (log)" if isinstance(dimension, Real) and dimension.log else ""
    return f"{dimension.low:g} to {dimension.high:g}{scale}"


def _tree(leaves: int) -> Classifier:
    return Classifier(
        "tree", estimators.tree, {"max_splits": leaves, "min_leaf": 1},
        {"max_splits": Whole(1, 100), "min_leaf": Whole(1, 20)}, standardised=False,
    )  # fmt: skip


def _gaussian_svm(scale: float) -> Classifier:
    return Classifier(
        "svm", estimators.gaussian_svm, {"C": 1.0, "relative_scale": scale},
        {"C": Real(1e-2, 1e2, log=True), "relative_scale": Real(0.1, 10, log=True)},
    )  # fmt: skip


def _polynomial_svm(degree: int) -> Classifier:
    return Classifier("svm", estimators.polynomial_svm, {"C": 1.0, "degree": degree},
                      {"C": Real(1e-3, 1e2, log=True)})  # fmt: skip


def _knn(n_neighbours: int, metric: str = "euclidean", weights: str = "equal") -> Classifier:
    preset = {"n_neighbours": n_neighbours, "metric": metric, "weights": weights}
    return Classifier("knn", estimators.knn, preset, {"n_neighbours": Whole(1, 40)})


def _net(*layers: int) -> Classifier:
    return Classifier("net", estimators.net, {"layers": layers, "alpha": 0.0},
                      {"alpha": Real(1e-4, 1e1, log=True)})  # fmt: skip


def _ensemble(build: Callable[..., BaseEstimator], **preset: Any) -> Classifier:
    return Classifier("ensemble", build, {"n_learners": 30, **preset},
                      {"n_learners": Whole(10, 60)}, standardised=False)  # fmt: skip


def _boosted(build: Callable[..., BaseEstimator]) -> Classifier:
    return Classifier(
        "ensemble", build, {"n_learners": 30, "max_splits": 20, "rate": 0.1},
        {"n_learners": Whole(10, 60), "max_splits": Whole(1, 30), "rate": Real(0.01, 1, log=True)},
        standardised=False,
    )  # fmt: skip


CLASSIFIERS: dict[str, Classifier] = {
    "gaussian nb": Classifier("naive bayes", estimators.gaussian_nb, {"smoothing": 1e-9},
                              {"smoothing": Real(1e-9, 1.0, log=True)}),
    "kernel nb": Classifier("naive bayes", estimators.kernel_nb, {"bandwidth": 1.0},
                            {"bandwidth": Real(0.3, 3.0, log=True)}),
    "lda": Classifier("discriminant", estimators.lda, {"shrinkage": 0.0},
                      {"shrinkage": Real(0.0, 1.0)}),
    "qda": Classifier("discriminant", estimators.qda, {"regularisation": 0.0},
                      {"regularisation": Real(0.0, 1.0)}),
    "logistic": Classifier("logistic", estimators.logistic, {"C": 1.0},
                           {"C": Real(1e-3, 1e3, log=True)}),
    "linear svm": Classifier("svm", estimators.linear_svm, {"C": 1.0},
                             {"C": Real(1e-3, 1e2, log=True)}),
    "quadratic svm": _polynomial_svm(2),
    "cubic svm": _polynomial_svm(3),
    "fine gaussian svm": _gaussian_svm(0.25),
    "medium gaussian svm": _gaussian_svm(1.0),
    "coarse gaussian svm": _gaussian_svm(4.0),
    "fine knn": _knn(1),
    "medium knn": _knn(10),
    "coarse knn": _knn(100),
    "cosine knn": _knn(10, metric="cosine"),
    "cubic knn": _knn(10, metric="cubic"),
    "weighted knn": _knn(10, weights="inverse square"),
    "fine tree": _tree(100),
    "medium tree": _tree(20),
    "coarse tree": _tree(4),
    "boosted trees": _boosted(estimators.boosted_trees),
    "bagged trees": _ensemble(estimators.bagged_trees),
    "subspace discriminant": _ensemble(estimators.subspace_discriminant, part=0.5),
    "subspace knn": _ensemble(estimators.subspace_knn, part=0.5),
    "rusboost": _boosted(estimators.rusboost),
    "narrow net": _net(10),
    "medium net": _net(25),
    "wide net": _net(100),
    "bilayer net": _net(10, 10),
    "trilayer net": _net(10, 10, 10),
    "all control": Classifier("baseline", estimators.all_control, standardised=False),
}  # fmt: skip
"""Classifiers by name. Presets are those of MATLAB's Classification Learner as remembered by its
users: trees of at most 100, 20 and 4 splits, kernels of scale sqrt(P) times 1/4, 1 and 4 for P
features, ensembles of 30 learners, RUSBoost of trees with 20 splits and learning rate 0.1. Where
scikit-learn differs: the logistic regression and the nets have scikit-learn's L2 penalty as named
here, subspace learners see half of the features."""
