"""Spike counts of windows: what the rivals see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from neurodecode.datasets.spiking.recording import Series, SpikeSession

SLACK_S = 1e-9
"""Rounding of sums of times."""


def window_counts(
    session: SpikeSession, starts: NDArray[np.float64], seconds: float, *, n_bins: int = 1
) -> NDArray[np.float64]:
    """Count the spikes of every unit in windows, which may overlap.

    Parameters
    ----------
    session : SpikeSession
    starts : ndarray, shape (n_windows,)
        Beginnings of the windows, s, in any order.
    seconds : float
        Length of a window.
    n_bins : int, default=1
        Bins of equal width in a window.

    Returns
    -------
    ndarray of float64, shape (n_windows, n_bins, n_units)

    Raises
    ------
    ConfigFault
        If the length is not above 0 or there is no bin.
    """
    if not seconds > 0 or n_bins < 1:
        raise ConfigFault(f"windows of {seconds:g} s in {n_bins} bins", fix="give more than 0")
    starts = np.asarray(starts, dtype=np.float64)
    first = np.searchsorted(session.times, starts, side="left")
    last = np.searchsorted(session.times, starts + seconds, side="left")
    number = last - first
    window = np.repeat(np.arange(len(starts)), number)
    spike = np.repeat(first - np.cumsum(number) + number, number) + np.arange(number.sum())
    inside = (session.times[spike] - starts[window]) / seconds * n_bins
    place = np.clip(inside.astype(np.int64), 0, n_bins - 1)
    shape = (len(starts), n_bins, session.n_units)
    flat = np.ravel_multi_index((window, place, session.units[spike]), shape)
    return np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)


def last_values(series: Series, starts: NDArray[np.float64], stops: NDArray[np.float64]) -> Any:
    """Return the last sample in each window ``[start, stop)``, NaN where there is none.

    This is Neuroformer's target; classes come back as float, too. Samples often stand on the
    edges of windows, so a nanosecond of rounding is allowed for, as in ``SpikeWindows``.

    Parameters
    ----------
    series : Series
        A behaviour variable.
    starts, stops : ndarray, shape (n_windows,)
        In s.

    Returns
    -------
    ndarray of float64, shape (n_windows,)
    """
    place = np.searchsorted(series.times, stops - SLACK_S, side="left") - 1
    found = (place >= 0) & (series.times[np.maximum(place, 0)] >= starts - SLACK_S)
    return np.where(found, series.values[np.maximum(place, 0)].astype(float), np.nan)
