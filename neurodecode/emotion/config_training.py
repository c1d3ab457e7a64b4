"""Settings of the three kinds of training; defaults are the published ones."""

from __future__ import annotations

from pydantic import Field

from neurodecode.config import Section
from neurodecode.emotion.config_model import AdamSection
from neurodecode.training_config import TrainerSection

NEVER = 10_000
"""Validations without a gain until a training stops: all epochs are run, the best is kept."""


class RatedTrainer(TrainerSection):
    """As every training; by default all epochs are run."""

    patience: int = Field(
        default=NEVER, ge=1, description="Stop after so many validations without a smaller loss"
    )


class WithinSection(Section):
    """Within a subject: random crops with equal levels, the smallest validation loss is kept."""

    batch_size: int = Field(default=256, ge=2, description="Windows per update")
    n_batches: int | None = Field(
        default=None, ge=1, description="Of an epoch; null: starts of windows / batch size"
    )
    n_valid: int = Field(default=2000, ge=1, description="Windows that validate")
    optimiser: AdamSection = AdamSection()
    trainer: RatedTrainer = RatedTrainer(max_epochs=50)


class SourceSection(Section):
    """Across subjects, first stage: the other people's windows, in batches of equal levels."""

    batch_size: int = Field(default=120, ge=2, description="Windows per update")
    consensus: bool = Field(
        default=True, description="Ratings of a clip replaced by its most frequent one"
    )
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Also in the second stage")
    optimiser: AdamSection = AdamSection(learning_rate=1e-2, steps=((50, 0.2),))
    trainer: RatedTrainer = RatedTrainer(max_epochs=100)


class CalibrationSection(Section):
    """Across subjects, then: the beginning of the target's clips; the last epoch is kept."""

    batch_size: int = Field(default=100, ge=2, description="Windows per update")
    stride_seconds: float = Field(default=0.25, gt=0, description="From window to window")
    freeze: tuple[str, ...] = Field(default=("temporal",), description="Parts that keep as is")
    optimiser: AdamSection = AdamSection(learning_rate=1e-3, steps=())
    trainer: RatedTrainer = RatedTrainer(max_epochs=400)
