"""Logarithms and eigenvalues of many whitened covariance matrices, on the CPU or with torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg.blas import dtrmm
from scipy.linalg.lapack import dsyevd, ssyevd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.riemann.augmented import Array

MOST_SPREAD = 3e5
"""Ratio of extreme eigenvalues above which a matrix is decomposed in float64, not float32."""
BACKENDS = ("numpy", "torch")


@dataclass(frozen=True)
class Spectra:
    """Eigendecompositions of the logarithms of positive definite matrices.

    Attributes
    ----------
    values : ndarray, shape (n_matrices, n)
        Logarithms of the matrices' eigenvalues, ascending.
    vectors : ndarray, shape (n_matrices, n, n)
        Eigenvectors in columns.
    """

    values: NDArray[Any]
    vectors: NDArray[Any]

    def __getitem__(self, rows: NDArray[Any]) -> Spectra:
        return Spectra(self.values[rows], self.vectors[rows])

    def logarithms(self) -> NDArray[Any]:
        """Return the logarithms themselves, shape (n_matrices, n, n)."""
        out = np.empty_like(self.vectors)
        for row, values, vectors in zip(out, self.values, self.vectors, strict=True):
            np.matmul(vectors * values, vectors.T, out=row)
        return out


@dataclass(frozen=True)
class Whitened:
    r"""Matrices :math:`C_i` and :math:`A_i = W C_i W^\top` for one whitening W.

    The products with W are in float64 whatever the type they are stored in, which keeps the small
    eigenvalues of an ill-conditioned :math:`C_i`; the :math:`A_i` themselves are spread little.

    Parameters
    ----------
    matrices : ndarray, shape (n_matrices, n, n)
        The :math:`C_i`, float64; not copied.
    whitening : ndarray, shape (n, n)
    values : ndarray, shape (n_matrices, n, n)
        The :math:`A_i`, float32 or float64.
    backend : {"numpy", "torch"}
        "torch" decomposes all matrices in one batch, on the GPU when there is one.
    """

    matrices: Array
    whitening: Array
    values: NDArray[Any]
    backend: str = "numpy"

    @classmethod
    def at(
        cls, matrices: Array, whitening: Array, dtype: Any = np.float32, backend: str = "numpy"
    ) -> Whitened:
        """Whiten matrices; a lower triangular whitening takes half the time."""
        values = np.empty(matrices.shape, dtype=dtype)
        if np.triu(whitening, 1).any():
            for row, matrix in zip(values, matrices, strict=True):
                row[:] = whitening @ matrix @ whitening.T
            return cls(matrices, whitening, values, backend)
        W = np.asfortranarray(whitening)
        for row, matrix in zip(values, matrices, strict=True):
            left = dtrmm(1.0, W, matrix.T, lower=1)
            row[:] = dtrmm(1.0, W, left, side=1, lower=1, trans_a=1, overwrite_b=1)
        return cls(matrices, whitening, values, backend)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: NDArray[Any]) -> Whitened:
        return replace(self, matrices=self.matrices[rows], values=self.values[rows])

    def spectra(self, shift: Array | None = None) -> Spectra:
        r"""Return the eigendecompositions of :math:`S A_i S^\top`; without S, those of A_i."""
        if self.backend == "torch":
            return self._torch_spectra(shift)
        S = None if shift is None else shift.astype(self.values.dtype)
        logs, vectors = self.values[:, 0].copy(), np.empty_like(self.values)
        for i in range(len(self)):
            values, vectors[i] = self._decompose(i, S, shift)
            np.log(values, out=logs[i])
        return Spectra(logs, vectors)

    def logarithms(self, shift: Array | None = None) -> NDArray[Any]:
        r"""Return :math:`\log(S A_i S^\top)`, shape (n_matrices, n, n), type of ``values``."""
        return self.spectra(shift).logarithms()

    def eigenvalues(self, shift: Array) -> Array:
        """Return the eigenvalues of S A_i S^T, ascending, float64, shape (n_matrices, n)."""
        S = shift.astype(self.values.dtype)
        found = [self._decompose(i, S, shift, vectors=0)[0] for i in range(len(self))]
        return np.array(found, dtype=np.float64)

    def _decompose(
        self, i: int, S: NDArray[Any] | None, shift: Array | None, vectors: int = 1
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        A = self.values[i]
        values, found = _eigh(A.copy() if S is None else S @ A @ S.T, vectors)
        if _resolved(values):
            return values, found
        whitening = self.whitening if shift is None else shift @ self.whitening
        values, found = _eigh(whitening @ self.matrices[i] @ whitening.T, vectors)
        return _floored(values).astype(A.dtype), found.astype(A.dtype)

    def _torch_spectra(self, shift: Array | None) -> Spectra:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        A = torch.from_numpy(self.values).to(device)
        if shift is not None:
            S = torch.from_numpy(shift.astype(self.values.dtype)).to(device)
            A = S @ A @ S.T
        values, vectors = (part.cpu().numpy() for part in torch.linalg.eigh(A))
        found = Spectra(np.log(np.maximum(values, 1e-30)), vectors)
        spread = np.array([i for i, row in enumerate(values) if not _resolved(row)], dtype=np.intp)
        if len(spread):
            rest = replace(self[spread], backend="numpy").spectra(shift)
            found.values[spread], found.vectors[spread] = rest.values, rest.vectors
        return found


def _eigh(matrix: NDArray[Any], vectors: int) -> tuple[NDArray[Any], NDArray[Any]]:
    solver = ssyevd if matrix.dtype == np.float32 else dsyevd
    values, found, info = solver(matrix.T, compute_v=vectors, lower=1, overwrite_a=1)
    if info:
        raise np.linalg.LinAlgError(f"eigenvalues did not converge (syevd info {info})")
    return values, found


def _resolved(values: NDArray[Any]) -> bool:
    """Say whether the precision of the eigenvalues suffices for their logarithms."""
    spread = MOST_SPREAD if values.dtype == np.float32 else 1e12
    return bool(values[0] * spread > values[-1])


def _floored(values: Array) -> Array:
    floored: Array = np.maximum(values, np.finfo(np.float64).eps * values[-1])
    return floored


def exp_symmetric(matrix: Array) -> Array:
    """Return the exponential of a symmetric matrix."""
    values, vectors = np.linalg.eigh(matrix)
    out: Array = (vectors * np.exp(values)) @ vectors.T
    return out


def log_symmetric(matrix: Array) -> Array:
    """Return the logarithm; eigenvalues below eps times the largest are floored."""
    values, vectors = np.linalg.eigh(matrix)
    out: Array = (vectors * np.log(_floored(values))) @ vectors.T
    return out


def floored_logarithms(matrices: Array) -> Array:
    """Return matrix logarithms in float64; eigenvalues below eps times the largest are floored."""
    out = np.empty_like(matrices, dtype=np.float64)
    for row, matrix in zip(out, matrices, strict=True):
        row[:] = log_symmetric(matrix)
    return out
