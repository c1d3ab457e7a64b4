"""Remove what is known of people from their maps: site means and spreads, or confounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

CATEGORIES = ("site", "sex", "handedness")
NUMBERS = ("age", "full_iq", "mean_fd")
"""What :class:`ConfoundRegression` removes: site (with its length of series), phenotype, motion."""


class SiteNormaliser(BaseEstimator):
    """Give every site the same mean and spread of each voxel.

    People of a site that trained are normalised by its training subjects; those of a new site by
    one another, without a look at their groups.

    Attributes
    ----------
    means_, spreads_ : dict of str to ndarray, shape (n_features,)
        By site.
    """

    def fit(self, X: Floats, people: pd.DataFrame) -> Self:
        """Take each site's mean and standard deviation.

        Parameters
        ----------
        X : ndarray, shape (n_subjects, n_features)
        people : DataFrame
            With the column ``site``, in the order of the maps.
        """
        sites = people["site"].to_numpy(str)
        groups = {str(site): X[sites == site] for site in np.unique(sites)}
        self.means_ = {site: maps.mean(axis=0) for site, maps in groups.items()}
        self.spreads_ = {site: _spread(maps) for site, maps in groups.items()}
        return self

    def transform(self, X: Floats, people: pd.DataFrame) -> Floats:
        """Return normalised maps."""
        check_is_fitted(self)
        sites, out = people["site"].to_numpy(str), np.empty_like(X)
        for site in np.unique(sites):
            rows = sites == site
            known = str(site) in self.means_
            mean = self.means_[str(site)] if known else X[rows].mean(axis=0)
            spread = self.spreads_[str(site)] if known else _spread(X[rows])
            out[rows] = (X[rows] - mean) / spread
        return out


class ConfoundRegression(BaseEstimator):
    r"""Subtract from each voxel what a linear model of confounds explains in training.

    .. math:: X - C \hat\beta, \qquad \hat\beta = \arg\min \|X_\mathrm{train} - C \beta\|^2

    :math:`C` holds a constant, indicators of :data:`CATEGORIES` and standardised
    :data:`NUMBERS`, missing ones imputed. A site that did not train has no indicator: its people's
    residuals are centred, without a look at their groups.

    Attributes
    ----------
    design_ : ColumnTransformer
    sites_ : list of str
        That trained.
    coef_ : ndarray, shape (n_confounds + 1, n_features)
    """

    def fit(self, X: Floats, people: pd.DataFrame) -> Self:
        """Fit on training subjects; ``people`` has the confounds, in the order of the maps."""
        numbers = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        )
        dummies = make_pipeline(
            SimpleImputer(strategy="constant", fill_value="missing"),
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        )
        parts = [("numbers", numbers, list(NUMBERS)), ("categories", dummies, list(CATEGORIES))]
        self.sites_ = sorted(set(people["site"].astype(str)))
        self.design_ = ColumnTransformer(parts, sparse_threshold=0.0).fit(people)
        design = self._design(people)
        self.coef_ = np.linalg.lstsq(design, X.astype(np.float64), rcond=None)[0]
        return self

    def transform(self, X: Floats, people: pd.DataFrame) -> Floats:
        """Return the residuals."""
        check_is_fitted(self)
        residuals = np.asarray(X - self._design(people) @ self.coef_, dtype=X.dtype)
        sites = people["site"].to_numpy(str)
        for site in set(sites) - set(self.sites_):
            residuals[sites == site] -= residuals[sites == site].mean(axis=0)
        return residuals

    def _design(self, people: pd.DataFrame) -> Floats:
        known = np.asarray(self.design_.transform(people), dtype=float)
        return np.column_stack([np.ones(len(people)), known])


ADJUSTMENTS: dict[str, type[SiteNormaliser | ConfoundRegression]] = {
    "site-normalised": SiteNormaliser,
    "confounds removed": ConfoundRegression,
}
"""Adjustments by name: ``fit(X, people)``, ``transform(X, people)``."""


def _spread(maps: Floats) -> Floats:
    """Return standard deviations, 1 where nothing varies."""
    spread = maps.std(axis=0)
    return np.asarray(np.where(spread > 0, spread, 1))
