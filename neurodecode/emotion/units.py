"""The jobs of the ``emotion`` pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodecode.emotion.config import ACROSS
from neurodecode.emotion.decoders import Decoder, decoder_of

if TYPE_CHECKING:
    from neurodecode.emotion.config import EmotionConfig


@dataclass(frozen=True)
class Unit:
    """What one job trains: decoders of one tested subject under one protocol.

    Attributes
    ----------
    name : str
        As in :meth:`EmotionConfig.units`.
    protocol : str
    subject : str
    decoders : tuple of Decoder
    """

    name: str
    protocol: str
    subject: str
    decoders: tuple[Decoder, ...]

    @property
    def across(self) -> bool:
        """Whether its models are trained on other people."""
        return self.protocol in ACROSS


def unit_of(config: EmotionConfig, name: str) -> Unit:
    """Return the unit of a name from :meth:`EmotionConfig.units`."""
    head, _, subject = name.partition(".sub-")
    protocol, _, slug = head.partition(".")
    decoders = [decoder_of(model) for model in config.models_of(protocol)]
    chosen = tuple(decoder for decoder in decoders if slug in ("", decoder.slug))
    return Unit(name, protocol, subject, chosen)
