"""Settings of the model, its losses and its optimiser; reading them loads no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from neurodecode.config import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.mindbridge.model import MindBridge

Aggregation = Literal["max", "mean", "linear"]
Decay = Literal["released", "no_norms"]
Repetition = Literal["step", "random"]
Regime = Literal["reset", "full", "scratch"]


class BridgeSection(Section):
    """Layers and widths of the model; the defaults are the published ones."""

    pooled_size: int = Field(
        default=8192, ge=1, description="Values that every subject's voxels are pooled to"
    )
    aggregation: Aggregation = Field(
        default="max", description="How voxels are pooled: largest, mean, linear interpolation"
    )
    width: int = Field(default=2048, ge=1, description="Of the embedding all subjects share")
    n_blocks: int = Field(default=4, ge=0, description="Residual blocks of the translator")
    adapter_size: int = Field(default=128, ge=1, description="Bottleneck of the adapters")
    embedder_dropout: float = Field(
        default=0.5, ge=0, lt=1, description="Share of values left out in embedders"
    )
    translator_dropout: float = Field(
        default=0.15, ge=0, lt=1, description="Share left out in the translator"
    )
    builders: bool = Field(
        default=True, description="From embeddings back to signals; false: no such losses"
    )

    def build(
        self,
        subjects: Sequence[str],
        image_shape: tuple[int, ...] | None = (257, 768),
        text_shape: tuple[int, ...] | None = (77, 768),
    ) -> MindBridge:
        """Return an untrained model.

        Parameters
        ----------
        subjects : sequence of str
        image_shape, text_shape : tuple of int or None, default=(257, 768) and (77, 768)
            Of one stimulus's targets; None: no such head.
        """
        from neurodecode.mindbridge.model import MindBridge

        options = self.model_dump(exclude={"aggregation"})
        return MindBridge(subjects, image_shape=image_shape, text_shape=text_shape, **options)


class LossSection(Section):
    """Weights of the six terms; the defaults are the published ones."""

    temperature: float = Field(default=0.005, gt=0, description="Of SoftCLIP, constant")
    soft_clip: float = Field(default=1.0, ge=0, description="Weight of both SoftCLIP terms")
    mse: float = Field(
        default=1e4,
        ge=0,
        description="Weight of both squared errors of normalised targets; with D target values "
        "the term is 2 mse / D (1 - cosine), so smaller targets want a smaller weight",
    )
    reconstruction: float = Field(default=1.0, ge=0, description="Weight of rebuilt signals")
    cycle: float = Field(
        default=1.0, ge=0, description="Weight of embeddings that pass through another subject"
    )


class OptimiserSection(Section):
    """AdamW with a one-cycle schedule; the defaults are the published ones for one process."""

    learning_rate: float = Field(
        default=1.5e-4,
        gt=0,
        description="Largest of the cycle; published runs multiply it by the number of processes",
    )
    weight_decay: float = Field(default=1e-2, ge=0, description="Weight decay of AdamW")
    decay: Decay = Field(
        default="released",
        description="Which parameters decay: all but biases, as the released code does, or "
        "neither biases nor normalisation (no_norms), as it means to",
    )
    warmup_epochs: float = Field(default=2.0, gt=0, description="Until the largest rate")
