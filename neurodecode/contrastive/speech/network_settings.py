"""What a speech decoder's network is built from: kept beside its weights to build it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from neurodecode.config import Section
from neurodecode.contrastive.config_model import BrainSection
from neurodecode.contrastive.speech.decoders import Objective

if TYPE_CHECKING:
    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.contrastive.speech.decoders import Decoder
    from neurodecode.contrastive.speech.linear import LaggedRidge
    from neurodecode.contrastive.speech.network import SpeechNetwork


class NetworkSettings(Section):
    """Sizes and layers of one decoder."""

    objective: Objective
    n_participants: int = Field(ge=1)
    n_channels: int = Field(ge=1, description="Of all participants together")
    n_features: int = Field(ge=1, description="Of the encoder")
    brain: BrainSection
    deep_mel: tuple[int, int] | None = Field(
        default=None, description="Width and outputs of the network over the target, if any"
    )
    bins: int = Field(default=1, ge=1, description="Samples that the linear decoder averages")
    lags: tuple[int, int] = Field(default=(0, 0), description="Its first and last lag, in bins")

    def build(self) -> SpeechNetwork | LaggedRidge:
        """Return the untrained network.

        Returns
        -------
        SpeechNetwork or LaggedRidge
            The latter for the objective "ridge".
        """
        sizes = self.n_participants, self.n_channels
        if self.objective == "ridge":
            from neurodecode.contrastive.speech.linear import LaggedRidge

            return LaggedRidge(*sizes, self.n_features, bins=self.bins, lags=self.lags)
        from neurodecode.contrastive.speech.network import SpeechNetwork

        if self.deep_mel is None:
            return SpeechNetwork(self.brain.build(self.n_features, *sizes))
        from neurodecode.contrastive.speech.deep_mel import DeepMel

        width, n_outputs = self.deep_mel
        stimulus = DeepMel(self.n_features, n_outputs, hidden=width)
        return SpeechNetwork(self.brain.build(n_outputs, *sizes), stimulus)


def network_settings(
    config: SpeechConfig,
    decoder: Decoder,
    *,
    n_features: int,
    n_participants: int,
    n_channels: int,
) -> NetworkSettings:
    """Return what the network of a decoder is built from.

    Parameters
    ----------
    n_features : int
        Of the encoder.
    n_participants, n_channels : int
        Participants trained on; channels of all recordings together.
    """
    ridge, rate, stimulus = config.ridge, config.signals.sfreq, config.stimulus
    bins = max(1, round(rate / ridge.sfreq))
    deep = (stimulus.deep_mel_width, stimulus.deep_mel_outputs)
    return NetworkSettings(
        objective=decoder.objective,
        n_participants=n_participants,
        n_channels=n_channels,
        n_features=n_features,
        brain=config.brain.model_copy(update=decoder.brain),
        deep_mel=deep if decoder.target == "deep_mel" else None,
        bins=bins,
        lags=(round(ridge.tmin * rate / bins), round(ridge.tmax * rate / bins)),
    )
