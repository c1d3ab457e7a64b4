"""The decoders of the ``acm`` pipeline, as scikit-learn pipelines from trials to classes.

Each has two parts: ``features`` (stateless: trials to covariance matrices) and ``classifier``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyriemann.classification import MDM, FgMDM
from pyriemann.estimation import Covariances
from pyriemann.spatialfilters import CSP
from pyriemann.tangentspace import TangentSpace
from sklearn.base import BaseEstimator
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from neurodecode.faults import ConfigFault, unknown
from neurodecode.riemann.augmented import AugmentedCovariances, ShuffledTime
from neurodecode.riemann.config import (
    FIXED,
    SHRUNK,
    SHUFFLED_LABELS,
    SHUFFLED_TIME,
    ModelSection,
)
from neurodecode.riemann.filter_bank import FilterBankCovariances, FilterBankTangentSpace

if TYPE_CHECKING:
    from collections.abc import Callable

Parts = tuple[BaseEstimator, BaseEstimator]


def _tangent_svm(model: ModelSection) -> BaseEstimator:
    """Tangent space at the affine-invariant mean of the training trials, then an SVM."""
    return make_pipeline(TangentSpace(metric="riemann"), _svm(model))


def _svm(model: ModelSection) -> BaseEstimator:
    return SVC(C=model.C, kernel=model.kernel, gamma="scale")


def _augmented(model: ModelSection) -> BaseEstimator:
    return AugmentedCovariances(model.order, model.lag, model.estimator, model.structure)


def _spatial(model: ModelSection) -> BaseEstimator:
    return AugmentedCovariances(1, 1, model.estimator)


def _elastic_net(model: ModelSection, seed: int) -> BaseEstimator:
    net = LogisticRegression(
        l1_ratio=model.l1_ratio, solver="saga", max_iter=2000, tol=1e-3, random_state=seed
    )
    return make_pipeline(TangentSpace(metric="riemann"), net)


def _csp(model: ModelSection) -> BaseEstimator:
    return make_pipeline(
        CSP(nfilter=model.n_filters), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    )


BUILDERS: dict[str, Callable[[ModelSection, int], Parts]] = {
    "ACM+TS+SVM": lambda m, _: (_augmented(m), _tangent_svm(m)),
    "FB-ACM+TS+SVM": lambda m, _: (
        FilterBankCovariances(m.n_bands, m.order, m.lag, m.estimator),
        make_pipeline(FilterBankTangentSpace(), _svm(m)),
    ),
    "ACM+MDM": lambda m, _: (_augmented(m), MDM(metric="riemann")),
    "TS+SVM": lambda m, _: (_spatial(m), _tangent_svm(m)),
    "TS+EN": lambda m, seed: (_spatial(m), _elastic_net(m, seed)),
    "MDM": lambda m, _: (_spatial(m), MDM(metric="riemann")),
    "FgMDM": lambda m, _: (_spatial(m), FgMDM(metric="riemann")),
    "CSP+LDA": lambda m, _: (Covariances("oas"), _csp(m)),
    SHUFFLED_TIME: lambda m, seed: (
        make_pipeline(ShuffledTime(seed), _augmented(m)),
        _tangent_svm(m),
    ),
    SHUFFLED_LABELS: lambda m, _: (_augmented(m), _tangent_svm(m)),
}


def _shrunk(base: str, estimator: str) -> Callable[[ModelSection, int], Parts]:
    build = BUILDERS[base]
    return lambda m, seed: build(m.model_copy(update={"estimator": estimator}), seed)


BUILDERS |= {name: _shrunk(*made) for name, made in SHRUNK.items()}
assert set(BUILDERS) == set(FIXED)

DECODERS = FIXED
TRUSTED = (
    "neurodecode.riemann.augmented.AugmentedCovariances",
    "neurodecode.riemann.augmented.ShuffledTime",
    "neurodecode.riemann.filter_bank.FilterBankCovariances",
    "neurodecode.riemann.filter_bank.FilterBankTangentSpace",
    "pyriemann.classification.FgMDM",
    "pyriemann.classification.MDM",
    "pyriemann.estimation.Covariances",
    "pyriemann.spatialfilters.CSP",
    "pyriemann.tangentspace.FGDA",
    "pyriemann.tangentspace.TangentSpace",
)
"""Types outside scikit-learn that a saved decoder may hold."""


def make_decoder(
    name: str, model: ModelSection | None = None, *, random_state: int = 0
) -> Pipeline:
    """Build an unfitted decoder by its name.

    Parameters
    ----------
    name : str
        One of :data:`DECODERS`.
    model : ModelSection, optional
        Hyper-parameters; default: those of :class:`ModelSection`.
    random_state : int
        Seed of the solver, or of the time shuffle.

    Returns
    -------
    Pipeline
        ``fit(X, y)``, ``predict(X)`` with X of shape (n_trials, n_channels, n_samples), in any
        unit; steps ``features`` and ``classifier``.

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one.
    """
    if name not in BUILDERS:
        raise ConfigFault(unknown("decoder", name, BUILDERS))
    features, classifier = BUILDERS[name](model or ModelSection(), random_state)
    return Pipeline([("features", features), ("classifier", classifier)])


def class_probabilities(decoder: Any, scores: Any) -> Any:
    """Return probabilities of the classes, shape (n_trials, n_classes), from decision scores.

    The scores themselves where the decoder gives no others than probabilities; else their
    softmax, which is not calibrated.

    Parameters
    ----------
    scores : ndarray, shape (n_trials, n_classes)
        Of :func:`decision_scores`.
    """
    from scipy.special import softmax

    return softmax(scores, axis=1) if hasattr(decoder, "decision_function") else scores


def decision_scores(decoder: Any, X: Any) -> Any:
    """Return one score per class, shape (n_trials, n_classes); larger means more likely.

    Uses ``decision_function`` where there is one, else ``predict_proba``.
    """
    import numpy as np

    if hasattr(decoder, "decision_function"):
        scores = np.asarray(decoder.decision_function(X))
        return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores
    return np.asarray(decoder.predict_proba(X))
