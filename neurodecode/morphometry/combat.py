"""ComBat through neuroHarmonize: sites removed, the effects of covariates kept."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.faults import DataFault, package_missing
from neurodecode.morphometry.subjects import COVARIATES, check_columns, finite_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray


class ComBat(TransformerMixin, BaseEstimator):
    """Remove location and scale of each site by empirical Bayes, learned from training people.

    Beyond the paper, and with the opposite aim of :class:`PolynomialHarmonizer`: ComBat keeps what
    age and sex explain. The group is never a protected covariate: protecting the target before
    cross-validation leaks where its share differs between sites.

    Parameters
    ----------
    covariates : sequence of str, default=("age", "sex")
        Whose effects are kept.
    site : str, default="site"
    empirical_bayes : bool, default=True
        Share the site effects over measures.

    Attributes
    ----------
    measures_ : list of str
    sites_ : list of str
        Sites that can be transformed.

    References
    ----------
    Johnson, Li and Rabinovic (2007), Biostatistics 8:118. Pomponio et al. (2020), NeuroImage
    208:116450 (neuroHarmonize, which computes it).
    """

    def __init__(
        self,
        covariates: Sequence[str] = ("age", "sex"),
        *,
        site: str = "site",
        empirical_bayes: bool = True,
    ) -> None:
        self.covariates = covariates
        self.site = site
        self.empirical_bayes = empirical_bayes

    def fit(self, X: pd.DataFrame, y: ArrayLike | None = None) -> Self:
        """Learn the sites from training people; groups are not looked at.

        Raises
        ------
        ConfigFault
            If neuroHarmonize is not installed.
        DataFault
            If a column is absent or has missing values, or a site has a single person.
        """
        try:
            from neuroHarmonize import harmonizationLearn
        except ModuleNotFoundError as error:
            raise package_missing(error, "ComBat") from error
        validate_data(self, X, skip_check_array=True)
        check_columns(X, [*self.covariates, self.site])
        self.measures_ = [name for name in X.columns if name not in COVARIATES]
        counts = X[self.site].astype(str).value_counts()
        if counts.min() < 2:
            raise DataFault("a site with a single person has no spread", where=str(counts.idxmin()),
                            fix="leave it out or merge it with another")  # fmt: skip
        self.sites_ = sorted(counts.index)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # the package uses matrices
            # without a seed the package reseeds numpy's global generator
            self.model_, _ = harmonizationLearn(
                finite_columns(X, self.measures_), self._design(X), eb=self.empirical_bayes, seed=0
            )
        return self

    def transform(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Return the measures without site effects, shape (n_subjects, n_measures).

        Raises
        ------
        DataFault
            If a site was not in the fit.
        """
        check_is_fitted(self)
        from neuroHarmonize import harmonizationApply

        validate_data(self, X, reset=False, skip_check_array=True)
        strange = np.setdiff1d(X[self.site].astype(str), self.sites_)
        if strange.size:
            raise DataFault(f"site without people in the fit: {', '.join(strange[:5])}",
                            fix="split so that every site trains")  # fmt: skip
        values = finite_columns(X, self.measures_)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            found = harmonizationApply(values, self._design(X), self.model_)
        return np.asarray(found, dtype=float)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the measures."""
        check_is_fitted(self)
        return np.array(self.measures_, dtype=object)

    def _design(self, X: pd.DataFrame) -> pd.DataFrame:
        numbers = finite_columns(X, self.covariates)
        columns = dict(zip(self.covariates, numbers.T, strict=True))
        return pd.DataFrame({"SITE": X[self.site].astype(str).to_numpy(), **columns})
