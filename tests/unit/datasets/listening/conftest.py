"""Small listening data sets, written by the tests in their true layouts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

SENTENCES = {
    "one.wav": ["the cat sat", "it was warm"],
    "two.wav": ["a null result", "nobody minded"],
}
"""Sentences of two sounds; "null" is a word that tables like to read as missing."""


def sine(path, seconds, rate=8000):
    """Write a quiet tone."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    soundfile.write(path, 0.1 * np.sin(2 * np.pi * 220 * time), rate)
    return path


def story_events(start=1.0, sounds=SENTENCES, gap=1.0):
    """Return contract rows: each sound played after the other, words every 0.4 s."""
    rows, onset = [], start
    for sound, sentences in sounds.items():
        rows.append({"onset": onset, "duration": 3.0, "trial_type": "sound", "sound": sound})
        place = 0.2
        for sentence in sentences:
            for word in sentence.split():
                row = {"onset": onset + place, "duration": 0.3, "trial_type": "word"}
                rows.append({**row, "word": word, "sentence": sentence, "sound": sound})
                place += 0.4
        onset += 3.0 + gap
    return pd.DataFrame(rows)


@pytest.fixture
def stories(write_bids, write_events):
    """Return the functions that write small data sets."""
    return {"sine": sine, "events": story_events, "bids": write_bids, "table": write_events}


@pytest.fixture
def bids_set(tmp_path, write_bids):
    """Write two sessions of one subject, with sounds; return root and the events files."""
    root = tmp_path / "my study"
    for sound in SENTENCES:
        sine(root / "stimuli" / sound, 3.0)
    tables = [
        write_bids(root, "01", story_events(1.0 + k), names=["Fz", "Cz", "Pz"], session=session)
        for k, session in enumerate(("a", "b"))
    ]
    return root, tables
