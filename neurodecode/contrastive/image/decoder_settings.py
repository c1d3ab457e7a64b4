"""What an image decoder's folder says of the decoder, beside weights and candidates."""

from __future__ import annotations

from neurodecode.contrastive.decoder_settings import ContrastiveSettings
from neurodecode.contrastive.image.config import ViewingSignals
from neurodecode.contrastive.image.network_settings import NetworkSettings


class DecoderSettings(ContrastiveSettings):
    """Content of ``network.json``."""

    signals: ViewingSignals
    network: NetworkSettings
