"""Alignment of principal components: a map between two spaces that no regression fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray


def align_components(
    responses: NDArray[np.float32], targets: NDArray[np.float32], n_components: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Match the principal components of responses to those of targets, by order and sign.

    With centred ``X = U S V'`` and ``Y = P D Q'`` over ``n`` training stimuli, the k-th component
    of a response is taken for the k-th of its target, with that component's variance there::

        y = mean(Y) + sum_k s_k (d_k / S_k) ((x - mean(X)) . v_k) q_k

    where the sign ``s_k`` is that of ``u_k . p_k``. Which stimulus was which enters by these signs
    only, so it shows what regression adds.

    Parameters
    ----------
    responses : ndarray, shape (n_stimuli, n_features)
    targets : ndarray, shape (n_stimuli, n_outputs)
    n_components : int
        At most; fewer where either side has a smaller rank.

    Returns
    -------
    weights : ndarray of float64, shape (n_outputs, n_features)
    intercept : ndarray of float64, shape (n_outputs,)
        ``y = weights @ x + intercept``.

    Raises
    ------
    DataFault
        If either side does not vary.
    """
    x, y = responses.astype(np.float64), targets.astype(np.float64)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    u, s, v = np.linalg.svd(x - mean_x, full_matrices=False)
    p, d, q = np.linalg.svd(y - mean_y, full_matrices=False)
    n = min(n_components, _rank(s, x), _rank(d, y))
    if n == 0:
        raise DataFault("responses or targets are the same for all training stimuli",
                        fix="leave the subject out, or take another target")  # fmt: skip
    signs = np.where(np.einsum("ik,ik->k", u[:, :n], p[:, :n]) < 0, -1.0, 1.0)
    weights = (q[:n].T * (signs * d[:n] / s[:n])) @ v[:n]
    return weights, mean_y - weights @ mean_x


def _rank(singular: NDArray[np.float64], matrix: NDArray[np.float64]) -> int:
    """Return how many singular values are more than rounding, as numpy's matrix_rank has it."""
    least = np.abs(matrix).max() * max(matrix.shape) * np.finfo(np.float64).eps
    return int((singular > least).sum())
