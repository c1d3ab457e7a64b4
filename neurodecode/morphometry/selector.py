"""The best measures of a ranking, chosen from the training people alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.feature_selection import SelectorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.morphometry.rankings import order_of, ranking_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class RankedSelector(SelectorMixin, BaseEstimator):
    """Keep the k best features of a ranking.

    Parameters
    ----------
    k : int, default=20
        How many; all, where there are fewer.
    ranking : str, default="relieff"
        Of :data:`~neurodecode.morphometry.rankings.RANKINGS`.

    Attributes
    ----------
    scores_ : ndarray, shape (n_features,)
        Larger is better.
    order_ : ndarray, shape (n_features,)
        From the best to the worst.
    """

    def __init__(self, k: int = 20, *, ranking: str = "relieff") -> None:
        self.k = k
        self.ranking = ranking

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Rank the features.

        Parameters
        ----------
        X : array-like, shape (n_subjects, n_features)
        y : array-like, shape (n_subjects,)

        Raises
        ------
        ConfigFault
            If the ranking is unknown or k is below 1.
        DataFault
            If there is a single class.
        """
        rank = ranking_of(self.ranking)
        if self.k < 1:
            raise ConfigFault(f"k {self.k} is below 1", where="k")
        values, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        if np.unique(labels).size < 2:
            raise DataFault("a single class: no groups to tell apart")
        self.scores_ = rank(values, labels)
        self.order_ = order_of(self.scores_)
        return self

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        mask = np.zeros(self.n_features_in_, dtype=bool)
        mask[self.order_[: self.k]] = True
        return mask

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags
