r"""Ridge regression of many targets at many penalties, from one decomposition per fold.

.. math:: \min_W \lVert Y - X W \rVert_F^2 + \alpha \lVert W \rVert_F^2
          \quad\Rightarrow\quad
          \hat Y_\mathrm{test} = A \,\mathrm{diag}\Bigl(\frac{1}{\lambda + \alpha}\Bigr) P

Where there are fewer samples than features, :math:`X X^\top = U \Lambda U^\top` (the dual) gives
:math:`A = X_\mathrm{test} X^\top U` and :math:`P = U^\top Y`; else
:math:`X^\top X = V \Lambda V^\top` gives :math:`A = X_\mathrm{test} V` and
:math:`P = V^\top X^\top Y`. A further penalty then costs one product. The kernel
:math:`X X^\top` of all samples is computed once; folds take parts of it and centre them on their
training samples.

References
----------
.. [1] Saunders, Gammerman & Vovk 1998, Ridge regression learning algorithm in dual variables,
   ICML, 515-521.
.. [2] Dupré la Tour et al. 2022, Feature-space selection with banded ridge regression,
   NeuroImage 264, 119728.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.linalg import eigh
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.model_selection import GroupKFold, check_cv
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.faults import ConfigFault, DataFault, LeakFault, unknown
from neurodecode.signals.memory import require_memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

SCORES = ("r2", "neg_mean_squared_error")
ALPHAS = (1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5)


class DualRidgeCV(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Ridge regression whose penalty is chosen by cross-validation.

    Parameters
    ----------
    alphas : array-like of shape (n_alphas,)
        Penalties, not negative.
    cv : int, splitter or iterable of (train, test), default=5
        Number of consecutive folds (of whole groups where ``fit`` is given any), or anything that
        scikit-learn takes.
    alpha_per_target : bool, default=False
        Choose a penalty for each target; else one for all, by the mean score over targets.
    fit_intercept : bool, default=True
        Centre samples and targets on the mean of the training samples.
    scoring : {"r2", "neg_mean_squared_error"}, default="r2"
        Of each target on each fold, as scikit-learn computes them; averaged over folds. With one
        penalty for all, R2 weighs every target alike, the squared error the targets of large
        variance more.
    limit_gib : float, default=8.0
        Largest kernel or covariance matrix.

    Attributes
    ----------
    alpha_ : float or ndarray of shape (n_targets,)
        The penalty, or each target's.
    best_alphas_ : ndarray of shape (n_targets,)
        The penalty that predicts each target best, chosen or not.
    best_score_ : float
        Mean score over targets at the penalties chosen.
    cv_scores_ : ndarray of shape (n_alphas, n_targets)
        Mean score over folds.
    coef_ : ndarray of shape (n_targets, n_features) or (n_features,)
    intercept_ : ndarray of shape (n_targets,) or float
    n_features_in_ : int

    Notes
    -----
    Numbers are computed in the type of the samples, float32 or float64. Directions in which
    :math:`\lambda + \alpha` is a rounding error of the largest eigenvalue (below
    :math:`\sqrt{n}\, \epsilon \lambda_1`) are left out, so that a penalty of 0 is the least-squares
    solution of smallest norm.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.standard_normal((30, 50)), rng.standard_normal((30, 4))
    >>> DualRidgeCV(alphas=(1.0, 100.0)).fit(x, y).coef_.shape
    (4, 50)
    """

    def __init__(
        self,
        alphas: ArrayLike = ALPHAS,
        cv: Any = 5,
        alpha_per_target: bool = False,
        fit_intercept: bool = True,
        scoring: Literal["r2", "neg_mean_squared_error"] = "r2",
        limit_gib: float = 8.0,
    ) -> None:
        self.alphas = alphas
        self.cv = cv
        self.alpha_per_target = alpha_per_target
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.limit_gib = limit_gib

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> DualRidgeCV:
        """Choose the penalty, then fit all samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples, n_targets) or (n_samples,)
        groups : array-like of shape (n_samples,) or None, default=None
            What no fold may split, as all presentations of one picture.

        Raises
        ------
        ConfigFault
            If a penalty is negative or the score is unknown.
        DataFault
            If the kernel exceeds the limit.
        LeakFault
            If a fold has one group in both parts.
        """
        x: Array
        found: Array
        x, found = validate_data(
            self, X, y, dtype=(np.float64, np.float32), multi_output=True, y_numeric=True
        )
        alphas = self._check()
        n = min(x.shape)
        require_memory((n, n), dtype=x.dtype.name, limit_gib=self.limit_gib,
                       what="the kernel of a ridge regression",
                       fix="average or leave out samples, or use fewer features")  # fmt: skip
        targets = found.reshape(len(x), -1).astype(x.dtype)
        samples = _Samples(x, targets, self.fit_intercept)
        folds = make_folds(self.cv, x, found, groups)
        scores = [fold_scores(samples, *fold, alphas, self.scoring) for fold in folds]
        self._choose(alphas, np.mean(scores, axis=0))
        self._fit_all(samples, single=found.ndim == 1)
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return predictions, shape (n_samples, n_targets), or (n_samples,) for targets of 1-D."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        predicted: Array = x @ self.coef_.T + self.intercept_
        return predicted

    def _check(self) -> Array:
        alphas = np.asarray(self.alphas, np.float64)
        if alphas.ndim != 1 or not alphas.size or not np.isfinite(alphas).all() or alphas.min() < 0:
            said = f"penalties {alphas.tolist()}"
            raise ConfigFault(said, fix="give some numbers, 0 or more")
        if self.scoring not in SCORES:
            raise ConfigFault(unknown("score of a ridge regression", self.scoring, SCORES))
        return alphas

    def _choose(self, alphas: Array, scores: Array) -> None:
        self.cv_scores_ = scores
        self.best_alphas_ = alphas[scores.argmax(axis=0)]
        if self.alpha_per_target:
            self.alpha_, self.best_score_ = self.best_alphas_, float(scores.max(axis=0).mean())
        else:
            over_targets = scores.mean(axis=1)
            self.alpha_ = float(alphas[over_targets.argmax()])
            self.best_score_ = float(over_targets.max())

    def _fit_all(self, samples: _Samples, *, single: bool) -> None:
        values, basis, projected = samples.decompose(slice(None))
        shrunk = projected * _shrinkage(values, self.alpha_)
        x_mean, y_mean = samples.means(slice(None))
        coef = basis @ shrunk if samples.primal else (samples.x - x_mean).T @ (basis @ shrunk)
        self.coef_ = np.ascontiguousarray(coef.T)
        self.intercept_ = y_mean - (x_mean + samples.offset) @ coef
        if single:
            self.coef_, self.intercept_ = self.coef_[0], self.intercept_[0]


