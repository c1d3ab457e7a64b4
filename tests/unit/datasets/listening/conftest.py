"""Small listening data sets, written by the tests in their true layouts."""

from __future__ import annotations

from pathlib import Path

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


def write_bids(root, subject, events, *, names, kind="eeg", positions=True, **entities):
    """Write one recording of 12 s at 100 Hz (BrainVision, or FIF for MEG) and its events."""
    import mne
    import mne_bids

    rng = np.random.default_rng(0)
    info = mne.create_info(list(names), 100.0, "eeg" if kind == "eeg" else "mag")
    info["line_freq"] = 50
    scale = 1e-5 if kind == "eeg" else 1e-12
    raw = mne.io.RawArray(rng.standard_normal((len(names), 1200)) * scale, info, verbose="ERROR")
    if positions and kind == "eeg":
        raw.set_montage("easycap-M1", verbose="ERROR")
    path = mne_bids.BIDSPath(
        subject=subject, datatype=kind, root=root, **{"task": "listening", **entities}
    )
    mne_bids.write_raw_bids(
        raw, path, format="BrainVision" if kind == "eeg" else "FIF", allow_preload=True,
        overwrite=True, verbose="ERROR",
    )  # fmt: skip
    table = path.copy().update(suffix="events", extension=".tsv")
    write_events(Path(table.fpath), events)
    return Path(table.fpath)


def write_events(path, events):
    events.to_csv(path, sep="\t", index=False, na_rep="n/a")


@pytest.fixture
def stories():
    """Return the functions that write small data sets."""
    return {"sine": sine, "events": story_events, "bids": write_bids, "table": write_events}


@pytest.fixture
def bids_set(tmp_path):
    """Write two sessions of one subject, with sounds; return root and the events files."""
    root = tmp_path / "my study"
    for sound in SENTENCES:
        sine(root / "stimuli" / sound, 3.0)
    tables = [
        write_bids(root, "01", story_events(1.0 + k), names=["Fz", "Cz", "Pz"], session=session)
        for k, session in enumerate(("a", "b"))
    ]
    return root, tables
