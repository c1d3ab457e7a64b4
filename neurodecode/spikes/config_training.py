"""Settings of optimiser, training and generation; reading them loads no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from neurodecode.config import Section
from neurodecode.training_config import TrainerSection

Past = Literal["teacher", "own"]
Frozen = Literal["nothing", "body", "past", "frames", "tokens"]


class OptimiserSection(Section):
    """AdamW with a warm-up and half a cosine; the defaults are the released ones.

    Clip gradients to norm 1 with ``gradient_clip_val`` of the Trainer, as published; small data
    sets want a larger rate and less decay.
    """

    learning_rate: float = Field(default=1e-4, gt=0, description="Largest of the schedule")
    betas: tuple[float, float] = Field(
        default=(0.9, 0.95), description="Of AdamW: decay of both running means"
    )
    weight_decay: float = Field(default=1.0, ge=0, description="Of weights of linear layers alone")
    warmup_tokens: int = Field(
        default=80_000_000,
        ge=0,
        description="Target positions, padding included, until the largest rate; at most half of "
        "the training",
    )
    final_share: float = Field(
        default=0.1, gt=0, le=1, description="Of the largest rate, at the end of the cosine"
    )
    full_first_step: bool = Field(
        default=False, description="The first update at the largest rate, as the released code has"
    )


class SamplingSection(Section):
    """How tokens are drawn; the defaults are the published ones."""

    greedy: bool = Field(default=False, description="The most probable token each time")
    top_k: int = Field(default=0, ge=0, description="Most probable IDs that are kept; 0: all")
    dt_top_k: int = Field(default=0, ge=0, description="The same of times")
    top_p: float = Field(
        default=0.95, gt=0, le=1, description="Probability of the IDs that are kept; 1: all"
    )
    dt_top_p: float = Field(default=0.95, gt=0, le=1, description="The same of times")
    temperature: float = Field(default=1.0, gt=0, description="Of the IDs that are drawn")
    dt_temperature: float = Field(default=1.0, gt=0, description="Of the times that are drawn")
    valid_tokens: bool = Field(
        default=True,
        description="Only neurons and EOS, and times within the window, are drawn; released: any "
        "token, and spikes with a special one for a time are left out",
    )

    @classmethod
    def unfiltered(cls) -> SamplingSection:
        """Return the model's own distribution: no token is left out, temperature 1."""
        return cls(top_p=1.0, dt_top_p=1.0)


class SpikeTrainer(TrainerSection):
    """As every training, with the published length and clipping."""

    max_epochs: int = Field(default=250, ge=1, description="Epochs at most; published: 250")
    gradient_clip_val: float | None = Field(
        default=1.0, description="Largest norm of the gradient; null: as it is"
    )
    patience: int = Field(
        default=1000, ge=1, description="Validations without a smaller loss; more than epochs: none"
    )


class SpikeTraining(Section):
    """Batches, optimiser and Trainer of a network."""

    batch_size: int = Field(default=160, ge=1, description="Windows per update")
    shuffle: bool = Field(default=True, description="Another order each epoch; released: never")
    optimiser: OptimiserSection = OptimiserSection()
    trainer: SpikeTrainer = SpikeTrainer()
