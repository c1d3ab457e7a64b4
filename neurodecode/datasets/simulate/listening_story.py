"""The story that all simulated listeners hear: chapters of sound, and the words in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.io import wavfile

from neurodecode.artefacts import atomic_path
from neurodecode.datasets.simulate.listening_latents import AUDIO_SFREQ

SENTENCES_PER_CHAPTER = 30  # about a minute and a half
WORD_COLUMNS = ("sound_time", "duration", "word", "sentence", "part_of_speech", "phonemes")


@dataclass(frozen=True)
class Chapter:
    """One sound file: its name, its samples at 16 kHz, and one row per spoken word.

    ``words`` has the columns ``WORD_COLUMNS``; times in s within the sound.
    """

    sound: str
    samples: NDArray[np.float32]
    words: pd.DataFrame

    @property
    def duration(self) -> float:
        """Length of the sound, s."""
        return len(self.samples) / AUDIO_SFREQ


def synthetic_chapters(n_sentences: int, random_state: int) -> list[Chapter]:
    """Tell a synthetic story in one voice; sentences go to chapters of about equal number."""
    from neurodecode.stimuli.grammar import story

    if n_sentences == 0:
        return []
    sentences = np.array(story(n_sentences, random_state=random_state).sentences)
    parts = np.array_split(sentences, int(np.ceil(n_sentences / SENTENCES_PER_CHAPTER)))
    return [
        _say(f"chapter-{number:02d}.wav", part.tolist(), random_state + number)
        for number, part in enumerate(parts, start=1)
    ]


def _say(sound: str, sentences: list[str], random_state: int) -> Chapter:
    from neurodecode.stimuli.synthetic import synthesise_speech

    text = " ".join(f"{sentence}." for sentence in sentences)
    samples, _, words = synthesise_speech(text, random_state=random_state)
    words = words.rename(columns={"onset": "sound_time", "pos": "part_of_speech"})
    return Chapter(sound, samples, words[list(WORD_COLUMNS)])


def write_sound(folder: Path, chapter: Chapter) -> None:
    """Write a chapter as 16-bit WAV at 16 kHz."""
    with atomic_path(folder / chapter.sound) as path, path.open("wb") as file:
        whole: NDArray[Any] = np.rint(np.clip(chapter.samples, -1, 1) * 32767)
        wavfile.write(file, AUDIO_SFREQ, whole.astype(np.int16))
