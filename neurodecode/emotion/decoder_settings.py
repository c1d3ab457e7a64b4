"""What an emotion decoder's folder says of the decoder, beside its weights or estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from neurodecode.config import Section
from neurodecode.decoder_folder import AGAIN, HeldOut
from neurodecode.emotion.config_model import NetworkSection, TargetSection
from neurodecode.emotion.config_signals import PreparationSettings
from neurodecode.faults import DataFault
from neurodecode.signals.amplitudes import FACTORS
from neurodecode.streaming.chain import Chain

if TYPE_CHECKING:
    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.targets import Target


class DecoderSettings(Section):
    """Content of ``network.json``, of a classical decoder of ``model.json``."""

    name: str = Field(description="Of the decoder, as 'HiSTN G0, one-hot'")
    dataset: str = Field(description="It was trained on")
    label: str = Field(description="Rating that is decoded, as 'valence'")
    scale: tuple[int, int] = Field(description="Lowest and highest value of the rating")
    protocol: str = Field(description="Split of the run")
    fold: str
    participants: tuple[str, ...] = Field(min_length=1, description="Of the training trials")
    n_trials: int = Field(description="Trials that it was trained on")
    channels: tuple[str, ...] = Field(min_length=1, description="Electrodes, in order")
    n_samples: int = Field(ge=1, description="Of a window")
    network: NetworkSection | None = Field(default=None, description="None: a classical decoder")
    target: TargetSection | None = Field(default=None, description="Of a network")
    signals: PreparationSettings = Field(description="Normalisation of a clip")
    held_out: HeldOut

    @property
    def levels(self) -> tuple[str, ...]:
        """Values of the rating, lowest first."""
        return tuple(str(value) for value in range(self.scale[0], self.scale[1] + 1))

    def build(self) -> tuple[EmotionNetwork, Target]:
        """Return the untrained network, and what reads its outputs as probabilities.

        Raises
        ------
        DataFault
            If the settings describe none.
        """
        if self.network is None or self.target is None:
            raise DataFault("the settings describe no network", where=self.name, fix=AGAIN)
        target = self.target.build(len(self.levels))
        return self.network.build(self.channels, self.n_samples, target.n_outputs), target

    def chain(self) -> Chain:
        """Return rate, window and unit."""
        return Chain(
            sfreq=self.signals.sampling_rate, tmin=0.0, n_samples=self.n_samples,
            factor=FACTORS["eeg"][0], kind="eeg",
        )  # fmt: skip

    def require_causal(self) -> None:
        """Raise DataFault if the normalisation of a window needs what comes after it."""
        if self.signals.looks_ahead:
            raise DataFault(
                f"this decoder cannot stream: scaling '{self.signals.scaling}' of a window looks "
                "at the whole clip",
                fix="train with signals.baseline=true and signals.scaling=baseline",
            )
