"""Descent to the Karcher mean in transported coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.riemann.matrix_log import Whitened, exp_symmetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.riemann.augmented import Array
    from neurodecode.riemann.quasi_newton import Curvature

PATIENCE = 5
"""Evaluations without a gain of a tenth after which the descent stops."""


@dataclass(frozen=True)
class Frame:
    r"""A moving reference :math:`M = E E^\top` and the trials seen from it.

    The trials are whitened once, at a fixed reference nearby; at the moving one they are
    :math:`S A_i S^\top`, and :math:`E^{-1} = S W`. Tangent coordinates in this frame are
    transported along the path by leaving them as they are.

    Attributes
    ----------
    trials : Whitened
    shift : ndarray, shape (n, n)
        The matrix S.
    logs : ndarray, shape (n_trials, n, n)
        Logarithms of the trials at the moving reference.
    gradient : ndarray, shape (n, n)
        Their weighted average J.
    """

    trials: Whitened
    shift: Array
    logs: NDArray[Any]
    gradient: Array

    @classmethod
    def of(cls, trials: Whitened, weights: Array, shift: Array | None = None) -> Frame:
        """Take the logarithms at a reference; default: where the trials were whitened."""
        return cls.seen(trials, trials.logarithms(shift), weights, shift)

    @classmethod
    def seen(
        cls, trials: Whitened, logs: NDArray[Any], weights: Array, shift: Array | None = None
    ) -> Frame:
        """Take logarithms that are known already."""
        shift = np.eye(len(trials.whitening)) if shift is None else shift
        return cls(trials, shift, logs, average(logs, weights))

    @property
    def norm(self) -> float:
        """Frobenius norm of the gradient."""
        return float(np.linalg.norm(self.gradient))

    @property
    def size(self) -> float:
        """Root mean square Frobenius norm of the logarithms."""
        return float(np.linalg.norm(self.logs) / np.sqrt(len(self.logs)))

    @property
    def inverse_factor(self) -> Array:
        """The matrix that whitens trials at the moving reference."""
        combined: Array = self.shift @ self.trials.whitening
        return combined


def inverse(matrix: Array) -> Array:
    """Return the inverse of a square matrix."""
    inverted: Array = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    return inverted


def whitening_of(mean: Array) -> Array:
    """Return W with W mean W^T = identity, by Cholesky, else by floored eigenvalues."""
    try:
        return inverse(np.asarray(np.linalg.cholesky(mean), dtype=np.float64))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(mean)
        floor = np.finfo(float).eps * values[-1]
        whitening: Array = vectors.T / np.sqrt(np.maximum(values, floor))[:, None]
        return whitening


def lower_triangular(whitening: Array) -> Array:
    """Rotate a whitening so that it is lower triangular; it whitens the same matrix."""
    upper: Array = np.asarray(np.linalg.qr(whitening[::-1, ::-1], mode="r"))
    return upper[::-1, ::-1]


def average(logs: NDArray[Any], weights: Array) -> Array:
    """Return the weighted sum of logarithms, float64."""
    flat = weights.astype(logs.dtype) @ logs.reshape(len(logs), -1)
    mean: Array = flat.reshape(logs.shape[1:]).astype(np.float64)
    return mean


def descend(
    frame: Frame,
    weights: Array,
    curvature: Curvature,
    *,
    tol: float,
    max_iter: int,
    longest: float = 1.5,
) -> tuple[Frame, int]:
    r"""Move the reference until the gradient norm is at most ``tol``.

    With :math:`J = \sum_i w_i \log(S A_i S^\top)` and a step :math:`D \approx H^{-1} J`,
    :math:`E \leftarrow E \exp(D / 2)`. :math:`H \ge 1` (the cost is geodesically convex), so steps
    are cut to ``longest`` times the norm of J; one that doubles the norm is taken back. Ends early
    when :data:`PATIENCE` evaluations in a row gain nothing: the norm is then rounding noise.

    Returns
    -------
    Frame, int
        The frame at the best reference, and the number of evaluations.
    """
    evaluations, since_best, scale, best = 0, 0, 1.0, frame
    while frame.norm > tol and evaluations < max_iter and since_best < PATIENCE:
        step = scale * curvature.step(frame.gradient, longest)
        shift = exp_symmetric(-step / 2) @ frame.shift
        new = Frame.of(frame.trials, weights, shift)
        evaluations += 1
        curvature.learn(step, frame.gradient - new.gradient)
        if new.norm < 2 * frame.norm:
            frame, scale = new, min(1.0, 2 * scale)
        else:
            scale /= 4
        since_best = 0 if frame.norm < 0.9 * best.norm else since_best + 1
        best = frame if frame.norm < best.norm else best
    return best, evaluations
