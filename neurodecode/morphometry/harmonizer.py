"""Deviation from healthy ageing: polynomial regression of covariates out of every measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.morphometry.covariates import CovariateBasis
from neurodecode.morphometry.subjects import COVARIATES, check_columns, finite_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Column = str | int

OUTPUTS = ("raw", "residual", "z-score")
FIT_ON = ("controls", "everyone")
UNKNOWN_SITES = ("fault", "mean")
LEAST_SPREAD = 0.25
"""An age-dependent spread is never below this part of the constant one: extrapolation to ages
beyond the controls' must not divide by nearly nothing."""


class PolynomialHarmonizer(TransformerMixin, BaseEstimator):
    r"""Express each measure as deviation from what age, sex and head size predict.

    For each measure a polynomial :math:`f(\text{age}, \text{sex}, \text{eTIV})` is fitted by least
    squares on healthy controls (of the training part, when inside cross-validation), then

    .. math:: \text{residual} = y - f(x), \qquad z = \frac{y - f(x)}{s}

    with :math:`s` the SD of the controls' residuals (:math:`n - \text{rank}` degrees of freedom).
    The paper names regression and its z-score form; degree, covariates and whom it was fitted on
    are not known: defaults are the usual normative model.

    Parameters
    ----------
    covariates : sequence of str or int, default=("age", "sex", "etiv")
        Columns of the table, or positions in an array. Those with two values enter linearly.
    degree : {1, 2, 3}, default=2
    interactions : sequence of pairs, default=(("age", "sex"),)
        Covariates whose product is a column; pairs with a covariate not in use are left out.
    site : str or int, optional
        Column of the scanner or cohort: a constant per site, with the average site as zero.
    unknown_site : {"fault", "mean"}, default="fault"
        At transform, for a site without people in the fit: stop, or take the average site.
    fit_on : {"controls", "everyone"}, default="controls"
        "controls": people with y == 0.
    output : {"raw", "residual", "z-score"}, default="z-score"
    spread : str or int, optional
        A covariate, such as "age", on which s depends: the absolute residuals times
        :math:`\sqrt{\pi/2}` are fitted by a straight line of it. Default: s is constant.
    thickness_etiv : bool, default=True
        False: measures named ``..._thickness`` are fitted without the covariate "etiv", because
        thickness hardly scales with head size.
    keep_covariates : bool, default=False
        Put the covariates (not the site) behind the measures.

    Attributes
    ----------
    measures_ : list of str or int
        Columns that are transformed: all but the covariates and the columns of a subject table
        that are no measures (age, sex, etiv, site, group), in use or not.
    coef_ : ndarray, shape (n_columns, n_measures)
        Of the design matrix of :class:`~neurodecode.morphometry.covariates.CovariateBasis`.
    scale_ : ndarray, shape (n_measures,)
        SD of the residuals, in the unit of the measure.
    sites_ : tuple of str
    n_fit_ : int
        People that the regression was fitted on.

    References
    ----------
    Ahmad et al. (2024), PeerJ 12:e18490 (z-score harmonisation by polynomial regression).
    Spread from absolute residuals: Altman (1993), Statistics in Medicine 12:917.
    """

    def __init__(
        self,
        covariates: Sequence[Column] = ("age", "sex", "etiv"),
        *,
        degree: int = 2,
        interactions: Sequence[tuple[Column, Column]] = (("age", "sex"),),
        site: Column | None = None,
        unknown_site: str = "fault",
        fit_on: str = "controls",
        output: str = "z-score",
        spread: Column | None = None,
        thickness_etiv: bool = True,
        keep_covariates: bool = False,
    ) -> None:
        self.covariates = covariates
        self.degree = degree
        self.interactions = interactions
        self.site = site
        self.unknown_site = unknown_site
        self.fit_on = fit_on
        self.output = output
        self.spread = spread
        self.thickness_etiv = thickness_etiv
        self.keep_covariates = keep_covariates

    def fit(self, X: ArrayLike | pd.DataFrame, y: ArrayLike | None = None) -> Self:
        """Fit one polynomial per measure.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n_subjects, n_columns)
            Measures and covariates of training people.
        y : array-like, shape (n_subjects,), optional
            Groups; 0 is healthy. Needed by ``fit_on="controls"``.

        Raises
        ------
        ConfigFault
            If a setting is unknown, or the controls are asked for without y.
        DataFault
            If a column is absent or has missing values, there are too few people for the
            polynomial, or a measure does not vary.
        """
        self._check_settings()
        table = self._table(X, reset=True)
        check_columns(table, [*self.covariates, *self._site_columns()])
        aside = {*COVARIATES, *self.covariates, *self._site_columns()}
        self.measures_ = [name for name in table.columns if name not in aside]
        if not self.measures_:
            raise DataFault("no measure is left beside the covariates", where="the table")
        table = table[self._healthy(y, len(table))]
        sites = self._sites(table)
        covariates = finite_columns(table, self.covariates)
        self.basis_ = CovariateBasis.learn(covariates, self.degree, self._pairs(), sites)
        self.sites_, self.n_fit_ = self.basis_.sites, len(table)
        values = finite_columns(table, self.measures_)
        residuals, freedom = self._regress(values, covariates, sites)
        self.scale_ = np.sqrt(np.sum(residuals**2, axis=0) / freedom)
        if self.output == "z-score":
            self._check_spread(values)
            self._fit_spread(residuals, covariates, freedom)
        return self

    def transform(self, X: ArrayLike | pd.DataFrame) -> Floats:
        """Return the measures, harmonised, shape (n_subjects, n_measures [+ n_covariates]).

        Raises
        ------
        DataFault
            If columns differ from those of the fit, a value is missing, or a site is unknown.
        """
        check_is_fitted(self)
        table = self._table(X, reset=False)
        values = finite_columns(table, self.measures_)
        covariates = finite_columns(table, self.covariates)
        if self.output != "raw":
            values = values - self._expected(covariates, self._known_sites(table))
        if self.output == "z-score":
            values = values / self._spread_at(covariates)
        return np.hstack([values, covariates]) if self.keep_covariates else values

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns of :meth:`transform`."""
        check_is_fitted(self)
        kept = [*self.measures_, *(self.covariates if self.keep_covariates else ())]
        names = [name if isinstance(name, str) else f"x{name}" for name in kept]
        return np.array(names, dtype=object)

    def _check_settings(self) -> None:
        choices = (("output", OUTPUTS), ("fit_on", FIT_ON), ("unknown_site", UNKNOWN_SITES))
        for name, valid in choices:
            if getattr(self, name) not in valid:
                raise ConfigFault(unknown(name, str(getattr(self, name)), valid))
        if self.degree not in (1, 2, 3):
            raise ConfigFault(f"degree {self.degree} is not 1, 2 or 3", where="degree")
        if self.spread is not None and self.spread not in self.covariates:
            raise ConfigFault(unknown("spread", str(self.spread), map(str, self.covariates)))

    def _table(self, X: ArrayLike | pd.DataFrame, *, reset: bool) -> pd.DataFrame:
        """Return a table whose columns are names, or positions for an array."""
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        least = 2 if reset else 1
        return pd.DataFrame(
            validate_data(self, X, dtype=np.float64, reset=reset, ensure_min_samples=least,
                          ensure_min_features=least)
        )  # fmt: skip

    def _site_columns(self) -> list[Column]:
        return [] if self.site is None else [self.site]

    def _pairs(self) -> tuple[tuple[int, int], ...]:
        names = list(self.covariates)
        return tuple(
            (names.index(a), names.index(b))
            for a, b in self.interactions
            if a in names and b in names
        )

    def _healthy(self, y: ArrayLike | None, n: int) -> NDArray[np.bool_]:
        if self.fit_on == "everyone":
            return np.ones(n, dtype=bool)
        if y is None:
            raise ConfigFault("the harmonizer is fitted on controls but there are no groups",
                              fix="call fit(X, y), or set fit_on='everyone'")  # fmt: skip
        groups = np.asarray(y)
        if groups.shape != (n,):
            raise DataFault(f"{n} subjects but groups of shape {groups.shape}")
        return np.asarray(groups == 0)

    def _sites(self, table: pd.DataFrame) -> NDArray[np.str_] | None:
        return None if self.site is None else table[self.site].to_numpy().astype(str)

    def _known_sites(self, table: pd.DataFrame) -> NDArray[np.str_] | None:
        sites = self._sites(table)
        if sites is None or self.unknown_site == "mean":
            return sites
        strange = np.setdiff1d(sites, self.sites_)
        if strange.size:
            raise DataFault(
                f"site without people in the fit: {', '.join(strange[:5])}",
                where=f"column {self.site}; fitted: {', '.join(self.sites_[:20])}",
                fix="set unknown_site='mean', or split so that every site trains",
            )
        return sites

    def _without_etiv(self) -> NDArray[np.bool_]:
        """Return which measures are fitted without the head size."""
        thin = [str(name).endswith("_thickness") for name in self.measures_]
        return np.array(thin) & (not self.thickness_etiv)

    def _regress(
        self, values: Floats, covariates: Floats, sites: NDArray[np.str_] | None
    ) -> tuple[Floats, Floats]:
        """Set the coefficients; return residuals and their degrees of freedom by measure."""
        design = self.basis_.design(covariates, sites)
        self.coef_ = np.zeros((design.shape[1], values.shape[1]))
        freedom = np.zeros(values.shape[1])
        for chosen, columns in self._parts(design.shape[1]):
            coef, _, rank, _ = np.linalg.lstsq(design[:, columns], values[:, chosen])
            if len(values) <= rank:
                raise DataFault(
                    f"{len(values)} people ({self.fit_on}) for a polynomial of {rank} terms",
                    fix="lower the degree, take fewer covariates, or more people",
                )
            self.coef_[np.ix_(columns, chosen)] = coef
            freedom[chosen] = len(values) - rank
        return values - design @ self.coef_, freedom

    def _parts(self, n_columns: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return measures and the columns of the design that they are fitted with."""
        everything, thin = np.arange(n_columns), self._without_etiv()
        if "etiv" not in self.covariates or not thin.any():
            return [(np.arange(thin.size), everything)]
        powers, place = self.basis_.powers, list(self.covariates).index("etiv")
        first = 1 + sum(powers[:place])
        left_out = [*range(first, first + powers[place])]
        left_out += [1 + sum(powers) + i for i, pair in enumerate(self._pairs()) if place in pair]
        parts = [
            (np.flatnonzero(~thin), everything),
            (np.flatnonzero(thin), np.setdiff1d(everything, left_out)),
        ]
        return [part for part in parts if part[0].size]

    def _expected(self, covariates: Floats, sites: NDArray[np.str_] | None) -> Floats:
        return np.asarray(self.basis_.design(covariates, sites) @ self.coef_)

    def _check_spread(self, values: Floats) -> None:
        size = np.abs(values).max(axis=0)
        flat = np.flatnonzero(self.scale_ <= 1e-10 * np.maximum(size, 1e-300))
        if flat.size:
            names = ", ".join(str(self.measures_[i]) for i in flat[:5])
            raise DataFault(f"{flat.size} measures do not vary beyond the covariates", where=names,
                            fix="leave them out")  # fmt: skip

    def _fit_spread(self, residuals: Floats, covariates: Floats, freedom: Floats) -> None:
        if self.spread is None:
            return
        line = self._spread_line(covariates)
        # E|e| = s sqrt(2 / pi) for a normal e; the last factor undoes the terms fitted
        absolute = np.abs(residuals) * np.sqrt(np.pi / 2) * np.sqrt(len(residuals) / freedom)
        self.spread_coef_ = np.linalg.lstsq(line, absolute)[0]

    def _spread_line(self, covariates: Floats) -> Floats:
        place = [str(name) for name in self.covariates].index(str(self.spread))
        u = self.basis_.standardised(covariates)[:, place]
        return np.stack([np.ones(len(u)), u], axis=1)

    def _spread_at(self, covariates: Floats) -> Floats:
        if self.spread is None:
            return self.scale_
        fitted = self._spread_line(covariates) @ self.spread_coef_
        return np.asarray(np.maximum(fitted, LEAST_SPREAD * self.scale_))
