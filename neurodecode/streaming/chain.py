"""The way from measured signals to the windows a decoder sees, as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neurodecode.faults import DataFault
from neurodecode.signals.matching import match_channels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.signals.matching import Extra


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
    bands : tuple of (float, float)
        Pass bands, Hz; with several, the filtered channels are stacked, band after band.
    passes : int
        How often each filter is applied. A zero-phase filter goes over the signal twice: two
        causal passes have its gain at every frequency, though not its phase.
    """

    sfreq: float
    tmin: float
    n_samples: int
    factor: float = 1e6
    kind: Literal["eeg", "meg"] = "eeg"
    highpass: float | None = None
    lowpass: float | None = None
    notch: float | None = None
    bands: tuple[tuple[float, float], ...] = ()
    passes: int = 1

    @property
    def n_lanes(self) -> int:
        """Rows of a window for each channel: one, or one per band."""
        return max(1, len(self.bands))

    @property
    def tmax(self) -> float:
        """Time of the window's last sample after the onset, s."""
        return self.tmin + (self.n_samples - 1) / self.sfreq

    def first_samples(self, onsets: Sequence[float] | NDArray[np.floating]) -> NDArray[np.int64]:
        """Return the first sample of the window of each onset, both counted from the same start."""
        times = (np.asarray(onsets, dtype=float) + self.tmin) * self.sfreq
        return times.round().astype(np.int64)


def ordered_windows(
    windows: NDArray[Any],
    wanted: Sequence[str],
    channels: Sequence[str] | None,
    chain: Chain,
    sfreq: float | None,
    extra: Extra = "stop",
) -> NDArray[Any]:
    """Return windows with the channels that a decoder sees, in its order.

    Parameters
    ----------
    windows : ndarray, shape (n, C, T)
    wanted : sequence of str
        Channels of the decoder.
    channels : sequence of str, shape (C,), or None
        Of the windows, in any order; None: those wanted.
    chain : Chain
        Of the decoder.
    sfreq : float or None
        Sampling rate of the windows, Hz; None: not known, not compared.
    extra : {"stop", "drop"}, default="stop"
        What to do with channels that the decoder does not know.

    Raises
    ------
    DataFault
        Another rate or length, naming both; channels are missing, unknown or there twice.
    """
    names = wanted if channels is None else channels
    _check_windows(windows, names, chain, sfreq)
    return windows[:, match_channels(wanted, names, extra=extra)]


def _check_windows(
    windows: NDArray[Any], channels: Sequence[str], chain: Chain, sfreq: float | None
) -> None:
    if windows.ndim != 3 or windows.shape[1] != len(channels):
        raise DataFault(
            f"windows of shape {windows.shape} for {len(channels)} channel names",
            fix="give trials x channels x samples",
        )
    if sfreq is not None and not np.isclose(sfreq, chain.sfreq, rtol=1e-6):
        raise DataFault(
            f"windows at {sfreq:g} Hz, the decoder was trained at {chain.sfreq:g} Hz",
            fix="resample them, or give the recording to predict(), which does",
        )
    if windows.shape[2] != chain.n_samples:
        raise DataFault(
            f"windows of {windows.shape[2]} samples, the decoder sees {chain.n_samples}: from "
            f"{chain.tmin:g} to {chain.tmax:g} s at {chain.sfreq:g} Hz",
            fix="cut them so, or give the recording to predict()",
        )
