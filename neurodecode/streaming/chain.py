"""The way from measured signals to the windows a decoder sees, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Chain:
    """Rate, window and unit of a decoder.

    Attributes
    ----------
    sfreq : float
        Sampling rate of the windows, Hz.
    tmin : float
        Window start around the onset, s.
    n_samples : int
        Of a window.
    factor : float
        From SI units (V, T) to the decoder's.
    kind : {"eeg", "meg"}
        Of the channels.
    highpass, lowpass, notch : float or None
        Edges of the filters of its training, Hz.
    """

    sfreq: float
    tmin: float
    n_samples: int
    factor: float = 1e6
    kind: Literal["eeg", "meg"] = "eeg"
    highpass: float | None = None
    lowpass: float | None = None
    notch: float | None = None

    @property
    def tmax(self) -> float:
        """Time of the window's last sample after the onset, s."""
        return self.tmin + (self.n_samples - 1) / self.sfreq

    def first_samples(self, onsets: Sequence[float] | NDArray[np.floating]) -> NDArray[np.int64]:
        """Return the first sample of the window of each onset, both counted from the same start."""
        times = (np.asarray(onsets, dtype=float) + self.tmin) * self.sfreq
        return times.round().astype(np.int64)
