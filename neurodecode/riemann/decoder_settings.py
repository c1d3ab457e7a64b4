"""What an ``acm`` decoder's folder says of the decoder, beside the fitted estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from neurodecode.config import Section
from neurodecode.decoder_folder import HeldOut
from neurodecode.signals.amplitudes import FACTORS
from neurodecode.signals.config import SignalsSection
from neurodecode.streaming.chain import Chain

if TYPE_CHECKING:
    from typing import Any


class DecoderSettings(Section):
    """Content of ``model.json``."""

    name: str = Field(description="Of the decoder, as 'ACM+TS+SVM'")
    dataset: str = Field(description="It was trained on")
    protocol: str = Field(description="Split of the run")
    fold: str = Field(description="Whose training trials it saw, as 'subject 1, session 0'")
    participants: tuple[str, ...] = Field(min_length=1, description="Of the training trials")
    counts: dict[str, int] = Field(min_length=2, description="Training trials of each class")
    channels: tuple[str, ...] = Field(min_length=1, description="Electrodes, in order")
    sfreq: float = Field(gt=0, description="Of the windows, Hz")
    n_samples: int = Field(ge=1, description="Of a window, both ends included")
    window: tuple[float, float] = Field(description="Start and end after the onset, s")
    interval: tuple[float, float] = Field(description="Task window of the data set, s")
    spread: tuple[float, ...] = Field(
        description="Standard deviation of each row of the training windows, uV"
    )
    signals: SignalsSection = Field(description="Filter, window and checks of the run")
    held_out: HeldOut

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, sorted."""
        return tuple(sorted(self.counts))

    def chain(self) -> Chain:
        """Return rate, window, unit and bands.

        Training used zero-phase filters; two causal passes have their gain, and second-order
        statistics, which are all that covariances see, do not depend on a common phase.
        """
        return Chain(
            sfreq=self.sfreq,
            tmin=self.window[0],
            n_samples=self.n_samples,
            factor=FACTORS["eeg"][0] * self.signals.scale,
            kind="eeg",
            bands=self.signals.bands,
            passes=2,
        )

    def reading(self) -> SignalsSection:
        """Return the settings that another recording is read with."""
        changed: dict[str, Any] = {"channels": self.channels}
        if self.signals.bad_channels == "drop":  # the decoder needs every channel
            changed["bad_channels"] = "stop"
        return self.signals.model_copy(update=changed)
