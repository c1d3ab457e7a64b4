"""Recorded speech for the simulated listeners: sounds and a table of what is said when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.datasets.simulate.listening_latents import AUDIO_SFREQ, lexicon_key
from neurodecode.datasets.simulate.listening_story import WORD_COLUMNS, Chapter
from neurodecode.faults import DataFault, nearest
from neurodecode.stimuli.audio import read_audio

TRANSCRIPTS = "transcripts.csv"
_PUNCTUATION = ".,;:!?\"'()-"
_SPELLINGS = {
    "sound": ("file", "sound"),
    "sound_time": ("start_s", "onset", "start", "sound_time"),
    "duration": ("duration_s", "duration"),
    "sentence": ("machine_text", "text", "sentence"),
}


def recorded_chapters(folder: Path) -> list[Chapter]:
    """Read recorded speech: one chapter per audio file named in ``transcripts.csv``.

    The table has the columns file (or sound), start_s (or onset, start, sound_time) and
    duration_s (or duration), in s, and sentence (or text, machine_text). With a column word it
    holds one row per word. Without one, a row is a phrase: the phrase counts as a sentence, and
    its words are spread over it in proportion to their letters, so that their onsets are
    approximate.

    Raises
    ------
    DataFault
        If the table or a column is missing, a time is not a number, or an audio file is missing,
        broken or shorter than its transcript.
    """
    path = folder / TRANSCRIPTS
    if not path.is_file():
        raise DataFault("transcripts of the recorded speech not found", where=str(path))
    table = _read_table(path)
    words = table if "word" in table else _spread_phrases(table)
    words = words.reindex(columns=["sound", *WORD_COLUMNS])
    chapters = []
    for sound, rows in words.groupby("sound", sort=False):
        audio = folder / str(sound)
        read_audio(audio, stop=float((rows["sound_time"] + rows["duration"]).max()))
        samples, _ = read_audio(audio, sfreq=AUDIO_SFREQ)
        spoken = rows.sort_values("sound_time")[list(WORD_COLUMNS)].reset_index(drop=True)
        chapters.append(Chapter(f"{Path(str(sound)).stem}.wav", samples, spoken))
    return chapters


def _read_table(path: Path) -> pd.DataFrame:
    """Read the transcripts under our column names, times as numbers."""
    table = pd.read_csv(path, skipinitialspace=True)
    for name, spellings in _SPELLINGS.items():
        found = [spelling for spelling in spellings if spelling in table]
        if not found:
            guess = next(filter(None, (nearest(s, table.columns) for s in spellings)), None)
            near = f", nearest is '{guess}'" if guess else ""
            raise DataFault(f"no column {' or '.join(spellings)}{near}", where=str(path))
        table = table.rename(columns={found[0]: name})
    for name in ("sound_time", "duration"):
        numbers = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
        bad = np.flatnonzero(~np.isfinite(numbers) | (numbers < 0))
        if len(bad):
            value = table[name].iloc[bad[0]]
            raise DataFault(f"{name} '{value}' is not a time", where=f"{path}, line {bad[0] + 2}")
        table[name] = numbers
    table["sentence"] = [" ".join(str(text).split()) for text in table["sentence"]]
    return table


def _spread_phrases(phrases: pd.DataFrame) -> pd.DataFrame:
    """Give every word of a phrase its share of the phrase's duration, by letters."""
    rows = []
    for phrase in phrases.to_dict("records"):
        words = [word.strip(_PUNCTUATION) for word in phrase["sentence"].split()]
        words = [word for word in words if lexicon_key(word)]
        letters = np.array([len(lexicon_key(word)) for word in words])
        durations = phrase["duration"] * letters / max(1, letters.sum())
        onsets = phrase["sound_time"] + np.cumsum(durations) - durations
        for word, onset, duration in zip(words, onsets, durations, strict=True):
            rows.append({**phrase, "word": word, "sound_time": onset, "duration": duration})
    return pd.DataFrame(rows)
