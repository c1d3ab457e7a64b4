"""The brain module as one would write it first from the article's text.

Fourier features and attention are computed trial by trial, and convolutions are PyTorch's.
Parameters have the names and shapes of :class:`neurodecode.contrastive.BrainModule`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

if TYPE_CHECKING:
    from neurodecode.benchmarks.speech.config import StepSection

N_FREQUENCIES, MARGIN, RADIUS, DILATIONS = 32, 0.2, 0.2, 5


class PlainAttention(nn.Module):
    """Attention over sensors, with a disc left out in training."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        n_features = 2 * N_FREQUENCIES**2
        self.heads = nn.Parameter(torch.randn(n_outputs, n_features) / n_features**0.5)

    def forward(self, signals: Tensor, positions: Tensor) -> Tensor:
        """Map signals (B, C, T) at positions (B, C, 2) to (B, O, T)."""
        waves = 2 * torch.pi * torch.arange(N_FREQUENCIES) / (1 + 2 * MARGIN)
        x, y = (positions + MARGIN).unbind(dim=-1)
        angles = x[..., None, None] * waves[:, None] + y[..., None, None] * waves
        angles = angles.flatten(-2)
        features = torch.cat([angles.cos(), angles.sin()], dim=-1)
        scores = torch.einsum("bcd,od->boc", features, self.heads)
        banned = positions.isnan().any(dim=-1)
        if self.training:
            banned = banned | ((positions - torch.rand(2)).norm(dim=-1) <= RADIUS)
        weights = scores.masked_fill(banned[:, None], float("-inf")).softmax(dim=-1)
        return torch.einsum("bct,boc->bot", signals, weights)


class PlainParticipants(nn.Module):
    """A matrix per participant."""

    def __init__(self, n_participants: int, width: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(n_participants, width, width) / width**0.5)

    def forward(self, signals: Tensor, subjects: Tensor) -> Tensor:
        """Multiply the signals (B, C, T) of each trial by its participant's matrix."""
        return torch.einsum("bct,bcd->bdt", signals, self.weights[subjects])


class PlainConvolutions(nn.Module):
    """Blocks of two residual convolutions and a gate."""

    def __init__(self, width: int, hidden: int, n_blocks: int) -> None:
        super().__init__()
        self.layers, self.gates = nn.ModuleList(), nn.ModuleList()
        for i in range(2 * n_blocks):
            d = 2 ** (i % DILATIONS)
            convolution = nn.Conv1d(hidden if i else width, hidden, 3, padding=d, dilation=d)
            self.layers.append(nn.Sequential(convolution, nn.BatchNorm1d(hidden), nn.GELU()))
            if i % 2:
                gate = nn.Conv1d(hidden, 2 * hidden, 3, padding=1)
                self.gates.append(nn.Sequential(gate, nn.GLU(dim=1)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, T) to (B, hidden, T); the first layer adds its input where it can."""
        for i, layer in enumerate(self.layers):
            y = layer(x)
            x = x + y if x.shape == y.shape else y
            x = self.gates[i // 2](x) if i % 2 else x
        return x


class PlainBrainModule(nn.Module):
    """The published network, layer by layer."""

    def __init__(self, sizes: StepSection) -> None:
        super().__init__()
        width, hidden = sizes.n_virtual_channels, sizes.hidden
        self.attention: nn.Module = PlainAttention(width)
        self.initial = nn.Conv1d(width, width, 1)
        self.participants = PlainParticipants(sizes.n_participants, width)
        self.convolutions: nn.Module = PlainConvolutions(width, hidden, sizes.n_blocks)
        self.head = nn.Sequential(
            nn.Conv1d(hidden, 2 * hidden, 1),
            nn.GELU(),
            nn.Conv1d(2 * hidden, sizes.n_features, 1),
        )

    def forward(self, signals: Tensor, positions: Tensor, subjects: Tensor) -> Tensor:
        """Map signals (B, C, T) to estimates (B, F, T)."""
        signals = self.initial(self.attention(signals, positions))
        estimates: Tensor = self.head(self.convolutions(self.participants(signals, subjects)))
        return estimates


def plain_loss(estimates: Tensor, candidates: Tensor) -> Tensor:
    """Return the contrastive loss of the article, as it is written there."""
    candidates = candidates / (1e-8 + candidates.norm(dim=(1, 2), keepdim=True))
    scores = torch.einsum("ift,jft->ij", estimates, candidates)
    return cross_entropy(scores, torch.arange(len(scores)))
