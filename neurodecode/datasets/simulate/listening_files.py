"""Simulated listeners as a BIDS data set: where recordings and sounds lie, and the events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from neurodecode.datasets.simulate.listening_story import Chapter
from neurodecode.datasets.simulate.recording_files import recording_path

TASK = "listening"
AUDIO = "stimuli"
EVENT_COLUMNS = {
    "trial_type": "sound: playback of a sound begins; word: a spoken word begins",
    "word": "The word",
    "sentence": "Full text of the sentence it belongs to",
    "sound": "Sound file, below stimuli/",
    "sound_time": "Onset within the sound file, s",
    "part_of_speech": "Word class",
    "phonemes": "Phonemes of the word, separated by spaces",
}


def listening_path(folder: Path, subject: str) -> Any:
    """Return the ``mne_bids.BIDSPath`` of a simulated listener's recording."""
    return recording_path(folder, subject, TASK)


def story_events(chapters: Sequence[Chapter], onsets: dict[str, int], sfreq: float) -> pd.DataFrame:
    """Return the events of a recording: a row per sound, and a row per word, by onset."""
    tables = []
    for chapter in chapters:
        start = onsets[chapter.sound] / sfreq
        sound = {"duration": chapter.duration, "trial_type": "sound", "sound_time": 0.0}
        words = chapter.words.assign(trial_type="word")
        rows = pd.concat([pd.DataFrame([sound]), words], ignore_index=True)
        tables.append(rows.assign(sound=chapter.sound, onset=start + rows["sound_time"]))
    order = ["onset", "duration", *EVENT_COLUMNS]
    return pd.concat(tables, ignore_index=True)[order]
