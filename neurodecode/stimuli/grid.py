"""Feature frames on the sampling grid of a brain recording."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TOLERANCE = 1e-6  # of a sample or frame: times are sums of rounded decimals


def n_grid_samples(start: float, stop: float, sfreq: float) -> int:
    """Return the samples of a window with both ends included.

    Examples
    --------
    >>> n_grid_samples(-0.5, 2.5, 120.0)
    361
    """
    return round((stop - start) * sfreq) + 1


def to_grid(
    features: NDArray[Any],
    frame_rate: float,
    start: float,
    stop: float,
    sfreq: float,
    default: float = 0.0,
) -> NDArray[np.float32]:
    r"""Put feature frames on the grid of a window by nearest-neighbour resampling.

    Sample :math:`k` of the window lies at :math:`t_k = start + k / sfreq`, both ends included.
    The samples with :math:`0 \le t_k < n_{frames} / frame\_rate` are inside the sound; the others
    get ``default``. The :math:`m` samples inside span :math:`[a, b)`, from the first to one
    sample period after the last and not beyond the sound. The frames from
    :math:`\mathrm{round}(a \cdot frame\_rate)` up to, without,
    :math:`\mathrm{round}(b \cdot frame\_rate)` are selected, at least one: those of which half
    or more lies in the window. Of these :math:`n` frames, sample :math:`j = 0 \dots m - 1` gets
    number :math:`\lfloor j n / m \rfloor`.

    The selection is made per window, so a sample may get the frame next to the one that covers
    its time: the error is about one frame.

    Parameters
    ----------
    features : ndarray, shape (n_features, n_frames)
        Frame :math:`i` stands for the time from :math:`i` to :math:`i + 1` frame periods.
    frame_rate : float
        Frames per second: their number divided by the duration of the sound.
    start, stop : float
        First and last time of the window in seconds from the beginning of the sound; negative
        before it.
    sfreq : float
        Sampling rate of the grid in Hz.
    default : float, default=0.0
        Value outside the sound.

    Returns
    -------
    ndarray of float32, shape (n_features, n_samples)

    Raises
    ------
    DataFault
        If the window ends before it starts, a rate is not positive, or there is no frame.

    References
    ----------
    Defossez et al. 2023, Nature Machine Intelligence 5, 1097-1107, and its released code.
    """
    _check(features, frame_rate, start, stop, sfreq)
    n_features, n_frames = features.shape
    n_samples = n_grid_samples(start, stop, sfreq)
    grid = np.full((n_features, n_samples), default, dtype=np.float32)
    first, frames = grid_frames(n_frames, frame_rate, start, n_samples, sfreq)
    grid[:, first : first + len(frames)] = features[:, frames]
    return grid


def grid_frames(
    n_frames: int, frame_rate: float, start: float, n_samples: int, sfreq: float
) -> tuple[int, NDArray[np.intp]]:
    """Return the first sample of a window inside the sound, and the frame of each from there on.

    The rule is that of :func:`to_grid`; parameters as there.

    Returns
    -------
    first : int
    frames : ndarray of int, shape (n_inside,)
    """
    duration = n_frames / frame_rate
    first = max(0, math.ceil(-start * sfreq - _TOLERANCE))
    end = min(n_samples, math.ceil((duration - start) * sfreq - _TOLERANCE))
    if first >= end:
        return 0, np.empty(0, dtype=np.intp)
    begins, ends = start + first / sfreq, min(start + end / sfreq, duration)
    low = min(_nearest(begins * frame_rate), n_frames - 1)
    high = min(max(low + 1, _nearest(ends * frame_rate)), n_frames)
    return first, low + np.arange(end - first) * (high - low) // (end - first)


def _nearest(value: float) -> int:
    """Round halves up, whatever rounding noise the value carries."""
    return max(0, math.floor(value + 0.5 + _TOLERANCE))


def _check(
    features: NDArray[Any], frame_rate: float, start: float, stop: float, sfreq: float
) -> None:
    if features.ndim != 2 or not features.shape[1]:
        raise DataFault(
            f"features of shape {features.shape}", fix="give (n_features, n_frames), one or more"
        )
    if not frame_rate > 0 or not sfreq > 0:
        raise DataFault(f"frames at {frame_rate:g} Hz for a grid at {sfreq:g} Hz")
    if not stop >= start:
        raise DataFault(f"window from {start:g} s to {stop:g} s ends before it starts")
