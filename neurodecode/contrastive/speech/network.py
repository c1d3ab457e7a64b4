"""The networks of a decoder: the brain module, and the one over the target where there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from neurodecode.contrastive.speech.linear import LaggedRidge

if TYPE_CHECKING:
    from neurodecode.contrastive.brain_module import BrainModule
    from neurodecode.contrastive.data import Batch
    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.contrastive.speech.decoders import Decoder


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
    """Return the untrained network of a decoder.

    Parameters
    ----------
    n_features : int
        Of the encoder.
    n_participants, n_channels : int
        Participants trained on; channels of all recordings together.
    """
    if decoder.objective == "ridge":
        ridge, rate = config.ridge, config.signals.sfreq
        bins = max(1, round(rate / ridge.sfreq))
        lags = (round(ridge.tmin * rate / bins), round(ridge.tmax * rate / bins))
        return LaggedRidge(n_participants, n_channels, n_features, bins=bins, lags=lags)
    section = config.brain.model_copy(update=decoder.brain)
    if decoder.target != "deep_mel":
        return SpeechNetwork(section.build(n_features, n_participants, n_channels))
    from neurodecode.contrastive.speech.deep_mel import DeepMel

    width = config.stimulus.deep_mel_outputs
    stimulus = DeepMel(n_features, width, hidden=config.stimulus.deep_mel_width)
    return SpeechNetwork(section.build(width, n_participants, n_channels), stimulus)
