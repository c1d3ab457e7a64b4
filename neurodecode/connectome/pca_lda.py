"""Principal components of few long vectors, then linear discriminant analysis."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.connectome.groups import check_groups
from neurodecode.connectome.scalings import scale_maps
from neurodecode.faults import ConfigFault, unknown

Floats = NDArray[np.floating[Any]]
PRIORS = ("empirical", "equal")
RANK_TOLERANCE = 1e-10
"""Eigenvalues of the Gram matrix below this part of the largest are rounding."""


class PCALDA(ClassifierMixin, TransformerMixin, BaseEstimator):
    r"""Classify maps by LDA on their principal components.

    With N subjects and far more voxels the components come from the N x N Gram matrix of the
    centred maps :math:`X_c`: from :math:`X_c X_c^\top = U S^2 U^\top` the scores are :math:`U S`
    and the components :math:`S^{-1} U^\top X_c`.

    Parameters
    ----------
    n_components : int, float or None, default=0.95
        How many; or, between 0 and 1, the part of the variance they must exceed; None: all. An
        int beyond the rank of the training maps takes the rank.
    scaling : str, default="raw"
        Of :data:`~neurodecode.connectome.scalings.SCALINGS`, before the centring.
    shrinkage : "auto", float or None, default=None
        Of the within-class covariance (Ledoit and Wolf for "auto").
    priors : {"empirical", "equal"}, default="empirical"

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    mean_ : ndarray, shape (n_features,)
    components_ : ndarray, shape (n_components_, n_features)
    explained_variance_ratio_ : ndarray, shape (n_components_,)
    n_components_ : int
    coef_ : ndarray, shape (1 or n_classes, n_features)
        Weights of the discriminant per voxel, of the scaled maps.

    References
    ----------
    Dey, Rao and Shah (2012), Frontiers in Systems Neuroscience 6:75.
    """

    def __init__(
        self,
        n_components: float | None = 0.95,
        *,
        scaling: str = "raw",
        shrinkage: str | float | None = None,
        priors: str = "empirical",
    ) -> None:
        self.n_components = n_components
        self.scaling = scaling
        self.shrinkage = shrinkage
        self.priors = priors

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit components and discriminant.

        Parameters
        ----------
        X : array-like, shape (n_subjects, n_features)
        y : array-like, shape (n_subjects,)

        Raises
        ------
        ConfigFault
            If a setting is unknown or out of range.
        DataFault
            If there is a single class.
        """
        self._check_settings()
        maps, groups = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(groups)
        self.classes_ = check_groups(groups, least=1)
        scores = self._fit_components(scale_maps(maps, self.scaling))
        equal = np.full(self.classes_.size, 1 / self.classes_.size)
        self.lda_ = LinearDiscriminantAnalysis(
            solver="svd" if self.shrinkage is None else "lsqr",
            shrinkage=self.shrinkage,
            priors=equal if self.priors == "equal" else None,
        ).fit(scores, groups)
        self.coef_ = self.lda_.coef_ @ self.components_
        return self

    def _fit_components(self, X: Floats) -> Floats:
        """Set the components and return the training scores."""
        self.mean_ = X.mean(axis=0)
        centred = X - self.mean_
        variances, vectors = np.linalg.eigh(centred @ centred.T)
        variances, vectors = variances[::-1], vectors[:, ::-1]
        rank = int(np.sum(variances > RANK_TOLERANCE * max(variances[0], 0)))
        ratio = variances[:rank] / variances[:rank].sum() if rank else np.ones(0)
        k = self.n_components_ = max(self._how_many(ratio), 1)
        lengths = np.sqrt(np.maximum(variances[:k], np.finfo(float).tiny))
        self.components_ = (vectors[:, :k].T @ centred) / lengths[:, None]
        self.explained_variance_ratio_ = ratio[:k]
        return np.asarray(vectors[:, :k] * lengths)

    def _how_many(self, ratio: Floats) -> int:
        if self.n_components is None:
            return ratio.size
        if 0 < self.n_components < 1:
            reached = np.searchsorted(np.cumsum(ratio), self.n_components, side="right") + 1
            return min(int(reached), ratio.size)
        return min(int(self.n_components), ratio.size)

    def _check_settings(self) -> None:
        if self.priors not in PRIORS:
            raise ConfigFault(unknown("priors", self.priors, PRIORS))
        n = self.n_components
        if n is not None and not (0 < n < 1 or (n >= 1 and float(n).is_integer())):
            raise ConfigFault(f"n_components {n} is neither a whole number nor between 0 and 1",
                              where="n_components")  # fmt: skip

    def transform(self, X: ArrayLike) -> Floats:
        """Return the scores on the components, shape (n_subjects, n_components_)."""
        check_is_fitted(self)
        maps = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray((scale_maps(maps, self.scaling) - self.mean_) @ self.components_.T)

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return log-posterior ratios, shape (n_subjects,), or scores (n_subjects, n_classes)."""
        scores = self.transform(X)
        return np.asarray(self.lda_.decision_function(scores))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of each subject."""
        scores = self.transform(X)
        return np.asarray(self.lda_.predict(scores))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return posterior probabilities, shape (n_subjects, n_classes)."""
        scores = self.transform(X)
        return np.asarray(self.lda_.predict_proba(scores))
