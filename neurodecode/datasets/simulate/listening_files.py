"""Simulated listeners as a BIDS data set: recordings, events and sounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path, write_json
from neurodecode.datasets.simulate.listening_noise import LINE_HZ
from neurodecode.datasets.simulate.listening_story import Chapter
from neurodecode.datasets.simulate.sphere import electrode_info

Array = NDArray[np.floating[Any]]

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


def recording_path(folder: Path, subject: str) -> Any:
    """Return the ``mne_bids.BIDSPath`` of a simulated listener's recording."""
    import mne_bids

    return mne_bids.BIDSPath(
        root=folder, subject=subject, task=TASK, datatype="eeg", suffix="eeg", extension=".vhdr"
    )


def read_signals(folder: Path, subject: str) -> Array:
    """Read a simulated recording (n_channels, n_samples) in uV."""
    import mne

    path = recording_path(folder, subject).fpath
    raw = mne.io.read_raw_brainvision(path, preload=True, verbose="error")
    signals: Array = raw.get_data() * 1e6
    return signals


def write_recording(
    folder: Path,
    subject: str,
    signals: Array,
    channels: Sequence[str],
    sfreq: float,
    events: pd.DataFrame,
) -> None:
    """Write one BrainVision recording (``signals`` in uV) and its events."""
    import mne
    import mne_bids

    raw = mne.io.RawArray(signals * 1e-6, electrode_info(channels, sfreq), verbose="error")
    raw.info["line_freq"] = LINE_HZ
    path = recording_path(folder, subject)
    mne_bids.write_raw_bids(
        raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose="error"
    )
    target = path.copy().update(suffix="events", extension=".tsv").fpath
    with atomic_path(target) as temporary:
        events.to_csv(temporary, sep="\t", index=False, na_rep="n/a", float_format="%.6f")
    columns = {name: {"Description": text} for name, text in EVENT_COLUMNS.items()}
    write_json(target.with_suffix(".json"), columns)


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
