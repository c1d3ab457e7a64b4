"""Settings of the way from recordings to trials."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from neurodecode.config import Section

Band = Annotated[tuple[float, float], Field(description="Low and high edge in Hz")]


class SignalsSection(Section):
    """Band-pass filter, window and checks of every recording."""

    bands: tuple[Band, ...] = Field(
        default=((8.0, 35.0),),
        min_length=1,
        description="Band-pass edges in Hz; with several bands the filtered channels are stacked",
    )
    tmin: float = Field(default=0.0, description="Window start after the cue, in s")
    tmax: float | None = Field(
        default=None, description="Window end after the cue, in s; default: the data set's own"
    )
    resample: float | None = Field(default=None, gt=0, description="New sampling rate in Hz")
    channels: tuple[str, ...] | None = Field(
        default=None, description="Channels to use; default: every EEG channel"
    )
    scale: float = Field(
        default=1.0, gt=0, description="Factor to volts when a file states a wrong unit"
    )
    bad_channels: Literal["stop", "drop", "interpolate"] = Field(
        default="stop", description="What to do with channels that are flat or hold NaN or Inf"
    )
    memory_limit_gib: float = Field(
        default=8.0, gt=0, description="Refuse to start when the trials would need more"
    )

    @model_validator(mode="after")
    def _edges(self) -> SignalsSection:
        for low, high in self.bands:
            if not 0 < low < high:
                raise ValueError(f"a band needs 0 < low < high, got [{low}, {high}]")
            if self.resample is not None and high >= self.resample / 2:
                raise ValueError(
                    f"band [{low:g}, {high:g}] Hz reaches above half of resample={self.resample:g}"
                )
        if self.tmax is not None and self.tmax <= self.tmin:
            raise ValueError(f"the window needs tmin < tmax, got {self.tmin:g} to {self.tmax:g}")
        return self
