"""What a mindbridge decoder's folder says of the decoder, beside its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from neurodecode.config import Section
from neurodecode.decoder_folder import HeldOut
from neurodecode.mindbridge.config_model import BridgeSection

if TYPE_CHECKING:
    from neurodecode.mindbridge.model import MindBridge


class Grid(Section):
    """The mask that a participant's voxels were cut by."""

    shape: tuple[int, int, int]
    affine: tuple[float, ...] = Field(min_length=16, max_length=16, description="Row by row")
    sha256: str = Field(description="Of the voxels: a byte of 0 or 1 each, in C order")


class Person(Section):
    """One participant of the training."""

    n_voxels: int = Field(ge=1, description="Of a response, in C order of the mask")
    dropped: tuple[int, ...] = Field(
        default=(), description="Places in the mask of voxels that were left out"
    )
    mean: float = Field(description="Of all training responses")
    spread: float = Field(gt=0, description="Their standard deviation")
    grid: Grid | None = Field(default=None, description="Null where there was no mask")
    n_training: int = Field(ge=1, description="Stimuli that it was trained on")
    candidates: tuple[str, ...] = Field(min_length=2, description="Held-out stimuli, sorted")
    held_out: HeldOut


class DecoderSettings(Section):
    """Content of ``model.json``."""

    name: str = Field(description="Of the model, as 'bridge' or 'reset'")
    form: Literal["network", "linear"] = Field(description="One network, or a map for each")
    seed: int
    dataset: str = Field(description="It was trained on")
    options: dict[str, Any] = Field(default={}, description="How that was read")
    protocol: str = Field(description="Split of the run")
    fold: int
    target: str = Field(description="What signals are decoded into, as 'clip_image'")
    centred: bool = Field(description="Less the mean over the training stimuli")
    image_shape: tuple[int, ...] = Field(min_length=1, description="Of one target")
    bridge: BridgeSection
    people: dict[str, Person] = Field(min_length=1, description="By participant")

    def build(self) -> MindBridge:
        """Return the untrained network that decodes: without builders and second head."""
        return self.bridge.build(tuple(self.people), self.image_shape, None)
