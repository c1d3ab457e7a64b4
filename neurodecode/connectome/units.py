"""The jobs of the ``adhd`` pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.connectome.config import ADHDConfig
    from neurodecode.connectome.decoders import Decoder


@dataclass(frozen=True)
class Unit:
    """What one job trains: decoders under one protocol.

    Attributes
    ----------
    name : str
        As in :meth:`ADHDConfig.units`.
    protocol : str
    decoders : tuple of Decoder
    """

    name: str
    protocol: str
    decoders: tuple[Decoder, ...]


def unit_of(config: ADHDConfig, name: str) -> Unit:
    """Return the unit of a name from :meth:`ADHDConfig.units`."""
    protocol, _, slug = name.partition(".")
    chosen = tuple(decoder for decoder in config.decoders if slug in ("", decoder.slug))
    return Unit(name, protocol, chosen)
