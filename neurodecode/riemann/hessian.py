"""How logarithms at a reference answer to a change of it: first order, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.riemann.augmented import Array
    from neurodecode.riemann.matrix_log import Spectra


def stiffness(values: NDArray[Any]) -> NDArray[Any]:
    r"""Response of each entry of a logarithm, in its own eigenvectors, to a change of reference.

    .. math:: K_{ij} = x \coth x, \qquad x = (s_i - s_j) / 2

    1 on the diagonal and never less: curvature of the manifold stiffens what does not commute.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Eigenvalues :math:`s` of the logarithm, float32 or float64.

    Returns
    -------
    ndarray, shape (n, n)
    """
    x = (values[:, None] - values) / 2
    # x coth x from the exponentials of s alone: n of them, not n^2
    grown = np.exp(values - values[-1])
    small = np.abs(x) < 1e-3
    apart = np.where(small, 1, grown[:, None] - grown)
    K: NDArray[Any] = np.where(small, 1, x * (grown[:, None] + grown) / apart)
    return K


def transported(spectra: Spectra, logs: NDArray[Any], step: Array) -> NDArray[Any]:
    r"""Logarithms after a small change of reference, to first order in it, exactly in themselves.

    With :math:`S = U \mathrm{diag}(s) U^\top` the logarithm of a trial at E, its logarithm at
    :math:`E \exp(D / 2)` is

    .. math:: \log(e^{-D/2} e^S e^{-D/2}) = S - U \big(K \circ (U^\top D U)\big) U^\top + O(D^2)

    with K of :func:`stiffness`. Four products of matrices, about a third of the time of a new
    eigendecomposition and its products.

    Parameters
    ----------
    spectra : Spectra
        At E.
    logs : ndarray, shape (n_matrices, n, n)
        At E, or already transported from there.
    step : ndarray, shape (n, n)
        The change D, symmetric.

    Returns
    -------
    ndarray, shape (n_matrices, n, n), type of ``logs``
    """
    out = np.empty_like(logs)
    D = step.astype(logs.dtype)
    for row, log, values, U in zip(out, logs, spectra.values, spectra.vectors, strict=True):
        np.subtract(log, U @ (stiffness(values) * (U.T @ (D @ U))) @ U.T, out=row)
    return out


@dataclass(frozen=True)
class DiagonalHessian:
    r"""Hessian of the Karcher cost, kept on the diagonal of one basis.

    The Hessian averages the maps :math:`D \mapsto U (K \circ (U^\top D U)) U^\top` of the trials.
    In the eigenvectors V of the mean squared logarithm it is nearly diagonal: a step with it lowers
    the gradient about twenty times, a step of the best scale about five times.

    Attributes
    ----------
    basis : ndarray, shape (n, n)
        V, in columns.
    values : ndarray, shape (n, n)
        Entry (a, b): :math:`\langle \sum_{ij} P_{ai} K_{ij} P_{bj} \rangle` with
        :math:`P = (V^\top U)^{\circ 2}`; at least 1.
    """

    basis: Array
    values: Array

    @classmethod
    def of(cls, spectra: Spectra) -> DiagonalHessian:
        """Learn it from a sample of trials at, or near, the reference."""
        logs = spectra.logarithms()
        squares = np.mean([log @ log for log in logs], axis=0, dtype=np.float64)
        basis = np.linalg.eigh(squares)[1]
        values, back = np.zeros_like(squares), basis.T.astype(logs.dtype)
        for row, U in zip(spectra.values, spectra.vectors, strict=True):
            P = np.square(back @ U)
            values += P @ stiffness(row) @ P.T
        return cls(basis, values / len(logs))

    def solve(self, gradient: Array) -> Array:
        """Return the inverse of the Hessian times a symmetric matrix."""
        V = self.basis
        solved: Array = V @ ((V.T @ gradient @ V) / self.values) @ V.T
        return solved
