"""Voxels where two groups' maps differ, chosen from the training subjects alone."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data

from neurodecode.connectome.groups import check_groups
from neurodecode.faults import ConfigFault, DataFault, unknown

Floats = NDArray[np.float64]
RECIPES = ("mean_difference", "t_test", "stability", "one_site", "without_site")


class GroupDifferenceMask(SelectorMixin, BaseEstimator):
    r"""Keep the voxels whose feature differs between two groups.

    Recipes: ``"mean_difference"``, :math:`|\bar x_1 - \bar x_0|` above its quantile over voxels;
    ``"t_test"``, two-sided Welch test with :math:`p < \alpha`, uncorrected; ``"stability"``, the
    voxels that the first recipe keeps in most of many balanced half samples; ``"one_site"`` and
    ``"without_site"``, the first recipe on the subjects of one site, or of all others. How the
    paper made its mask is not known; these are candidates, to be chosen inside the training data.

    Parameters
    ----------
    recipe : str, default="mean_difference"
    quantile : float, default=0.9
        Part of the voxels left out by the recipes made of mean differences.
    alpha : float, default=0.05
    n_subsamples : int, default=100
        Of "stability".
    frequency : float, default=0.5
        Part of the subsamples in which a voxel must have been kept.
    site : str, optional
        Of "one_site" and "without_site".
    random_state : int, RandomState or None, default=0
        Of the subsamples.

    Attributes
    ----------
    mask_ : ndarray of bool, shape (n_features,)
    statistic_ : ndarray, shape (n_features,)
        Absolute mean difference; p value for "t_test"; part of the subsamples for "stability".
    classes_ : ndarray, shape (2,)

    References
    ----------
    Dey, Rao and Shah (2012), Frontiers in Systems Neuroscience 6:75. Stability: Meinshausen and
    Buhlmann (2010), Journal of the Royal Statistical Society B 72:417.
    """

    def __init__(
        self,
        recipe: str = "mean_difference",
        *,
        quantile: float = 0.9,
        alpha: float = 0.05,
        n_subsamples: int = 100,
        frequency: float = 0.5,
        site: str | None = None,
        random_state: Any = 0,
    ) -> None:
        self.recipe = recipe
        self.quantile = quantile
        self.alpha = alpha
        self.n_subsamples = n_subsamples
        self.frequency = frequency
        self.site = site
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sites: ArrayLike | None = None) -> Self:
        """Choose the voxels.

        Parameters
        ----------
        X : array-like, shape (n_subjects, n_features)
            Maps of training subjects.
        y : array-like, shape (n_subjects,)
            Two groups.
        sites : array-like of str, shape (n_subjects,), optional
            For the recipes by site.

        Raises
        ------
        ConfigFault
            If the recipe or the site is unknown, or a number is out of range.
        DataFault
            If there are not two groups with two subjects each, or no voxel is kept.
        """
        self._check_settings()
        maps, groups = validate_data(
            self, X, y, dtype=(np.float64, np.float32), ensure_min_samples=2
        )
        rows = self._rows(len(maps), sites)
        maps, groups = maps[rows], np.asarray(groups)[rows]
        self.classes_ = check_groups(groups, least=2, n_groups=2)
        self.statistic_, self.mask_ = self._choose(maps, groups == self.classes_[1])
        if not self.mask_.any():
            raise DataFault(
                f"no voxel is kept by the recipe {self.recipe}",
                fix="lower quantile or frequency, or raise alpha",
            )
        return self

    def _check_settings(self) -> None:
        if self.recipe not in RECIPES:
            raise ConfigFault(unknown("recipe", self.recipe, RECIPES))
        for name in ("quantile", "alpha", "frequency"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ConfigFault(f"{name} {value} is not between 0 and 1", where=name)

    def _rows(self, n: int, sites: ArrayLike | None) -> NDArray[np.bool_]:
        if self.recipe not in ("one_site", "without_site"):
            return np.ones(n, dtype=bool)
        if sites is None or self.site is None:
            raise ConfigFault(f"the recipe {self.recipe} needs the site and the subjects' sites",
                              fix="set site and call fit(X, y, sites=...)")  # fmt: skip
        names = np.asarray(sites).astype(str)
        if self.site not in names:
            raise ConfigFault(unknown("site", self.site, np.unique(names)))
        return (names == self.site) == (self.recipe == "one_site")

    def _choose(
        self, X: NDArray[Any], second: NDArray[np.bool_]
    ) -> tuple[Floats, NDArray[np.bool_]]:
        if self.recipe == "t_test":
            p = _welch(X[~second], X[second])
            return p, p < self.alpha
        if self.recipe == "stability":
            part = self._stability(X, second)
            return part, part >= self.frequency
        difference = _difference(X, second)
        return difference, _above(difference, self.quantile)

    def _stability(self, X: NDArray[Any], second: NDArray[np.bool_]) -> Floats:
        """Count how often each voxel is kept in halves with as many subjects of each group."""
        random = check_random_state(self.random_state)
        groups = [np.flatnonzero(~second), np.flatnonzero(second)]
        size = max(1, min(map(len, groups)) // 2)
        kept = np.zeros(X.shape[1])
        for _ in range(self.n_subsamples):
            drawn = [random.choice(group, size, replace=False) for group in groups]
            difference = np.abs(X[drawn[1]].mean(axis=0) - X[drawn[0]].mean(axis=0))
            kept += _above(difference, self.quantile)
        return kept / self.n_subsamples

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return np.asarray(self.mask_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.classifier_tags = ClassifierTags(multi_class=False)  # two groups
        return tags


class LeakyGroupDifferenceMask(GroupDifferenceMask):
    """The same mask chosen from all subjects, test subjects too: leaks, kept to show by how much.

    Parameters
    ----------
    all_X : array-like, shape (n_all_subjects, n_features)
        Maps of training and test subjects.
    all_y : array-like, shape (n_all_subjects,)
    all_sites : array-like, optional
    recipe, quantile, alpha, n_subsamples, frequency, site, random_state
        As in :class:`GroupDifferenceMask`.
    """

    def __init__(
        self,
        all_X: ArrayLike | None = None,
        all_y: ArrayLike | None = None,
        all_sites: ArrayLike | None = None,
        recipe: str = "mean_difference",
        *,
        quantile: float = 0.9,
        alpha: float = 0.05,
        n_subsamples: int = 100,
        frequency: float = 0.5,
        site: str | None = None,
        random_state: Any = 0,
    ) -> None:
        super().__init__(
            recipe, quantile=quantile, alpha=alpha, n_subsamples=n_subsamples,
            frequency=frequency, site=site, random_state=random_state,
        )  # fmt: skip
        self.all_X = all_X
        self.all_y = all_y
        self.all_sites = all_sites

    def fit(self, X: ArrayLike, y: ArrayLike, sites: ArrayLike | None = None) -> Self:
        """Choose the voxels from ``all_X`` and ``all_y``; the arguments are not looked at."""
        if self.all_X is None or self.all_y is None:
            raise ConfigFault("the leaky mask needs the maps of all subjects",
                              fix="set all_X and all_y")  # fmt: skip
        return super().fit(self.all_X, self.all_y, self.all_sites)


def _difference(X: NDArray[Any], second: NDArray[np.bool_]) -> Floats:
    means = (X[rows].mean(axis=0, dtype=np.float64) for rows in (~second, second))
    first_mean, second_mean = means
    return np.abs(second_mean - first_mean)


def _above(difference: Floats, quantile: float) -> NDArray[np.bool_]:
    """Keep values at or above the quantile; never voxels without any difference."""
    return np.asarray((difference >= np.quantile(difference, quantile)) & (difference > 0))


def _welch(first: NDArray[Any], second: NDArray[Any]) -> Floats:
    """Return two-sided p values; where nothing varies, 0 if the means differ, else 1."""
    spreads = [
        group.var(axis=0, ddof=1, dtype=np.float64) / len(group) for group in (first, second)
    ]
    difference = np.abs(second.mean(axis=0) - first.mean(axis=0))
    total = spreads[0] + spreads[1]
    varies = total > 0
    below = spreads[0] ** 2 / (len(first) - 1) + spreads[1] ** 2 / (len(second) - 1)
    p = np.where(difference > 0, 0.0, 1.0)
    freedom = total[varies] ** 2 / below[varies]
    p[varies] = 2 * stats.t.sf(difference[varies] / np.sqrt(total[varies]), freedom)
    return p
