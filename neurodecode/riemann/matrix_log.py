"""Logarithms and eigenvalues of many whitened covariance matrices, on the CPU or with torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.linalg.lapack import dsyevd, ssyevd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.riemann.augmented import Array

MOST_SPREAD = 3e5
"""Ratio of extreme eigenvalues above which a matrix is decomposed in float64, not float32."""
BACKENDS = ("numpy", "torch")


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
        """Whiten matrices."""
        values = np.empty(matrices.shape, dtype=dtype)
        for row, matrix in zip(values, matrices, strict=True):
            row[:] = whitening @ matrix @ whitening.T
        return cls(matrices, whitening, values, backend)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: NDArray[Any]) -> Whitened:
        return replace(self, matrices=self.matrices[rows], values=self.values[rows])

    def logarithms(self, shift: Array) -> NDArray[Any]:
        r"""Return :math:`\log(S A_i S^\top)`, shape (n_matrices, n, n), type of ``values``."""
        if self.backend == "torch":
            return self._torch_logarithms(shift)
        out = np.empty_like(self.values)
        S = shift.astype(self.values.dtype)
        for i in range(len(self)):
            values, vectors = self._decompose(i, S, shift)
            np.matmul(vectors * np.log(values), vectors.T, out=out[i])
        return out

    def eigenvalues(self, shift: Array) -> Array:
        """Return the eigenvalues of S A_i S^T, ascending, float64, shape (n_matrices, n)."""
        S = shift.astype(self.values.dtype)
        found = [self._decompose(i, S, shift, vectors=0)[0] for i in range(len(self))]
        return np.array(found, dtype=np.float64)

    def _decompose(
        self, i: int, S: NDArray[Any], shift: Array, vectors: int = 1
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        values, found = _eigh(S @ self.values[i] @ S.T, vectors)
        if _resolved(values):
            return values, found
        whitening = shift @ self.whitening
        values, found = _eigh(whitening @ self.matrices[i] @ whitening.T, vectors)
        return _floored(values).astype(S.dtype), found.astype(S.dtype)

    def _torch_logarithms(self, shift: Array) -> NDArray[Any]:
        import torch

        device = "cuda" if torch.cuda.is_available() else "cpu"
        A = torch.from_numpy(self.values).to(device)
        S = torch.from_numpy(shift.astype(self.values.dtype)).to(device)
        values, vectors = torch.linalg.eigh(S @ A @ S.T)
        logs = (vectors * torch.log(values.clamp_min(1e-30))[:, None, :]) @ vectors.mT
        out: NDArray[Any] = logs.cpu().numpy()
        spread = [i for i, row in enumerate(values.cpu().numpy()) if not _resolved(row)]
        if spread:
            rest = replace(self[np.array(spread)], backend="numpy")
            out[spread] = rest.logarithms(shift)
        return out


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


def floored_logarithms(matrices: Array) -> Array:
    """Return matrix logarithms in float64; eigenvalues below eps times the largest are floored."""
    out = np.empty_like(matrices, dtype=np.float64)
    for row, matrix in zip(out, matrices, strict=True):
        values, vectors = np.linalg.eigh(matrix)
        row[:] = (vectors * np.log(_floored(values))) @ vectors.T
    return out
