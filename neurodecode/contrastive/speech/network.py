"""The networks of a decoder: the brain module, and the one over the target where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from neurodecode.contrastive.speech.network_settings import network_settings

if TYPE_CHECKING:
    from neurodecode.contrastive.brain_module import BrainModule
    from neurodecode.contrastive.data import Batch
    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.contrastive.speech.decoders import Decoder
    from neurodecode.contrastive.speech.linear import LaggedRidge


class SpeechNetwork(nn.Module):
    """Estimates from a batch, and what they are compared with.

    Parameters
    ----------
    brain : BrainModule
    stimulus : Module, optional
        Network over the target's features, trained along (Deep Mel).
    """

    def __init__(self, brain: BrainModule, stimulus: nn.Module | None = None) -> None:
        super().__init__()
        self.brain, self.stimulus = brain, stimulus

    def forward(self, batch: Batch) -> Tensor:
        """Return estimates (B, F, T) from ``signals, positions, layouts, subjects``."""
        estimates: Tensor = self.brain(
            batch["signals"], batch["positions"], batch["subjects"], layouts=batch["layouts"]
        )
        return estimates

    def add_participant(self) -> int:
        """Append a participant that is the mean of all and return the index; 0 without any."""
        return 0 if self.brain.participants is None else self.brain.add_participant("average")

    def targets(self, features: Tensor) -> Tensor:
        """Return what estimates are compared with, from the encoder's scaled features."""
        return features if self.stimulus is None else self.stimulus(features)


def build_network(
    config: SpeechConfig,
    decoder: Decoder,
    *,
    n_features: int,
    n_participants: int,
    n_channels: int,
) -> SpeechNetwork | LaggedRidge:
    """Return the untrained network of a decoder: see :func:`network_settings`."""
    settings = network_settings(
        config, decoder, n_features=n_features, n_participants=n_participants,
        n_channels=n_channels,
    )  # fmt: skip
    return settings.build()
