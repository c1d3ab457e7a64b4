r"""Noise of the simulated recordings: 1/f background with a known inverse, mains line, pops.

The background is :math:`n = L\,e`, with :math:`L L^\top = \Sigma` the covariance of the channels
and every row of :math:`e` an autoregressive process of unit variance. Its coefficients are those
of Kasdin's autoregressive form of :math:`1/f^\alpha` noise,

.. math:: a_0 = 1, \qquad a_k = \Big(k - 1 - \frac{\alpha}{2}\Big) \frac{a_{k-1}}{k},

cut after ``ORDER`` terms, so that the spectrum is flat below about ``sfreq / (2 pi ORDER)``. For
:math:`0 < \alpha < 2` all :math:`a_k, k \ge 1` are negative and sum to more than -1, hence the cut
process is stationary, and :math:`(U \otimes W)` with :math:`U = L^{-1}` and :math:`W` the inverse
Cholesky factor of its autocovariance whitens any window exactly. An alpha rhythm of a few sources,
where there is one, is an autoregressive process of order 2.

References
----------
Kasdin 1995, Proceedings of the IEEE 83, 802-827, autoregressive form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular, toeplitz
from scipy.signal import lfilter

Array = NDArray[np.floating[Any]]

EXPONENT = 1.0  # of 1/f
ORDER = 64
NOISE_UV = 10.0  # of the background, root mean square over channels
ALPHA_WIDTH_HZ = 1.5
LINE_HZ, LINE_UV = 50.0, 4.0
POP_UV = (1e3, 1e4)  # least and largest
_BURN_IN = 30 * ORDER  # samples until the process has forgotten its start
_GRID = 2**15  # frequencies of the spectrum; many times the memory of the process


def pink_coefficients(alpha: float = EXPONENT, order: int = ORDER) -> Array:
    """Return the AR polynomial (order + 1,) of 1/f^alpha noise, ``0 < alpha < 2``."""
    steps = np.arange(1, order + 1)
    coefficients: Array = np.cumprod(np.concatenate([[1.0], (steps - 1 - alpha / 2) / steps]))
    return coefficients


def autocovariance(coefficients: Array, n_lags: int) -> tuple[Array, float]:
    """Autocovariance of the AR process scaled to unit variance.

    Returns
    -------
    covariance : ndarray, shape (n_lags,)
        Beginning with 1.
    innovation : float
        Standard deviation of the white noise that drives it.
    """
    power = 1 / np.abs(np.fft.rfft(coefficients, _GRID)) ** 2
    unscaled = np.fft.irfft(power)[:n_lags]
    return unscaled / unscaled[0], float(1 / np.sqrt(unscaled[0]))


def draw_background(
    coefficients: Array, covariance: Array, n_samples: int, rng: np.random.Generator
) -> Array:
    """Draw stationary background noise (n_channels, n_samples) with this channel covariance."""
    processes = draw_processes(coefficients, len(covariance), n_samples, rng)
    coloured: Array = cholesky(covariance, lower=True) @ processes
    return coloured


def draw_processes(
    coefficients: Array, n_processes: int, n_samples: int, rng: np.random.Generator
) -> Array:
    """Draw independent AR processes (n_processes, n_samples) of unit variance."""
    _, innovation = autocovariance(coefficients, 1)
    white = rng.standard_normal((n_processes, _BURN_IN + n_samples))
    processes: Array = lfilter([innovation], coefficients, white, axis=-1)[:, _BURN_IN:]
    return processes


def alpha_coefficients(peak_hz: float, sfreq: float) -> Array:
    """Return the AR polynomial (3,) of a rhythm with a peak of ``ALPHA_WIDTH_HZ`` at half power."""
    return rhythm_coefficients(peak_hz, ALPHA_WIDTH_HZ, sfreq)


def rhythm_coefficients(peak_hz: float, width_hz: float, sfreq: float) -> Array:
    """Return the AR polynomial (3,) of a rhythm whose peak has this width at half power, Hz."""
    radius = np.exp(-np.pi * width_hz / sfreq)
    return np.array([1.0, -2 * radius * np.cos(2 * np.pi * peak_hz / sfreq), radius**2])


def draw_line(n_channels: int, n_samples: int, sfreq: float, rng: np.random.Generator) -> Array:
    """Draw a mains line (n_channels, n_samples) in uV, its amplitude and phase by channel."""
    line: Array = LINE_UV * rng.standard_normal((n_channels, 2)) @ line_waves(n_samples, sfreq)
    return line


def time_whitener(
    coefficients: Array, n_samples: int, *, rhythm: Array | None = None, power: float = 0.0
) -> Array:
    """Return :math:`W` (n_samples, n_samples): rows of a window times ``W.T`` become white.

    Parameters
    ----------
    coefficients : ndarray, shape (order + 1,)
        AR polynomial of the background, of unit variance.
    rhythm : ndarray, shape (3,), default None
        That of a rhythm in the same row.
    power : float, default=0.0
        Variance of the rhythm.
    """
    covariance, _ = autocovariance(coefficients, n_samples)
    if rhythm is not None:
        covariance = covariance + power * autocovariance(rhythm, n_samples)[0]
    factor = cholesky(toeplitz(covariance), lower=True)
    whitener: Array = solve_triangular(factor, np.eye(n_samples), lower=True)
    return whitener


def line_waves(n_samples: int, sfreq: float) -> Array:
    """Return cosine and sine of the mains line, shape (2, n_samples)."""
    phase = 2 * np.pi * LINE_HZ * np.arange(n_samples) / sfreq
    return np.stack([np.cos(phase), np.sin(phase)])


def without_line(whitener: Array, sfreq: float) -> Array:
    """Return ``whitener`` followed by the projection away from the whitened line.

    The line's amplitude and phase, unknown in every channel, are thereby fitted to each window by
    generalised least squares.
    """
    basis = np.linalg.qr(whitener @ line_waves(len(whitener), sfreq).T)[0]
    projected: Array = whitener - basis @ (basis.T @ whitener)
    return projected


def draw_pops(
    channels: Sequence[str],
    duration: float,
    *,
    per_minute: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Draw electrode pops of 1 to 10 mV, log-uniform, of either sign: where, when, how large.

    Parameters
    ----------
    duration : float
        Of the recording, s.
    per_minute : float
        Mean rate over all channels (Poisson).

    Returns
    -------
    DataFrame
        Columns channel, onset (s), amplitude (uV), decay (s).
    """
    count = int(rng.poisson(per_minute * duration / 60))
    sizes = np.exp(rng.uniform(np.log(POP_UV[0]), np.log(POP_UV[1]), size=count))
    return pd.DataFrame(
        {
            "channel": rng.choice(np.array(channels), size=count),
            "onset": np.sort(rng.uniform(0, duration, size=count)),
            "amplitude": sizes * rng.choice([-1.0, 1.0], size=count),
            "decay": rng.uniform(0.05, 0.3, size=count),
        }
    )


def render_pops(pops: pd.DataFrame, channels: Sequence[str], n_samples: int, sfreq: float) -> Array:
    """Return the pops' signal (n_channels, n_samples) in uV: a jump, then exponential decay."""
    signal = np.zeros((len(channels), n_samples))
    rows = {name: row for row, name in enumerate(channels)}
    shapes = pops[["onset", "amplitude", "decay"]].to_numpy(float)
    for channel, (onset, amplitude, decay) in zip(pops["channel"], shapes, strict=True):
        if channel in rows:
            start = int(np.ceil(onset * sfreq))
            stop = min(n_samples, start + int(12 * decay * sfreq))
            elapsed = np.arange(start, stop) / sfreq - onset
            signal[rows[channel], start:stop] += amplitude * np.exp(-elapsed / decay)
    return signal
