"""Fit the library's decoders with means that converge where the library's do not."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.riemann.augmented import trials_array
from neurodecode.riemann.decoders import make_decoder
from neurodecode.riemann.karcher import ACCEPTABLE, karcher_mean, log_euclidean_mean

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from pyriemann.classification import MDM
    from pyriemann.tangentspace import TangentSpace
    from sklearn.pipeline import Pipeline

    from neurodecode.riemann.augmented import Array
    from neurodecode.riemann.config import ModelSection

REFIT_TOL = 1e-4
DECODER_OF = {"svm": "ACM+TS+SVM", "mdm": "ACM+MDM"}


def fit_decoder(
    X: NDArray[Any],
    y: NDArray[Any],
    classifier: str,
    model: ModelSection,
    *,
    reference: str = "riemann",
    backend: str = "numpy",
) -> Pipeline:
    """Fit "ACM+TS+SVM" or "ACM+MDM" of :func:`make_decoder` with our means.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_samples)
    y : ndarray, shape (n_trials,)
    classifier : {"svm", "mdm"}
    model : ModelSection
    reference : {"riemann", "logeuclid"}
        Kind of mean; the tangent space and the distances are affine-invariant with both.
    backend : {"numpy", "torch"}

    Returns
    -------
    Pipeline
        Fitted; the parts are those of scikit-learn and pyRiemann.

    Warns
    -----
    RuntimeWarning
        If a mean did not come near enough, as when order times lag makes copies all but equal.
    """
    decoder = make_decoder(DECODER_OF[classifier], model)
    matrices = decoder.named_steps["features"].fit(X).transform(X)

    def mean(rows: Array) -> Array:
        if reference == "logeuclid":
            return log_euclidean_mean(rows)
        found = karcher_mean(rows, tol=REFIT_TOL, backend=backend)
        if found.gradient_norm > ACCEPTABLE:
            warnings.warn(
                f"the mean at order {model.order}, lag {model.lag} stopped at a gradient norm of "
                f"{found.gradient_norm:.1e} ({found.method}): matrices are singular to rounding",
                RuntimeWarning,
                stacklevel=3,
            )
        return found.mean

    if classifier == "mdm":
        _fit_mdm(decoder.named_steps["classifier"], matrices, y, mean)
        return decoder
    tangent: TangentSpace = decoder.named_steps["classifier"][0]
    tangent.reference_ = mean(matrices)
    decoder.named_steps["classifier"][-1].fit(tangent.transform(matrices), y)
    return decoder


def _fit_mdm(mdm: MDM, matrices: Array, y: NDArray[Any], mean: Any) -> None:
    classes = np.unique(y)
    # the fit on one identity per class sets all but the means, which the library may not reach
    mdm.fit(np.stack([np.eye(matrices.shape[1])] * len(classes)), classes)
    mdm.covmeans_ = np.stack([mean(matrices[y == label]) for label in classes])


def decoder_scores(decoder: Pipeline, classifier: str, X: NDArray[Any]) -> NDArray[np.float64]:
    """Return decision scores: (n_trials,) with two classes, else (n_trials, n_classes).

    For "mdm": the squared distance to the first class mean minus that to the second, or with more
    classes the negative squared distances.
    """
    if classifier == "svm":
        scores: NDArray[np.float64] = decoder.decision_function(X)
        return scores
    negative: NDArray[np.float64] = -np.square(decoder.transform(X))
    return negative[:, 1] - negative[:, 0] if negative.shape[1] == 2 else negative


class RefitDecoder(ClassifierMixin, BaseEstimator):
    """Base of classifiers that choose a decoder in ``fit`` and keep it as ``best_estimator_``."""

    classifier: str

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of each trial.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_channels, n_samples)
        """
        check_is_fitted(self, "best_estimator_")
        predicted: NDArray[Any] = self.best_estimator_.predict(trials_array(X))
        return predicted

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the scores of the chosen decoder, see :func:`decoder_scores`."""
        check_is_fitted(self, "best_estimator_")
        return decoder_scores(self.best_estimator_, self.classifier, trials_array(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        return tags
