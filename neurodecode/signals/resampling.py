"""Resampling that moves nothing in time: output sample k lies at k / rate, to the last one."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from scipy.signal import resample_poly

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST_DENOMINATOR = 10_000


def resample_exactly(signals: NDArray[Any], sfreq: float, target: float) -> NDArray[Any]:
    """Resample by a zero-phase windowed sinc (Kaiser 5.0), edges reflected.

    A Fourier method that pads to a handy length rounds the padding to whole output samples and
    so shifts a recording by up to half of one, 4 ms at 120 Hz, each recording by another amount.

    Parameters
    ----------
    signals : ndarray, shape (n_channels, n_samples)
    sfreq, target : float
        Present and wanted sampling rate in Hz; their ratio is approximated by a fraction with a
        denominator of at most 10000.

    Returns
    -------
    ndarray, shape (n_channels, ceil(n_samples * target / sfreq))
        The same array if the rates agree.
    """
    if sfreq == target:
        return signals
    ratio = (Fraction(target) / Fraction(sfreq)).limit_denominator(LARGEST_DENOMINATOR)
    return resample_poly(signals, ratio.numerator, ratio.denominator, axis=-1, padtype="reflect")
