"""What a spikes decoder's folder says of the decoder, beside its weights."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from neurodecode.config import Section
from neurodecode.decoder_folder import HeldOut
from neurodecode.spikes.config import SpikesConfig
from neurodecode.spikes.config_model import NeuroformerConfig


class FrameState(Section):
    """The stimulus of the training."""

    size: tuple[int, int] = Field(description="Rows and columns of a frame")
    largest: float = Field(gt=0, description="Value that frames are divided by")


class DecoderSettings(Section):
    """Content of ``network.json``."""

    name: str = Field(description="Of the decoder, as 'joint'")
    subject: str
    session: str = Field(description="Whose units these are")
    fold: str
    seed: int
    n_windows: int = Field(ge=1, description="That it was trained on")
    units: tuple[str, ...] = Field(min_length=1, description="Labels, in the order of tokens")
    network: NeuroformerConfig
    experiment: SpikesConfig = Field(description="How windows are cut and files read")
    scales: dict[str, tuple[float, float]] = Field(
        description="Mean and standard deviation of behaviour, in its own unit"
    )
    classes: dict[str, tuple[str, ...]] = Field(
        default={}, description="Of behaviour that is a class, in the order of its numbers"
    )
    frames: FrameState | None = Field(default=None, description="Null: none are read")
    batch_size: int = Field(ge=1, description="Windows decoded together")
    held_out: dict[str, HeldOut] = Field(description="By behaviour")

    @property
    def targets(self) -> tuple[str, ...]:
        """Behaviour that is decoded."""
        return tuple(self.network.targets)

    def reading(self) -> NeuroformerConfig:
        """Return the network's settings less what is decoded: what a recording must have."""
        groups: dict[str, Any] = {}
        for name, group in self.network.behaviours.items():
            inputs = {k: v for k, v in group.variables.items() if v.role == "input"}
            if inputs:
                groups[name] = group.model_copy(update={"variables": inputs})
        return self.network.model_copy(update={"behaviours": groups})