class _Samples:
    """Samples and targets, and what is computed once for all folds."""

    def __init__(self, x: Array, y: Array, centre: bool) -> None:
        self.y, self.centre = y, centre
        # Centred as a whole first: the kernel of samples far from the origin loses digits.
        self.offset = x.mean(axis=0) if centre else np.zeros(x.shape[1], x.dtype)
        self.x = x - self.offset
        self.primal = x.shape[1] < x.shape[0]
        self.kernel = None if self.primal else self.x @ self.x.T

    def means(self, rows: Any) -> tuple[Array, Array]:
        """Return the means of samples and targets of some rows, zeros without an intercept."""
        if not self.centre:
            return np.zeros_like(self.x[0]), np.zeros_like(self.y[0])
        return self.x[rows].mean(axis=0), self.y[rows].mean(axis=0)

    def decompose(self, rows: Any) -> tuple[Array, Array, Array]:
        """Return eigenvalues, eigenvectors and projected targets of the training rows."""
        x_mean, y_mean = self.means(rows)
        y = self.y[rows] - y_mean
        if self.primal:
            x = self.x[rows] - x_mean
            values, vectors = _eigen(x.T @ x)
            return values, vectors, vectors.T @ (x.T @ y)
        assert self.kernel is not None
        values, vectors = _eigen(self._centred(self.kernel[rows][:, rows], rows))
        return values, vectors, vectors.T @ y

    def transform(self, test: Array, train: Array, basis: Array) -> Array:
        """Return test rows in the basis of the training rows, shape (n_test, n_values)."""
        if self.primal:
            projected: Array = (self.x[test] - self.means(train)[0]) @ basis
            return projected
        assert self.kernel is not None
        return self._centred(self.kernel[test][:, train], train) @ basis

    def _centred(self, kernel: Array, train: Any) -> Array:
        """Centre both sides of a kernel (rows, training samples) on the training samples' mean."""
        if not self.centre:
            return kernel
        assert self.kernel is not None
        of_mean = self.kernel[train][:, train].mean(axis=0)  # of each training sample
        return kernel - kernel.mean(axis=1, keepdims=True) - of_mean + of_mean.mean()


