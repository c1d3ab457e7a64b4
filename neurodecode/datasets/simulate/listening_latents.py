"""What the simulated brain follows in a sound: its envelopes, and a vector for every word."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.stimuli.envelope import Envelope
from neurodecode.stimuli.mel import MelSpectrogram
from neurodecode.stimuli.waveform import resample, standardise

Array = NDArray[np.floating[Any]]

AUDIO_SFREQ = 16_000
N_BANDS, N_LEXICAL = 4, 6
ACOUSTIC = ("envelope", "onset", *(f"band_{band}" for band in range(N_BANDS)))
COMPRESSION = 0.3  # exponent on power: amplitude ** 0.6, as in the envelope


def acoustic_latents(samples: NDArray[np.float32], sfreq: float) -> Array:
    """Envelope, onsets and band envelopes of a sound.

    Parameters
    ----------
    samples : ndarray, shape (n_samples,)
        At 16 kHz.
    sfreq : float
        Rate of the latents, Hz.

    Returns
    -------
    ndarray, shape (6, floor(duration * sfreq))
        Rows as in ``ACOUSTIC``: the two of :class:`neurodecode.stimuli.envelope.Envelope`, and the
        power in four triangular Mel bands to the power 0.3, interpolated linearly.
    """
    latents, times = Envelope(frame_rate=sfreq).encode(samples, AUDIO_SFREQ)
    mel = MelSpectrogram(n_mels=N_BANDS)
    bands = mel.power(resample(standardise(samples), AUDIO_SFREQ, AUDIO_SFREQ)) ** COMPRESSION
    frames = np.arange(bands.shape[1]) / mel.frame_rate
    rows = [np.interp(times, frames, band) for band in bands]
    return np.vstack([latents, rows]).astype(np.float64)


def lexicon_key(word: str) -> str:
    """Return the lexicon entry of a spoken word: letters and apostrophes in lower case."""
    return "".join(letter for letter in word.lower() if letter.isalnum() or letter == "'")


def word_vector(word: str, random_state: int) -> Array:
    """Return the latent vector (6,) of a lexicon entry: N(0, 1), the same in every context."""
    digest = hashlib.sha256(lexicon_key(word).encode()).digest()
    rng = np.random.default_rng([random_state, int.from_bytes(digest[:8], "big")])
    vector: Array = rng.standard_normal(N_LEXICAL)
    return vector


def lexical_latents(words: pd.DataFrame, n_samples: int, sfreq: float, random_state: int) -> Array:
    """Return impulses at the words' onsets, each with its entry's vector.

    Parameters
    ----------
    words : DataFrame
        With ``word`` and ``sound_time`` (s); onsets go to the nearest sample.

    Returns
    -------
    ndarray, shape (6, n_samples)
    """
    latents = np.zeros((N_LEXICAL, n_samples))
    at = np.rint(words["sound_time"].to_numpy(float) * sfreq).astype(int)
    for sample, word in zip(at, words["word"], strict=True):
        if 0 <= sample < n_samples:
            latents[:, sample] += word_vector(word, random_state)
    return latents
