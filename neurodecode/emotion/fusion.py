"""From the signals of several nodes to one: how electrodes become a region, regions the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d

from neurodecode.emotion.constraints import MaxNorm
from neurodecode.emotion.keras_conventions import dense, empty, glorot_uniform_, pad_same

if TYPE_CHECKING:
    from collections.abc import Sequence

TAPS = 5
"""Of the separable convolution."""


class DenseFusion(nn.Module):
    r"""Weighted mean of each group's signals, with weights that follow from their means over time.

    .. math:: y(t) = \sum_i a_i x_i(t), \quad a = \mathrm{softmax}(W \bar x + b)

    Parameters
    ----------
    sizes : sequence of int
        Nodes of each group, in consecutive runs; a group of n has n (n + 1) parameters.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.attention = nn.ModuleList(dense(n, n) for n in sizes)

    def weights(self, signals: Tensor) -> Tensor:
        """Return each node's weight in its group, (B, n_nodes); each group's sum to 1."""
        groups = signals.mean(dim=-1).split_with_sizes(self.sizes, dim=-1)
        parts = [
            layer(mean).softmax(-1) for layer, mean in zip(self.attention, groups, strict=True)
        ]
        return torch.cat(parts, dim=-1)

    def forward(self, signals: Tensor) -> Tensor:
        """Return (B, n_groups, T) of signals (B, n_nodes, T)."""
        return self.weighted(signals, self.weights(signals))

    def weighted(self, signals: Tensor, weights: Tensor) -> Tensor:
        """Return (B, n_groups, T) for given weights (B, n_nodes)."""
        groups = (weights[..., None] * signals).split_with_sizes(self.sizes, dim=1)
        return torch.stack([group.sum(dim=1) for group in groups], dim=1)


class SeparableFusion(nn.Module):
    """One signal from each group by five taps per node and one weight per node.

    A group of n has 6 n parameters; the one weight of each node is at most 1 in magnitude. The
    released code puts a softmax over the single output channel, which makes it the constant 1
    whatever the input; it is left out here.

    Parameters
    ----------
    sizes : sequence of int
        Nodes of each group, in consecutive runs.
    """

    MAX_NORMS = (MaxNorm("pointwise"),)

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = list(sizes)
        self.depthwise, self.pointwise = empty(sum(sizes), 1, TAPS), empty(sum(sizes))
        with torch.no_grad():
            for n, taps, weights in zip(
                sizes,
                self.depthwise.split_with_sizes(self.sizes),
                self.pointwise.split_with_sizes(self.sizes),
                strict=True,
            ):
                glorot_uniform_(taps, TAPS * n, TAPS)
                glorot_uniform_(weights, n, 1)

    def forward(self, signals: Tensor) -> Tensor:
        """Return (B, n_groups, T) of signals (B, n_nodes, T)."""
        filtered = conv1d(pad_same(signals, TAPS), self.depthwise, groups=len(self.depthwise))
        groups = (self.pointwise[:, None] * filtered).split_with_sizes(self.sizes, dim=1)
        return torch.stack([group.sum(dim=1) for group in groups], dim=1)
