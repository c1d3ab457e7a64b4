"""Naive Bayes with a kernel density per class and feature."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.faults import ConfigFault, DataFault, unknown

Floats = NDArray[np.float64]
PRIORS = ("empirical", "uniform")
LEAST_WIDTH = 1e-3
"""A kernel is never narrower than this part of the feature's SD over all people."""
BLOCK = 4_000_000
"""Most numbers in one block of kernels: 32 MB."""


class KernelNB(ClassifierMixin, BaseEstimator):
    r"""Classify by the product of one-dimensional kernel density estimates.

    .. math::

        \log p(c \mid x) = \log \pi_c + \sum_j \log \frac{1}{n_c h_{cj}} \sum_{i \in c}
        \phi\Bigl(\frac{x_j - x_{ij}}{h_{cj}}\Bigr) + \text{const}, \qquad
        h_{cj} = b \cdot 1.06\, s_{cj}\, n_c^{-1/5}

    with the Gaussian kernel and its normal-reference bandwidth, :math:`s_{cj}` the SD of feature j
    within class c.

    Parameters
    ----------
    bandwidth : float, default=1.0
        The factor b.
    priors : {"empirical", "uniform"}, default="empirical"

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
    class_prior_ : ndarray, shape (n_classes,)
    bandwidth_ : ndarray, shape (n_classes, n_features)

    References
    ----------
    John and Langley (1995), Estimating continuous distributions in Bayesian classifiers, UAI.
    Bandwidth: Silverman (1986), Density Estimation, equation 3.28.
    """

    def __init__(self, bandwidth: float = 1.0, *, priors: str = "empirical") -> None:
        self.bandwidth = bandwidth
        self.priors = priors

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Keep the training people and compute the bandwidths.

        Parameters
        ----------
        X : array-like, shape (n_subjects, n_features)
        y : array-like, shape (n_subjects,)

        Raises
        ------
        ConfigFault
            If the bandwidth is not above 0 or the priors are unknown.
        DataFault
            If there is a single class.
        """
        if not self.bandwidth > 0:
            raise ConfigFault(f"bandwidth {self.bandwidth} is not above 0", where="bandwidth")
        if self.priors not in PRIORS:
            raise ConfigFault(unknown("priors", str(self.priors), PRIORS))
        values, labels = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        check_classification_targets(labels)
        self.classes_, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
        if self.classes_.size < 2:
            raise DataFault(f"a single class ({self.classes_[0]}): no groups to tell apart")
        equal = np.full(counts.size, 1 / counts.size)
        self.class_prior_ = equal if self.priors == "uniform" else counts / counts.sum()
        self.points_ = [values[codes == code] for code in range(counts.size)]
        spread = np.array([part.std(axis=0, ddof=min(1, len(part) - 1)) for part in self.points_])
        overall = values.std(axis=0)
        least = LEAST_WIDTH * np.where(overall > 0, overall, 1.0)
        width = self.bandwidth * 1.06 * spread * counts[:, None] ** -0.2
        self.bandwidth_ = np.maximum(width, least)
        return self

    def predict_log_proba(self, X: ArrayLike) -> Floats:
        """Return log posteriors, shape (n_subjects, n_classes)."""
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, reset=False)
        joint = np.stack(
            [
                _log_density(values, points, width) + np.log(prior)
                for points, width, prior in zip(
                    self.points_, self.bandwidth_, self.class_prior_, strict=True
                )
            ],
            axis=1,
        )
        return np.asarray(joint - logsumexp(joint, axis=1, keepdims=True))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return posteriors, shape (n_subjects, n_classes)."""
        return np.exp(self.predict_log_proba(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class with the largest posterior of each subject."""
        chosen = self.predict_log_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[chosen])


def _log_density(values: Floats, points: Floats, width: Floats) -> Floats:
    """Sum over features of the log density at values (n, p), from points (m, p)."""
    step = max(1, BLOCK // points.size)
    return np.concatenate(
        [_of_block(values[i : i + step], points, width) for i in range(0, len(values), step)]
    )


def _of_block(values: Floats, points: Floats, width: Floats) -> Floats:
    exponent = values[:, None, :] / width - points / width
    exponent *= exponent
    exponent *= -0.5
    largest = exponent.max(axis=1)  # so that the nearest point never underflows
    exponent -= largest[:, None, :]
    total = np.log(np.exp(exponent, out=exponent).sum(axis=1)) + largest
    constant = np.log(len(points) * width * np.sqrt(2 * np.pi)).sum()
    return np.asarray(total.sum(axis=1) - constant)
