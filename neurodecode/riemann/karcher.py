"""The affine-invariant (Karcher) mean of covariance matrices, also of ill-conditioned ones."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.riemann.descent import Frame, average, descend, inverse, whitening_of
from neurodecode.riemann.matrix_log import (
    BACKENDS,
    Whitened,
    exp_symmetric,
    floored_logarithms,
)
from neurodecode.riemann.quasi_newton import Curvature

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from neurodecode.riemann.augmented import Array

ACCEPTABLE = 1e-2
"""Gradient norm below which missing the tolerance is rounding, not divergence."""


@dataclass(frozen=True)
class KarcherMean:
    """A mean and how it was reached.

    Attributes
    ----------
    mean : ndarray, shape (n, n)
    factor : ndarray, shape (n, n)
        E with E E^T = mean; whitens the matrices.
    n_iter : int
        Number of times the logarithms of all matrices were computed.
    gradient_norm : float
        Frobenius norm of the weighted average of log(E^-1 C_i E^-T).
    converged : bool
        Whether that norm reached the tolerance.
    method : str
        What got there: "float32", "float64", "damped" (float64, short steps) or "pyriemann".
    """

    mean: Array
    factor: Array
    n_iter: int
    gradient_norm: float
    converged: bool
    method: str


def karcher_mean(
    matrices: ArrayLike,
    *,
    tol: float = 1e-3,
    max_iter: int = 40,
    init: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    backend: str = "numpy",
) -> KarcherMean:
    r"""Affine-invariant Riemannian mean.

    .. math:: \arg\min_M \sum_i w_i \, \| \log(M^{-1/2} C_i M^{-1/2}) \|_F^2

    Found by quasi-Newton steps in transported coordinates: the trials are whitened with
    :math:`E^{-1}`, :math:`E E^\top = M`, their logarithms averaged into :math:`J`, and
    :math:`E \leftarrow E \exp(D/2)` with :math:`D` a limited-memory quasi-Newton step whose scale
    is the second Barzilai-Borwein formula. Whitening is in float64. The whitened matrices have a
    moderate spread, so their eigenvalues are first found in float32, then, for ``tol`` below what
    float32 can resolve, in float64.

    Parameters
    ----------
    matrices : array-like, shape (n_matrices, n, n)
        Symmetric positive definite.
    tol : float, default=1e-3
        Stops when the Frobenius norm of J is at most this. A gradient norm g means that the
        mean is at most an affine-invariant distance g from the exact one.
    max_iter : int, default=40
        Evaluations of all logarithms, for each of the methods tried.
    init : array-like, shape (n, n), default=None
        First reference; default: the arithmetic mean.
    weights : array-like, shape (n_matrices,), default=None
        Nonnegative, scaled to sum to 1; default: equal.
    backend : {"numpy", "torch"}, default="numpy"
        What computes the eigendecompositions; "torch" works in batches, on the GPU when there
        is one.

    Returns
    -------
    KarcherMean
        With the method that reached it; ``converged`` is False when none did, and the mean is
        then the best one found.

    Raises
    ------
    DataFault
        If the matrices are not a finite stack of square matrices, or not positive definite.
    ConfigFault
        If the backend is unknown.

    References
    ----------
    Bini and Iannazzo (2013), Computing the Karcher mean of symmetric positive definite matrices.
    Barzilai and Borwein (1988), Two-point step size gradient methods.
    """
    if backend not in BACKENDS:
        raise ConfigFault(unknown("backend", backend, BACKENDS))
    C, w = _checked(matrices, weights)
    start = np.asarray(average(C, w) if init is None else init, dtype=np.float64)
    return _Solver(C, w, tol, max_iter, backend).solve(whitening_of(start))


class _Solver:
    """The chain of methods, from the quick one to the safe one."""

    def __init__(self, C: Array, weights: Array, tol: float, max_iter: int, backend: str) -> None:
        self.C, self.weights, self.tol, self.max_iter = C, weights, tol, max_iter
        self.backend, self.n_iter = backend, 0
        # below this the gradient is rounding noise of float32 eigenvectors
        self.resolved = 3e-6 * C.shape[1] ** 1.5

    def solve(self, whitening: Array) -> KarcherMean:
        curvature = Curvature()
        rough = max(self.tol, self.resolved)
        result = self._run("float32", whitening, curvature, rough)
        if not np.isfinite(result.gradient_norm):
            curvature = Curvature()
        elif result.converged:
            return result
        else:
            whitening = inverse(result.factor)
        result = self._run("float64", whitening, curvature, self.tol)
        if not result.converged and not result.gradient_norm < ACCEPTABLE:
            result = self._run("damped", whitening, Curvature(length=0), self.tol, longest=0.3)
        if result.converged or result.gradient_norm < ACCEPTABLE:
            return result
        return self._library(result)

    def _run(
        self,
        method: str,
        whitening: Array,
        curvature: Curvature,
        tol: float,
        longest: float = 1.5,
    ) -> KarcherMean:
        dtype = np.float32 if method == "float32" else np.float64
        trials = Whitened.at(self.C, whitening, dtype, self.backend)
        frame, used = descend(
            Frame.of(trials, self.weights),
            self.weights,
            curvature,
            tol=tol,
            max_iter=self.max_iter - 1,
            longest=longest,
        )
        self.n_iter += 1 + used
        return self._result(frame, method)

    def _result(self, frame: Frame, method: str) -> KarcherMean:
        factor = inverse(frame.inverse_factor)
        converged = frame.norm <= self.tol
        return KarcherMean(factor @ factor.T, factor, self.n_iter, frame.norm, converged, method)

    def _library(self, best: KarcherMean) -> KarcherMean:
        """Try pyRiemann's iteration from the best point; keep whichever gradient is smaller."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "convergence not reached" is said in the result
            try:
                mean = pyriemann_mean()(self.C, sample_weight=self.weights, init=best.mean)
            except ValueError:  # it refuses matrices that are not positive definite to rounding
                return best
        if not np.isfinite(mean).all():
            return best
        trials = Whitened.at(self.C, whitening_of(mean), np.float64, self.backend)
        found = self._result(Frame.of(trials, self.weights), "pyriemann")
        return found if found.gradient_norm < best.gradient_norm else best


