"""A contrastive network over plain tensors, with the layouts of its participants built in."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence


class FixedAttention(nn.Module):
    """Spatial attention whose layouts are known: a matrix for each.

    Parameters
    ----------
    weights : Tensor, shape (L, O, C)
        Of :meth:`SpatialAttention.weights`; 0 for sensors that a layout lacks.
    """

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.weights: Tensor

    def forward(self, signals: Tensor, positions: Tensor, layouts: Tensor) -> Tensor:
        """Return the virtual channels (B, O, T) of signals (B, C, T)."""
        return torch.matmul(self.weights[layouts], signals)


class NetworkOverTensors(nn.Module):
    """What an ONNX file holds of a contrastive decoder.

    Parameters
    ----------
    network : Module
        Over batches; changed here.
    positions : Tensor, shape (S, C, 2)
        Layout of each participant that remains.
    lag : int
        First samples of a window that the network does not see.
    """

    def __init__(self, network: Any, positions: Tensor, lag: int) -> None:
        super().__init__()
        self.network, self.lag = network, lag
        self.register_buffer("positions", positions)
        if has_attention(network):
            network.brain.attention = FixedAttention(
                network.brain.attention.weights(positions).detach()
            )

    def forward(self, signals: Tensor, participant: Tensor | None = None) -> Tensor:
        """Return the estimates of scaled windows.

        Parameters
        ----------
        signals : Tensor, shape (B, C, T)
        participant : Tensor of int64, shape (B,), optional
            Row of ``positions``; default: the first.
        """
        if participant is None:
            participant = torch.zeros(signals.shape[0], dtype=torch.int64)
        found: Tensor = self.network(
            {
                "signals": signals[..., self.lag :],
                "subjects": participant,
                "layouts": participant,
                "positions": self.positions,
            }
        )
        return found


def network_over_tensors(
    network: Any, positions: Tensor, rows: Sequence[int], *, lag: int
) -> NetworkOverTensors:
    """Return a copy of a trained network that keeps only some of its participants.

    Parameters
    ----------
    network : ImageNetwork, SpeechNetwork, WindowRidge or LaggedRidge
    positions : Tensor, shape (S, C, 2)
        Layout of each participant.
    rows : sequence of int
        Participants kept, in order.
    lag : int
        First samples of a window that the network does not see.
    """
    own, kept = copy.deepcopy(network), list(rows)
    if hasattr(own, "brain"):
        layer = own.brain.participants
        if layer is not None:
            layer.weights = nn.Parameter(layer.weights.detach()[kept])
    elif len(own.weights) > 1:
        for name, held in list(own.named_buffers(recurse=False)):
            setattr(own, name, held[kept])
    return NetworkOverTensors(own, positions[kept], lag).eval().requires_grad_(False)


def has_attention(network: Any) -> bool:
    """Return whether a network looks at sensor positions."""
    return hasattr(network, "brain") and network.brain.attention is not None


def tells_participants_apart(network: Any) -> bool:
    """Return whether a network's estimates depend on who is decoded."""
    if hasattr(network, "brain"):
        return has_attention(network) or network.brain.participants is not None
    return len(network.weights) > 1
