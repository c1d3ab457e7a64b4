"""An emotion network over plain tensors, its outputs read as probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.targets import Target


class NetworkWithTarget(nn.Module):
    """From normalised windows to probabilities of the levels.

    Parameters
    ----------
    network : EmotionNetwork
        Trained, in evaluation mode.
    target : Target
    """

    def __init__(self, network: EmotionNetwork, target: Target) -> None:
        super().__init__()
        self.network, self.target = network, target

    def forward(self, windows: Tensor) -> Tensor:
        """Return probabilities (B, n_levels) of windows (B, C, T)."""
        return self.target.probabilities(self.network(windows))