def pyriemann_mean() -> Callable[..., Array]:
    """Return pyRiemann's ``mean_riemann``, which moved to ``geometry`` in 0.11."""
    try:
        from pyriemann.geometry.mean import mean_riemann
    except ImportError:
        from pyriemann.utils.mean import mean_riemann
    found: Callable[..., Array] = mean_riemann
    return found


def log_euclidean_mean(matrices: ArrayLike, *, weights: ArrayLike | None = None) -> Array:
    r"""Log-Euclidean mean :math:`\exp(\sum_i w_i \log C_i)`, shape (n, n).

    Closed form, in float64; eigenvalues below the rounding of the largest are floored there.

    References
    ----------
    Arsigny et al. (2007), Geometric means in a novel vector space structure on SPD matrices.
    """
    C, w = _checked(matrices, weights)
    return exp_symmetric(average(floored_logarithms(C), w))


def _checked(matrices: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Array]:
    C = np.asarray(matrices, dtype=np.float64)
    if C.ndim != 3 or C.shape[1] != C.shape[2] or not len(C):
        raise DataFault(f"expected a stack of square matrices, got shape {C.shape}")
    if not np.isfinite(C).all():
        raise DataFault("matrices hold NaN or infinite values")
    if (np.diagonal(C, axis1=1, axis2=2) <= 0).any():
        raise DataFault("matrices must be positive definite: a variance is not positive")
    w = np.ones(len(C)) if weights is None else np.asarray(weights, dtype=np.float64)
    if w.shape != (len(C),) or (w < 0).any() or w.sum() <= 0:
        raise DataFault(f"expected {len(C)} nonnegative weights, not all zero")
    return C, w / w.sum()
