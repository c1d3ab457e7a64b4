"""One channel of sound as an array: checked, standardised, resampled."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import resample_poly

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray


def check_waveform(
    samples: NDArray[Any], sfreq: float, *, shortest: float = 0.0
) -> NDArray[np.float32]:
    """Return ``samples`` as float32 after checking that they are usable sound.

    Parameters
    ----------
    samples : ndarray, shape (n_samples,)
        One channel.
    sfreq : float
        Sampling rate in Hz.
    shortest : float, default=0.0
        Least duration in seconds.

    Raises
    ------
    DataFault
        If it has more than one dimension, is empty or too short, or a value is not finite (with
        the time of the first one).
    """
    samples = np.asarray(samples)
    if samples.ndim != 1:
        raise DataFault(f"sound of shape {samples.shape}", fix="give one channel, (n_samples,)")
    if not sfreq > 0:
        raise DataFault(f"sound with a sampling rate of {sfreq:g} Hz")
    if not len(samples) or len(samples) < shortest * sfreq:
        duration, least = len(samples) / sfreq, max(shortest, 1 / sfreq)
        raise DataFault(f"sound of {duration:.4f} s, at least {least:.4f} s are needed")
    finite = np.isfinite(samples)
    if not finite.all():
        first, count = int(np.argmin(finite)) / sfreq, int((~finite).sum())
        raise DataFault(f"{count} samples of sound are NaN or infinite, the first at {first:.3f} s")
    return samples.astype(np.float32, copy=False)


def standardise(
    samples: NDArray[np.float32], *, ddof: int = 0, eps: float = 1e-8
) -> NDArray[np.float32]:
    r"""Return :math:`(x - \bar x) / (s + \epsilon)`, computed in float64; silence becomes zeros.

    Parameters
    ----------
    samples : ndarray, shape (n_samples,)
    ddof : int, default=0
        1 for the unbiased standard deviation.
    eps : float, default=1e-8
        Added to the standard deviation.
    """
    precise = samples.astype(np.float64)
    spread = precise.std(ddof=ddof) if len(precise) > ddof else 0.0
    return ((precise - precise.mean()) / (spread + eps)).astype(np.float32)


def resample(samples: NDArray[np.float32], sfreq: float, target: float) -> NDArray[np.float32]:
    """Resample with a zero-phase polyphase filter (``scipy.signal.resample_poly``, Kaiser 5.0).

    Parameters
    ----------
    samples : ndarray, shape (n_samples,)
    sfreq, target : float
        Present and wanted sampling rate in Hz; their ratio is approximated by a fraction with a
        denominator of at most 10000, which is exact for audio rates in whole hertz.

    Returns
    -------
    ndarray, shape (ceil(n_samples * target / sfreq),)
        The same array if the rates agree.
    """
    if sfreq == target:
        return samples
    ratio = (Fraction(target) / Fraction(sfreq)).limit_denominator(10_000)
    resampled = resample_poly(samples, ratio.numerator, ratio.denominator)
    return resampled.astype(np.float32, copy=False)
