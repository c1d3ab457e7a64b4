"""Fit one classifier and score people with it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg import LinAlgWarning
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from neurodecode.morphometry.classifiers import build_estimator
from neurodecode.morphometry.estimators import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


NOTHING_LEARNED = "worse than random"
"""What scikit-learn's boosting says where its first learner fails; it has no class of its own."""


def fit_model(
    name: str,
    parameters: Mapping[str, Any],
    train: Floats,
    y: NDArray[np.intp],
    *,
    random_state: int,
) -> Any:
    """Fit a classifier on features, standardised where it needs that.

    Warnings of iterations that stop early and of covariances that are nearly singular are
    silenced: in a search they are a property of a candidate, which its score answers. Boosting
    whose first learner is worse than random on its training part has learned nothing; it answers
    with the share of converters.
    """
    shape = Shape(len(train), train.shape[1], random_state)
    model: Any = build_estimator(name, shape, parameters)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", LinAlgWarning)
        return _fitted(model, train, y)


def score_people(model: Any, test: Floats) -> tuple[Floats, bool]:
    """Score people with a fitted classifier.

    Returns
    -------
    scores : ndarray, shape (n_test,)
        Posterior of class 1, or the decision value of classifiers without posteriors.
    is_posterior : bool
    """
    if hasattr(model, "predict_proba"):
        return _posterior(model, test), True
    return np.asarray(model.decision_function(test), dtype=float), False


def _fitted(model: Any, train: Floats, y: NDArray[np.intp]) -> Any:
    try:
        return model.fit(train, y)
    except ValueError as error:
        if NOTHING_LEARNED not in str(error):
            raise
        return DummyClassifier(strategy="prior").fit(train, y)


def _posterior(model: Any, test: Floats) -> Floats:
    """Return the posterior of class 1; 0 where a constant model knows class 0 only."""
    posteriors = np.asarray(model.predict_proba(test), dtype=float)
    column = np.flatnonzero(np.asarray(model.classes_) == 1)
    return posteriors[:, column[0]] if column.size else np.zeros(len(test))


def cut_of(is_posterior: bool) -> float:
    """Return the score above which a person is called a converter: 0.5, or 0 for SVMs."""
    return 0.5 if is_posterior else 0.0


def prevalence_cut(held_out: Floats, y: NDArray[np.intp]) -> float:
    """Return the score that as many held-out people exceed as there are converters."""
    return float(np.quantile(held_out, 1 - np.mean(y)))


@dataclass(frozen=True)
class Sigmoid:
    r"""Posteriors of decision values by a sigmoid fitted on held-out ones.

    .. math:: P(y = 1 \mid s) = 1 / (1 + \exp(-(a s + b)))

    Attributes
    ----------
    centre, spread : float
        Mean and standard deviation of the held-out values.
    regression : LogisticRegression
        Of the standardised values.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines.
    """

    centre: float
    spread: float
    regression: LogisticRegression

    @classmethod
    def fit(cls, held_out: Floats, y: NDArray[np.intp]) -> Sigmoid:
        """Fit it on held-out decision values (n,) and groups (n,)."""
        centre, spread = float(held_out.mean()), float(held_out.std() or 1.0)
        regression = LogisticRegression(C=1e3).fit(((held_out - centre) / spread)[:, None], y)
        return cls(centre, spread, regression)

    def posterior(self, scores: Floats) -> Floats:
        """Return the posteriors of decision values, shape (n,)."""
        standardised = ((scores - self.centre) / self.spread)[:, None]
        return np.asarray(self.regression.predict_proba(standardised)[:, 1])
