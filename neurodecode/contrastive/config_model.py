"""Settings of the brain module; reading them loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, field_validator

from neurodecode.config import Section

if TYPE_CHECKING:
    from neurodecode.contrastive.brain_module import BrainModule

Activation = Literal["gelu", "relu"]
Participants = Literal["layer", "embedding", "none"]
Aggregation = Literal["mean", "affine", "attention"]
HeadNorm = Literal["plain", "affine", "none"]


class BrainSection(Section):
    """Layers and widths of the brain module; the defaults are the published ones."""

    spatial_attention: bool = Field(
        default=True, description="Virtual channels from sensor positions; false: raw sensors"
    )
    n_virtual_channels: int = Field(
        default=270, ge=1, description="Width up to the participant layer"
    )
    n_frequencies: int = Field(
        default=32, ge=1, description="Fourier frequencies of sensor positions, along each axis"
    )
    margin: float = Field(
        default=0.2, ge=0, description="Added around the layout, period 1 + 2 margin"
    )
    dropout_radius: float = Field(
        default=0.2, ge=0, description="Disc of sensors left out of a training step; 0: none"
    )
    initial_conv: bool = Field(
        default=True, description="1x1 convolution before the participant layer"
    )
    participants: Participants = Field(
        default="layer", description="A matrix per participant, a vector beside the channels, none"
    )
    embedding_size: int = Field(
        default=64, ge=1, description="Length of a participant's vector (participants: embedding)"
    )
    hidden: int = Field(default=320, ge=1, description="Width of the dilated convolutions")
    n_blocks: int = Field(
        default=5, ge=1, description="Blocks of two residual convolutions and a gate"
    )
    kernel: int = Field(default=3, ge=1, description="Taps of each convolution, odd")
    dilation_period: int = Field(
        default=5, ge=1, description="Layers after which dilations 1, 2, 4, ... start again"
    )
    activation: Activation = Field(
        default="gelu", description="After each normalisation and in the head"
    )
    residual: bool = Field(default=True, description="Add the input of a layer to its output")
    gates: bool = Field(
        default=True, description="Gated convolution (GLU) after every second layer"
    )
    final_convs: bool = Field(
        default=True, description="Two 1x1 convolutions as head; false: the last layer has width F"
    )

    @field_validator("kernel")
    @classmethod
    def _odd(cls, kernel: int) -> int:
        if kernel % 2 == 0:
            raise ValueError("an even number of taps would shift the output in time")
        return kernel

    def build(
        self, n_outputs: int, n_participants: int, n_channels: int | None = None
    ) -> BrainModule:
        """Return an untrained model.

        Parameters
        ----------
        n_outputs : int
            Features of the target.
        n_participants : int
        n_channels : int or None, default=None
            Sensors; needed only without spatial attention.
        """
        from neurodecode.contrastive.brain_module import BrainModule

        return BrainModule(n_outputs, n_participants, n_channels=n_channels, **self.model_dump())


class HeadSection(Section):
    """From the brain module's features over time to embeddings of one picture."""

    width: int = Field(default=2048, ge=1, description="Features over time, before aggregation")
    aggregation: Aggregation = Field(
        default="affine",
        description="Over time: average, one learned affine map, attention (Bahdanau)",
    )
    attention_hidden: int = Field(default=256, ge=1, description="Hidden units of the attention")
    contrastive_blocks: int = Field(default=1, ge=1, description="Blocks of the retrieval head")
    regression_blocks: int = Field(default=1, ge=1, description="Blocks of the regression head")
    norm: HeadNorm = Field(
        default="none",
        description="Before each block's activation: layer normalisation without parameters, "
        "with, or none (one block is then one linear layer, as the published counts say)",
    )
