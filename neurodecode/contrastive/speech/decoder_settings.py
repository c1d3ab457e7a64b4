"""What a speech decoder's folder says of the decoder, beside weights and candidates."""

from __future__ import annotations

from pydantic import Field

from neurodecode.contrastive.decoder_settings import ContrastiveSettings
from neurodecode.contrastive.speech.network_settings import NetworkSettings
from neurodecode.decoder_folder import HeldOut


class DecoderSettings(ContrastiveSettings):
    """Content of ``network.json``."""

    dataset: str = Field(description="It was trained on")
    network: NetworkSettings
    n_windows: dict[str, int] = Field(description="Of each part of the split")
    held_out: HeldOut

    @property
    def n_lag(self) -> int:
        """First samples of a window that the network does not see; the linear one sees all."""
        return 0 if self.network.objective == "ridge" else self.signals.n_lag