def _eigen(gram: Array) -> tuple[Array, Array]:
    values, vectors = eigh(gram, overwrite_a=True, check_finite=False, driver="evd")
    return np.maximum(values, 0), vectors


def _shrinkage(values: Array, alphas: Any) -> Array:
    """Return 1 / (value + alpha), shape (n_values, 1 or n_targets); 0 where rounding decides."""
    total = values[:, None] + np.asarray(alphas, values.dtype)
    lost = np.sqrt(len(values)) * np.finfo(values.dtype).eps * values[-1]
    found: Array = np.where(total > lost, 1 / np.where(total > lost, total, 1), 0)
    return found.astype(values.dtype)


def fold_scores(
    samples: _Samples, train: Array, test: Array, alphas: Array, scoring: str
) -> NDArray[np.float64]:
    """Return the score of every penalty and target on one fold, shape (n_alphas, n_targets)."""
    values, basis, projected = samples.decompose(train)
    design = samples.transform(test, train, basis)
    expected = samples.y[test] - samples.means(train)[1]
    errors = np.empty((len(alphas), expected.shape[1]))
    for row, alpha in enumerate(alphas.tolist()):
        residual = expected - design @ (projected * _shrinkage(values, alpha))
        errors[row] = np.einsum("nt,nt->t", residual, residual, dtype=np.float64)
    if scoring == "neg_mean_squared_error":
        return -errors / len(test)
    spread = expected - expected.mean(axis=0)
    return _r2(errors, np.einsum("nt,nt->t", spread, spread, dtype=np.float64))


def _r2(errors: Array, total: Array) -> NDArray[np.float64]:
    """Return 1 - errors / total; a constant target scores 1 if it is met exactly, else 0."""
    varies = total > 0
    constant = np.where(errors > 0, 0.0, 1.0)
    return np.where(varies, 1 - errors / np.where(varies, total, 1.0), constant)


def make_folds(
    cv: Any, x: Array, y: Array, groups: ArrayLike | None
) -> Iterable[tuple[Array, Array]]:
    """Return the folds of scikit-learn's ``cv``, of whole groups where there are any.

    Raises
    ------
    DataFault
        If there are fewer groups than folds.
    LeakFault
        If a fold has one group in both parts.
    """
    labels = None if groups is None else np.asarray(groups)
    if labels is not None and labels.shape != (len(x),):
        raise DataFault(f"{labels.size} groups for {len(x)} samples")
    if labels is not None and isinstance(cv, int):
        n_groups = len(np.unique(labels))
        if n_groups < cv:
            raise DataFault(f"{n_groups} groups for {cv} folds", fix="use fewer folds")
        cv = GroupKFold(cv)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The groups parameter is ignored")  # checked below
        folds = list(check_cv(cv).split(x, y, labels))
    if labels is None:
        return folds
    for number, (train, test) in enumerate(folds):
        shared = np.intersect1d(labels[train], labels[test])
        if len(shared):
            raise LeakFault(f"group {shared[0]} trains and tests", where=f"fold {number}")
    return folds
