"""Logarithmic Mel spectrogram: the engineered speech target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.fft import rfft
from scipy.signal import get_window

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.waveform import check_waveform, resample, standardise

if TYPE_CHECKING:
    from numpy.typing import NDArray

SFREQ = 16_000.0
_BLOCK = 4096  # frames transformed at once, so that an hour of sound needs no large array


class MelSpectrogram:
    r"""Log Mel power spectrogram of the standardised waveform.

    .. math:: Y_{b,t} = \log_{10}\Big(\epsilon + \sum_k M_{b,k} |X_{k,t}|^2 / \sum_n w_n^2\Big)

    with :math:`X` the short-time Fourier transform of the chunk (mean 0, unbiased standard
    deviation 1, then resampled to 16 kHz) under a periodic Hann window :math:`w`, frames centred
    on multiples of the hop, edges reflected; :math:`M` triangles of height 1 between points
    equally spaced on the HTK Mel scale. The division by the energy of the window is what
    torchaudio calls ``normalized=True``.

    Parameters
    ----------
    n_mels : int, default=120
        Bands; 20, 40, 80 and 120 were compared in the source. With 120 bands and 512 points the
        first band ends below the first bin (31.25 Hz) and holds none, so that it is constant at
        log10(floor); :meth:`empty_bands` tells for other sizes.
    n_fft : int, default=512
        Points of the transform and of the window: 32 ms.
    hop : int, default=128
        Samples between frames: 8 ms, 125 frames per second.
    floor : float, default=1e-5
        Added before the logarithm.

    References
    ----------
    Defossez et al. 2023, Nature Machine Intelligence 5, 1097-1107, Mel baselines.
    """

    def __init__(
        self, n_mels: int = 120, n_fft: int = 512, hop: int = 128, floor: float = 1e-5
    ) -> None:
        if n_mels < 1 or n_fft < 2 or n_fft % 2 or hop < 1 or not floor > 0:
            raise ConfigFault(
                f"Mel spectrogram with {n_mels} bands, {n_fft} points, hop {hop}, floor {floor:g}",
                fix="all must be positive, and the points even",
            )
        self.n_mels, self.n_fft, self.hop, self.floor = n_mels, n_fft, hop, floor

    @property
    def n_features(self) -> int:
        """Number of bands."""
        return self.n_mels

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return SFREQ / self.hop

    @property
    def default(self) -> float:
        """Value of silence: log10(floor)."""
        return float(np.log10(self.floor))

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        sizes = {"n_mels": self.n_mels, "n_fft": self.n_fft, "hop": self.hop}
        return {"encoder": "mel", **sizes, "floor": self.floor}

    def empty_bands(self) -> NDArray[np.intp]:
        """Return the bands that no frequency bin falls into."""
        return np.flatnonzero(~mel_filters(self.n_mels, self.n_fft, SFREQ).any(axis=1))

    def encode(
        self, samples: NDArray[Any], sfreq: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the spectrogram (n_mels, 1 + n_samples // hop) and frame times in seconds.

        Raises
        ------
        DataFault
            If the sound is not usable, or not longer than half a window (16 ms).
        """
        shortest = (self.n_fft // 2 + 1) / SFREQ
        samples = check_waveform(samples, sfreq, shortest=shortest)
        # Standardised before resampling, as in the source.
        power = self.power(resample(standardise(samples, ddof=1), sfreq, SFREQ))
        logarithm: NDArray[np.float32] = np.log10(power + np.float32(self.floor))
        return logarithm, np.arange(power.shape[1], dtype=np.float64) * (self.hop / SFREQ)

    def power(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the Mel power (n_mels, 1 + n_samples // hop) of sound at 16 kHz."""
        padded = np.pad(samples, self.n_fft // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.n_fft)[:: self.hop]
        window = get_window("hann", self.n_fft)
        window = (window / np.sqrt((window**2).sum())).astype(np.float32)
        filters = mel_filters(self.n_mels, self.n_fft, SFREQ).astype(np.float32)
        mel = np.empty((self.n_mels, len(frames)), dtype=np.float32)
        for start in range(0, len(frames), _BLOCK):
            spectrum = rfft(frames[start : start + _BLOCK] * window)
            squared = spectrum.real**2 + spectrum.imag**2
            mel[:, start : start + _BLOCK] = filters @ squared.T
        return mel


def mel_filters(n_mels: int, n_fft: int, sfreq: float) -> NDArray[np.float64]:
    r"""Triangles of height 1, equally spaced from 0 to Nyquist on the HTK Mel scale.

    :math:`m = 2595 \log_{10}(1 + f / 700)`; band :math:`b` rises from point :math:`b` to
    :math:`b + 1` and falls to :math:`b + 2`, linearly in hertz.

    Returns
    -------
    ndarray, shape (n_mels, n_fft // 2 + 1)

    References
    ----------
    Young et al. 2006, The HTK Book, section 5.4.
    """
    frequencies = np.linspace(0, sfreq / 2, n_fft // 2 + 1)
    top = 2595 * np.log10(1 + sfreq / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, n_mels + 2) / 2595) - 1)
    widths = np.diff(edges)
    distance = edges[:, None] - frequencies
    rising = -distance[:-2] / widths[:-1, None]
    falling = distance[2:] / widths[1:, None]
    return np.clip(np.minimum(rising, falling), 0, None)
