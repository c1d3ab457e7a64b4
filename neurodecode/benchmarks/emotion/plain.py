"""HiSTN as one would write it first from its description: one step after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch.nn.functional import avg_pool1d, conv1d, elu, pad

from neurodecode.emotion.histn import HiSTN

if TYPE_CHECKING:
    from torch import Tensor

    from neurodecode.emotion.message_passing import MessagePassing


class PlainHiSTN(HiSTN):
    """The same parameters and outputs; nothing is folded, every convolution is PyTorch's.

    Steps are numbered as in :class:`neurodecode.emotion.front.Front` and the modules after it.
    """

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (B, n_classes) of windows (B, n_channels, n_samples)."""
        signals = self._node_signals(self.channels(windows))
        passed = elu(self.node_norm(self._regional_signals(signals)))
        levels = [signals + passed]
        if self.upper is not None:
            levels += self.upper(signals, passed)  # 10, 11
        means = torch.cat(levels, dim=1).mean(dim=-1)  # 12, 13
        logits: Tensor = self.head(self.dropout(means))
        return logits

    def _node_signals(self, windows: Tensor) -> Tensor:
        """Take steps 1 to 6."""
        front = self.front
        n_taps, n_channels = front.shared.filters.shape[1], windows.shape[1]
        left = (n_taps - 1) // 2
        padded = pad(windows.flatten(0, 1)[:, None], (left, n_taps - 1 - left))
        filtered = conv1d(padded, front.shared.filters[:, None])  # 1
        each = filtered.view(len(windows), n_channels, *filtered.shape[1:])
        mixed = (front.shared.mixing[:, :, None] * each).sum(dim=2)  # 2
        signals = elu(front.shared_norm(mixed))  # 3
        own = conv1d(signals, front.own.taps[:, None], groups=n_channels)  # 4
        pooled: Tensor = front.dropout(avg_pool1d(elu(front.own_norm(own)), 2))  # 5, 6
        return pooled

    def _regional_signals(self, signals: Tensor) -> Tensor:
        """Take steps 7 and 8, region by region."""
        sizes = list(self.hierarchy.sizes)
        parts = zip(
            signals.split_with_sizes(sizes, dim=1),
            self.regional.depthwise.split_with_sizes(sizes),
            self.regional.pointwise,
            self.node_passing,
            strict=True,
        )
        return torch.cat(
            [
                weight @ conv1d(cast("MessagePassing", passing)(part), taps, padding=2, groups=n)
                for n, (part, taps, weight, passing) in zip(sizes, parts, strict=True)
            ],
            dim=1,
        )
