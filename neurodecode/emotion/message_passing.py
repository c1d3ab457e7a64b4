"""Exchange of signals along the edges of a graph: polynomials of its Laplacian."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from neurodecode.emotion.keras_conventions import empty, glorot_uniform_

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


def scaled_laplacian(adjacency: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Return the Laplacian with its spectrum moved to [-1, 1].

    .. math:: \tilde L = 2 L / \lambda_{max}(L) - I, \quad L = D - A

    A graph without edges has L = 0, which is taken to :math:`-I`, where the least eigenvalue of
    every other graph goes too.

    Parameters
    ----------
    adjacency : ndarray, shape (n, n)
        Symmetric.
    """
    laplacian = np.diag(adjacency.sum(axis=1)) - adjacency
    largest = np.linalg.eigvalsh(laplacian)[-1] if adjacency.any() else 1.0
    scaled: NDArray[np.float64] = 2 * laplacian / largest - np.eye(len(laplacian))
    return scaled


def chebyshev_polynomials(adjacency: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    r"""Return :math:`T_0, ..., T_K` of the scaled Laplacian, shape (order + 1, n, n).

    .. math:: T_0 = I, \; T_1 = \tilde L, \; T_k = 2 \tilde L T_{k-1} - T_{k-2}

    References
    ----------
    Defferrard, Bresson & Vandergheynst (2016), Convolutional neural networks on graphs with fast
    localized spectral filtering.
    """
    laplacian = scaled_laplacian(adjacency)
    polynomials = [np.eye(len(laplacian)), laplacian]
    for _ in range(order - 1):
        polynomials.append(2 * laplacian @ polynomials[-1] - polynomials[-2])
    return np.stack(polynomials[: order + 1])


def block_diagonal(matrices: Iterable[Tensor]) -> Tensor:
    """Return the square matrix with the given ones along its diagonal."""
    joined: Tensor = torch.block_diag(*matrices)  # type: ignore[no-untyped-call]
    return joined


class MessagePassing(nn.Module):
    r"""A learned polynomial of the Laplacian, the same at all times.

    .. math:: Y = \Big(\sum_{k=0}^{K} w_k T_k(\tilde L)\Big) X

    Parameters
    ----------
    adjacency : ndarray, shape (n, n)
    order : int
        K; there are K + 1 scalars.
    """

    polynomials: Tensor

    def __init__(self, adjacency: NDArray[np.float64], order: int) -> None:
        super().__init__()
        polynomials = torch.as_tensor(chebyshev_polynomials(adjacency, order))
        # not saved: it follows from the graph, and the graph is in the settings
        self.register_buffer(
            "polynomials", polynomials.to(torch.get_default_dtype()), persistent=False
        )
        self.weight = empty(order + 1)
        glorot_uniform_(self.weight, order + 1, order + 1)

    def matrix(self) -> Tensor:
        """Return the polynomial's present value, symmetric, (n, n)."""
        return torch.einsum("k,kij->ij", self.weight, self.polynomials)

    def forward(self, signals: Tensor) -> Tensor:
        """Return signals of the same shape, (B, n, T)."""
        return self.matrix() @ signals
