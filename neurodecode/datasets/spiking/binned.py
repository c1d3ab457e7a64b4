"""Binned counts as spikes, for recordings that were published as matrices of counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray


def spikes_of_bins(
    counts: NDArray[Any], bin_seconds: float, *, start: float = 0.0, where: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return spikes in the middle of the bins that counted them.

    Parameters
    ----------
    counts : ndarray, shape (n_units, n_bins)
        Whole numbers, also as float; a count of k gives k spikes at one time.
    bin_seconds : float
        Width of a bin.
    start : float, default=0.0
        Where the first bin begins, s.
    where : str
        File, for messages.

    Returns
    -------
    times, units : ndarray, shape (n_spikes,)
        By time, in one bin by unit.

    Raises
    ------
    DataFault
        If the matrix is not two-dimensional, or an entry is negative or not whole, naming unit
        and bin.
    """
    if counts.ndim != 2 or counts.dtype.kind not in "biuf":
        what = f"counts of shape {counts.shape} and type {counts.dtype}"
        raise DataFault(what, where=where, fix="units x bins of whole numbers are wanted")
    wrong = ~(np.isfinite(counts) & (counts >= 0) & (counts == np.floor(counts)))
    if wrong.any():
        unit, place = (int(index) for index in np.argwhere(wrong)[0])
        raise DataFault(
            f"unit {unit}, bin {place}: {counts[unit, place]} is no count ({wrong.sum()} such)",
            where=where,
            fix="give spike counts; of deconvolved calcium keep the events above a threshold",
        )
    bins, rows = np.nonzero(counts.T)
    repeats = counts[rows, bins].astype(np.int64)
    times = start + (np.repeat(bins, repeats) + 0.5) * bin_seconds
    return times.astype(np.float64), np.repeat(rows, repeats).astype(np.int64)
