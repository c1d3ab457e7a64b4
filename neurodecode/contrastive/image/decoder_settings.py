"""What an image decoder's folder says of the decoder, beside weights and candidates."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodecode.config import Section
from neurodecode.contrastive.image.config import ViewingSignals
from neurodecode.contrastive.image.network_settings import NetworkSettings
from neurodecode.signals.amplitudes import FACTORS
from neurodecode.streaming.chain import Chain


class DecoderSettings(Section):
    """Content of ``network.json``."""

    name: str = Field(description="Of the decoder, as 'contrastive, hog'")
    target: str = Field(description="Encoder whose embeddings are estimated")
    seed: int
    kind: Literal["eeg", "meg"] = Field(description="Of the channels")
    signals: ViewingSignals
    network: NetworkSettings

    @property
    def unit(self) -> str:
        """Of the windows: uV or fT."""
        return FACTORS[self.kind][1]

    def chain(self) -> Chain:
        """Return rate, window, kind and filters."""
        chosen = self.signals
        return Chain(
            sfreq=chosen.sfreq,
            tmin=chosen.tmin,
            n_samples=chosen.n_samples,
            factor=FACTORS[self.kind][0] * chosen.scale,
            kind=self.kind,
            highpass=chosen.highpass,
            lowpass=chosen.lowpass,
            notch=chosen.notch,
        )
