"""Limits on the norm of weights, restored after each step of the optimiser."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn


class MaxNorm(NamedTuple):
    """A limit on a parameter of the module that lists it in ``MAX_NORMS``.

    Attributes
    ----------
    parameter : str
        Attribute of the module: a parameter, or a list of some.
    axes : tuple of int
        Over which the norm is taken; none: each weight by itself.
    limit : float
    """

    parameter: str
    axes: tuple[int, ...] = ()
    limit: float = 1.0


def project_max_norm(weight: Tensor, axes: tuple[int, ...] = (), limit: float = 1.0) -> Tensor:
    r"""Return weights scaled back to the limit where their Euclidean norm exceeds it.

    .. math:: w \cdot \min(1, c / \lVert w \rVert_{axes})

    Keras's ``max_norm`` with one difference: it divides by the norm plus 1e-7, which draws every
    weight, also those within the limit, 1e-7 towards zero at each step. Here they stay as they are.

    Parameters
    ----------
    weight : Tensor
    axes : tuple of int, default=()
        Over which the norm is taken; none: each weight by itself.
    limit : float, default=1
        c.
    """
    norm = torch.linalg.vector_norm(weight, dim=axes, keepdim=True) if axes else weight.abs()
    return weight * (limit / norm.clamp(min=limit))


@torch.no_grad()
def project(network: nn.Module) -> None:
    """Restore, in place, all limits that modules of a network list in ``MAX_NORMS``.

    To be called after each step of the optimiser, as Keras does: gradients are of weights within
    the limits, and only the stepped weights are moved back.
    """
    for module in network.modules():
        for name, axes, limit in getattr(module, "MAX_NORMS", ()):
            held = getattr(module, name)
            for weight in [held] if isinstance(held, torch.Tensor) else held:
                weight.copy_(project_max_norm(weight, axes, limit))
