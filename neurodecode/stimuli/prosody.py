"""When each phoneme of a sentence sounds, and at which pitch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter1d

from neurodecode.faults import ConfigFault, unknown
from neurodecode.stimuli.phonemes import PHONEMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FUNCTION_WORDS = frozenset({"DET", "PRON", "ADP", "CCONJ", "AUX"})
_SHORTEST = 0.025


@dataclass(frozen=True)
class Voice:
    """A speaker.

    Attributes
    ----------
    pitch : float
        Mean fundamental frequency in Hz, 60 to 400.
    tract : float
        Formant frequencies relative to a man's, 0.8 to 1.4.
    rate : float
        Speaking rate relative to about 3 words per second, 0.5 to 2.
    melody : float
        Size of pitch movements relative to normal; 0 is a monotone.
    breath : float
        Amplitude of noise mixed into voiced sound.
    variability : float
        Standard deviation of the logarithm of a phoneme's duration between two utterances.
    """

    pitch: float = 110.0
    tract: float = 1.0
    rate: float = 1.0
    melody: float = 1.0
    breath: float = 0.03
    variability: float = 0.1

    def __post_init__(self) -> None:
        ranges = {"pitch": (60, 400), "tract": (0.8, 1.4), "rate": (0.5, 2), "melody": (0, 3)}
        ranges |= {"breath": (0, 1), "variability": (0, 0.5)}
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise ConfigFault(f"voice with {name} {getattr(self, name)}, not {low} to {high}")


VOICES: Mapping[str, Voice] = {
    "man": Voice(),
    "woman": Voice(pitch=200.0, tract=1.17, breath=0.06),
    "child": Voice(pitch=270.0, tract=1.3, rate=0.9, breath=0.05),
}
"""Speakers by name."""


def find_voice(voice: str | Voice) -> Voice:
    """Return a voice given as such or by name.

    Raises
    ------
    ConfigFault
        If the name is unknown.
    """
    if isinstance(voice, Voice):
        return voice
    if voice not in VOICES:
        raise ConfigFault(unknown("voice", voice, VOICES))
    return VOICES[voice]


def time_phonemes(words: pd.DataFrame, voice: Voice, rng: np.random.Generator) -> pd.DataFrame:
    """Give every phoneme of one sentence its onset and duration in seconds.

    Durations are those of the inventory over the speaking rate, 15 % shorter in function words,
    30 % longer in the last word, times a log-normal variation.

    Returns
    -------
    DataFrame
        One row per phoneme: row (of the word in ``words``, from 0), phoneme, onset, duration.
    """
    rows = []
    for row, (pos, phonemes) in enumerate(zip(words["pos"], words["phonemes"], strict=True)):
        stretch = (0.85 if pos in FUNCTION_WORDS else 1.0) / voice.rate
        stretch *= 1.3 if row == len(words) - 1 else 1.0
        for phoneme in phonemes.split():
            variation = np.exp(voice.variability * rng.standard_normal())
            duration = max(_SHORTEST, PHONEMES[phoneme].duration * stretch * variation)
            rows.append((row, phoneme, duration))
    timed = pd.DataFrame(rows, columns=["row", "phoneme", "duration"])
    timed.insert(2, "onset", timed["duration"].cumsum() - timed["duration"])
    return timed


def pitch_contour(
    timed: pd.DataFrame,
    words: pd.DataFrame,
    voice: Voice,
    times: NDArray[Any],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the fundamental frequency in Hz at ``times`` of one sentence.

    It falls by 25 % from the first to the last phoneme, rises by about 15 % on each content word
    and wanders by 2 %.
    """
    total = timed["onset"].iloc[-1] + timed["duration"].iloc[-1]
    movement = 0.12 - 0.25 * np.clip(times / total, 0, 1)
    spans = timed.groupby("row").agg(onset=("onset", "min"), duration=("duration", "sum"))
    for pos, (onset, duration) in zip(words["pos"], spans.to_numpy(), strict=True):
        if pos not in FUNCTION_WORDS:
            height = 0.15 * (1 + 0.3 * rng.standard_normal())
            centre, width = onset + 0.4 * duration, 0.3 * duration
            movement = movement + height * np.exp(-0.5 * ((times - centre) / width) ** 2)
    wander = gaussian_filter1d(rng.standard_normal(len(times)), 8, mode="nearest")
    movement = movement + 0.02 * wander / max(float(wander.std()), 1e-9)
    contour: NDArray[np.float64] = voice.pitch * np.exp(voice.melody * movement)
    return np.clip(contour, 40.0, 600.0)
