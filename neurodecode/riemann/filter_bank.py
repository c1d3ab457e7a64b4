"""Filter-bank ACM: one augmented covariance per band, their tangent vectors side by side.

Beyond the paper. ``signals.bands`` stacks the band-passed channels; here they are taken apart
again, so that no covariance between bands (of which there is none to estimate) enters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyriemann.tangentspace import TangentSpace
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.faults import DataFault
from neurodecode.riemann.augmented import (
    Array,
    AugmentedCovariances,
    TrialTransformer,
    trials_array,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class FilterBankCovariances(TrialTransformer):
    """Augmented covariance matrices of each band.

    Parameters
    ----------
    n_bands : int, default=1
        Bands stacked along the channels, band after band.
    order, lag, estimator
        As in :class:`AugmentedCovariances`.
    """

    def __init__(
        self, n_bands: int = 1, order: int = 4, lag: int = 4, estimator: str = "scm"
    ) -> None:
        self.n_bands = n_bands
        self.order = order
        self.lag = lag
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> FilterBankCovariances:
        """Check the shape; there is no state."""
        super().fit(X)
        if self.n_channels_in_ % self.n_bands:
            raise DataFault(
                f"{self.n_channels_in_} rows are not a multiple of {self.n_bands} bands",
                fix="set model.n_bands to the number of stacked bands",
            )
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the matrices, shape (n_trials, n_bands, n, n) with n = order * n_channels.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_bands * n_channels, n_samples)
        """
        covariances = AugmentedCovariances(self.order, self.lag, self.estimator)
        bands = np.split(trials_array(X), self.n_bands, axis=1)
        return np.stack([covariances.transform(band) for band in bands], axis=1)


class FilterBankTangentSpace(TransformerMixin, BaseEstimator):
    """Tangent vectors of each band at its own affine-invariant mean, concatenated.

    Attributes
    ----------
    tangent_spaces_ : list of TangentSpace
        One per band.
    """

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> FilterBankTangentSpace:
        """Find the mean of each band.

        Parameters
        ----------
        X : array-like, shape (n_trials, n_bands, n, n)
        """
        bands = np.moveaxis(np.asarray(X), 1, 0)
        self.tangent_spaces_ = [TangentSpace(metric="riemann").fit(band) for band in bands]
        return self

    def transform(self, X: ArrayLike) -> Array:
        """Return the vectors, shape (n_trials, n_bands * n * (n + 1) / 2)."""
        check_is_fitted(self)
        bands = np.moveaxis(np.asarray(X), 1, 0)
        vectors = [
            space.transform(band) for space, band in zip(self.tangent_spaces_, bands, strict=True)
        ]
        return np.concatenate(vectors, axis=1)
