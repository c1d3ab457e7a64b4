"""Settings of the way from rated clips to normalised trials; defaults are the published ones."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from neurodecode.config import Section
from neurodecode.datasets.rated.epoc import CHANNELS, SAMPLING_RATE

Scaling = Literal["max-abs", "z-score", "baseline", "none"]


class PreparationSettings(Section):
    """Channels, length and normalisation of a trial; defaults of Kuang et al. (2024)."""

    channels: tuple[str, ...] | None = Field(
        default=CHANNELS,
        description="Channels in the network's order (T3 is T7); null: all, as the file has them",
    )
    sampling_rate: float = Field(
        default=SAMPLING_RATE, gt=0, description="Hz; recordings of another rate are resampled"
    )
    seconds: float = Field(default=60.0, gt=0, description="The last so many of every clip, s")
    baseline: bool = Field(
        default=True,
        description="Z-score each channel by the middle of its trial's baseline; false, for "
        "recordings without: subtract its mean over the kept seconds",
    )
    baseline_seconds: float = Field(
        default=10.0, gt=0, description="The middle so many of every baseline, s"
    )
    scaling: Scaling = Field(
        default="max-abs",
        description="Then divide by the largest absolute value over the kept seconds (max-abs, "
        "published; it looks at the whole clip); z-score: over them as well; baseline: by the "
        "largest absolute value of the normalised baseline, causal; none",
    )

    @model_validator(mode="after")
    def _has_baseline(self) -> PreparationSettings:
        if self.scaling == "baseline" and not self.baseline:
            raise ValueError("scaling 'baseline' needs baseline=true")
        return self

    @property
    def looks_ahead(self) -> bool:
        """Whether the normalisation of a window uses what came after it in the clip."""
        return not self.baseline or self.scaling in ("max-abs", "z-score")
