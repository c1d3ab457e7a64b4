"""Pulses and noise through moving formants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.fft import irfft, rfft
from scipy.ndimage import gaussian_filter1d
from scipy.signal import get_window

from neurodecode.stimuli.phonemes import PHONEMES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[Any]

SFREQ = 16_000.0
HOP = 80
"""Samples between two states of the vocal tract: 5 ms."""
_WINDOW = 320  # four hops: Hann windows at a quarter of their length add up to 2
_N_FFT = 1024  # leaves 44 ms for the ringing of the formants
_BANDWIDTHS = (70.0, 90.0, 140.0)
_UPPER_FORMANTS = ((3500.0, 250.0), (4500.0, 350.0))  # a man's frequency and bandwidth, Hz
_FORMANT_GLIDE, _AMPLITUDE_GLIDE = 3.0, 0.8  # frames, standard deviation of the smoothing


class Tracks(NamedTuple):
    """State of source and tract per frame of 5 ms.

    Attributes
    ----------
    formants : ndarray, shape (n_frames, 3)
        Hz.
    voicing, aspiration, frication : ndarray, shape (n_frames,)
        Amplitudes.
    band : ndarray, shape (n_frames, 2)
        Centre and width of the frication noise in Hz.
    tract : float
        Factor on the fixed upper formants.
    """

    formants: Array
    voicing: Array
    aspiration: Array
    frication: Array
    band: Array
    tract: float


def phoneme_tracks(timed: pd.DataFrame, *, tract: float, breath: float) -> Tracks:
    """Lay the phonemes' targets on frames and let them glide into each other.

    Parameters
    ----------
    timed : DataFrame
        Columns phoneme, onset and duration in seconds, consecutive from 0.
    tract : float
        Factor on all formants.
    breath : float
        Aspiration in voiced frames, relative to voicing.
    """
    total = timed["onset"].iloc[-1] + timed["duration"].iloc[-1]
    n_frames = int(np.ceil(total * SFREQ / HOP)) + _WINDOW // HOP
    starts, targets = [], []
    for name, onset, duration in zip(
        timed["phoneme"], timed["onset"], timed["duration"], strict=True
    ):
        for segment in PHONEMES[name].segments:
            starts.append(onset)
            onset += segment.share * duration
            amplitudes = (segment.voicing, segment.aspiration, segment.frication)
            targets.append((*segment.formants, *amplitudes, *segment.band))
    starts.append(total)
    targets.append((*targets[-1][:3], 0.0, 0.0, 0.0, *targets[-1][6:]))  # fade out
    times = (np.arange(n_frames) + 0.5) * HOP / SFREQ
    states = np.array(targets)[np.searchsorted(starts, times, side="right") - 1]
    formants = gaussian_filter1d(states[:, :3] * tract, _FORMANT_GLIDE, axis=0, mode="nearest")
    amplitudes = gaussian_filter1d(states[:, 3:6], _AMPLITUDE_GLIDE, axis=0, mode="nearest")
    voicing, aspiration, frication = amplitudes.T
    breathy = aspiration + breath * voicing
    return Tracks(formants, voicing, breathy, frication, states[:, 6:], tract)


def render(tracks: Tracks, pitch: Array, rng: np.random.Generator) -> NDArray[np.float32]:
    r"""Turn tracks into sound, frame by frame in the frequency domain.

    Frame :math:`i` is :math:`(v_i P_i + a_i N_i) H_i G + f_i N_i B_i`, with :math:`P` and
    :math:`N` the windowed spectra of pulses and noise, :math:`H` the cascade of five formants,
    :math:`G` the glottal slope, :math:`B` a Gaussian band; :math:`HG` and :math:`B` have unit
    power, so that the amplitudes mean the same for every phoneme. Frames are overlapped and added.

    Parameters
    ----------
    pitch : ndarray, shape (n_frames,)
        Fundamental frequency in Hz.

    Returns
    -------
    ndarray of float32, shape (n_frames * 80,)
    """
    n_frames = len(pitch)
    n_samples = (n_frames - 1) * HOP + _WINDOW
    pulses = _pulses(np.interp(np.arange(n_samples) / HOP, np.arange(n_frames), pitch))
    noise = rng.standard_normal(n_samples, dtype=np.float32)
    tract = _formant_response(tracks.formants, tracks.tract)
    band = _band_response(tracks.band)
    hiss = _spectra(noise)
    spectrum = _spectra(pulses) * tracks.voicing[:, None] + hiss * tracks.aspiration[:, None]
    spectrum = spectrum * tract + hiss * band * tracks.frication[:, None]
    frames = irfft(spectrum, _N_FFT, axis=1).astype(np.float32)
    return _overlap_add(frames)[: n_frames * HOP]


def _pulses(pitch: Array) -> NDArray[np.float32]:
    """Return unit-power pulses, each split between the two samples around its instant."""
    phase = np.cumsum(pitch / SFREQ)
    at = np.flatnonzero(np.diff(np.floor(phase)) > 0) + 1
    late = (phase[at] - np.floor(phase[at])) * SFREQ / pitch[at]  # samples since the instant
    height = np.sqrt(SFREQ / pitch[at])
    pulses = np.zeros(len(pitch), dtype=np.float32)
    pulses[at] += height * (1 - late)
    pulses[at - 1] += height * late
    return pulses


def _spectra(samples: Array) -> Array:
    frames = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::HOP]
    window = (get_window("hann", _WINDOW) / 2).astype(np.float32)
    return rfft(frames * window, _N_FFT, axis=1)


def _formant_response(formants: Array, upper: float) -> Array:
    """Return cascade and glottal slope, unit power per frame (n_frames, n_bins)."""
    f = np.fft.rfftfreq(_N_FFT, 1 / SFREQ).astype(np.float32)
    slope = f / np.sqrt(f**2 + 60**2) / np.sqrt(1 + (f / 200) ** 2)
    response = slope.astype(np.complex64)
    for centre, width in _UPPER_FORMANTS:
        response = response * _resonance(f, upper * centre, width)
    response = np.tile(response, (len(formants), 1))
    for index, width in enumerate(_BANDWIDTHS):
        response *= _resonance(f, formants[:, index, None].astype(np.float32), width)
    return response / np.sqrt((np.abs(response) ** 2).mean(axis=1, keepdims=True))


def _resonance(f: Array, centre: Any, width: float) -> Array:
    return (centre**2 / (centre**2 - f**2 + 1j * width * f)).astype(np.complex64)


def _band_response(band: Array) -> Array:
    f = np.fft.rfftfreq(_N_FFT, 1 / SFREQ).astype(np.float32)
    shape = np.exp(-0.5 * ((f - band[:, :1]) / band[:, 1:]) ** 2)
    return (shape / np.sqrt((shape**2).mean(axis=1, keepdims=True))).astype(np.float32)


def _overlap_add(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    n_frames, length = frames.shape
    n_parts = -(-length // HOP)
    parts = np.pad(frames, ((0, 0), (0, n_parts * HOP - length))).reshape(n_frames, n_parts, HOP)
    total = np.zeros((n_frames + n_parts, HOP), dtype=np.float32)
    for part in range(n_parts):
        total[part : part + n_frames] += parts[:, part]
    return total.reshape(-1)
