"""What the folder of any contrastive decoder says of the way from recordings to windows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodecode.config import Section
from neurodecode.signals.amplitudes import FACTORS
from neurodecode.signals.continuous import ContinuousSection
from neurodecode.streaming.chain import Chain


class ContrastiveSettings(Section):
    """What the decoders of ``network.json`` share, whatever they rank."""

    name: str = Field(description="Of the decoder, as 'contrastive, hog'")
    target: str = Field(description="Encoder whose embeddings are estimated")
    seed: int
    kind: Literal["eeg", "meg"] = Field(description="Of the channels")
    signals: ContinuousSection
    trial_types: tuple[str, ...] = Field(
        default=(), description="Of the rows of events tables that were trials; empty: any"
    )

    @property
    def unit(self) -> str:
        """Of the windows: uV or fT."""
        return FACTORS[self.kind][1]

    @property
    def n_lag(self) -> int:
        """First samples of a window that the network does not see."""
        return self.signals.n_lag

    @property
    def filters(self) -> str:
        """The filters of the signals in words, for a model card."""
        edges = {name: getattr(self.signals, name) for name in ("highpass", "lowpass", "notch")}
        found = [f"{name} {edge:g} Hz" for name, edge in edges.items() if edge is not None]
        return ", ".join(found) or "none"

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
