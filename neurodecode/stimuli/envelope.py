"""Envelope of sound and its rises: the smallest description that still drives the brain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.fft import next_fast_len
from scipy.signal import hilbert

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.waveform import check_waveform, resample, standardise

if TYPE_CHECKING:
    from numpy.typing import NDArray

SFREQ = 16_000.0


class Envelope:
    r"""Broadband envelope and onsets, two features per frame.

    Row 0 is the envelope: the mean over frame :math:`t` of :math:`|x + i\,\mathcal H x|^p`, with
    :math:`x` the chunk at mean 0 and standard deviation 1 and :math:`\mathcal H` the Hilbert
    transform; the power law stands for the compression in the cochlea. Row 1 is the onset: the
    envelope's increase per second, decreases set to 0; the first frame has none.

    Parameters
    ----------
    frame_rate : float, default=120.0
        Frames per second, at most 16000; frame :math:`t` averages the sound from
        :math:`t / rate` to :math:`(t + 1) / rate`.
    exponent : float, default=0.6
        :math:`p`, above 0.

    References
    ----------
    .. [1] Biesmans et al. 2017, IEEE Trans. Neural Syst. Rehabil. Eng. 25, 402-412: power law
       of 0.6 on the envelope.
    .. [2] Di Liberto et al. 2015, Current Biology 25, 2457-2465: envelope as regressor of EEG.
    """

    n_features = 2
    default = 0.0

    def __init__(self, frame_rate: float = 120.0, exponent: float = 0.6) -> None:
        if not 0 < frame_rate <= SFREQ or not exponent > 0:
            raise ConfigFault(
                f"envelope at {frame_rate:g} Hz with exponent {exponent:g}",
                fix=f"a rate up to {SFREQ:g} Hz and an exponent above 0",
            )
        self.frame_rate, self.exponent = float(frame_rate), float(exponent)

    def settings(self) -> dict[str, Any]:
        """Return what changes the output."""
        return {"encoder": "envelope", "frame_rate": self.frame_rate, "exponent": self.exponent}

    def encode(
        self, samples: NDArray[Any], sfreq: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return envelope and onset (2, floor(duration * frame_rate)) and frame centres in s.

        Raises
        ------
        DataFault
            If the sound is not usable, or shorter than a frame.
        """
        samples = check_waveform(samples, sfreq, shortest=1 / self.frame_rate)
        samples = resample(standardise(samples), sfreq, SFREQ)
        n_samples = len(samples)
        analytic = hilbert(samples, next_fast_len(n_samples))[:n_samples]
        envelope = _frame_means(np.abs(analytic) ** self.exponent, SFREQ / self.frame_rate)
        onset = np.clip(np.diff(envelope, prepend=envelope[:1]) * self.frame_rate, 0, None)
        times = (np.arange(len(envelope), dtype=np.float64) + 0.5) / self.frame_rate
        return np.stack([envelope, onset]).astype(np.float32), times


def _frame_means(values: NDArray[Any], samples_per_frame: float) -> NDArray[np.float64]:
    """Average consecutive frames of about equal length; what is left at the end is dropped."""
    n_frames = max(1, int(len(values) / samples_per_frame + 1e-6))
    edges = np.rint(np.arange(n_frames + 1) * samples_per_frame).astype(int)
    edges[-1] = min(edges[-1], len(values))
    sums = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    means: NDArray[np.float64] = np.diff(sums[edges]) / np.diff(edges)
    return means
