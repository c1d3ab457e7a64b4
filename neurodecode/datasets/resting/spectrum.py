"""Whether series that are said to be band-passed are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

ABOVE_HZ = 0.11
"""Frequencies that the Athena pass band, 0.009 to 0.08 Hz, leaves nothing of."""
TOLERATED = 0.1
"""Share of the power above that edge with which a series still counts as filtered."""


def power_above(series: NDArray[Any], t_r: float, *, hertz: float = ABOVE_HZ) -> float:
    """Return the share of the power above a frequency, mean over series; 0 where all are flat.

    Parameters
    ----------
    series : ndarray, shape (n_times, n_series)
    t_r : float
        Time between volumes, s.
    hertz : float, default 0.11
        Frequency above which power counts.

    Returns
    -------
    float
        From the periodogram without the mean, 0 to 1.
    """
    power = np.abs(np.fft.rfft(series - series.mean(axis=0), axis=0)) ** 2
    total = power.sum(axis=0)
    high = power[np.fft.rfftfreq(len(series), t_r) > hertz].sum(axis=0)
    return float((high[total > 0] / total[total > 0]).mean()) if np.any(total > 0) else 0.0


def check_band(series: NDArray[Any], t_r: float) -> tuple[str, ...]:
    """Return a note if filtered series have more than 10 % of their power above 0.11 Hz.

    Some files of the Athena release whose name says "filtered" were not; the release "filtfix"
    mends them.
    """
    share = power_above(series, t_r)
    if share <= TOLERATED:
        return ()
    return (
        f"{share:.0%} of the power lies above {ABOVE_HZ:g} Hz, so this filtered file was not "
        "band-passed: take the filtfix release, or filter it",
    )
