"""Calcium imaging of a zebra finch's HVC while it sings (Mackevicius et al. 2019, seqNMF).

``MackeviciusData.mat`` holds ``NEURAL`` (75 cells x 666 frames at 30 Hz, deconvolved), ``SONG``
(spectrogram, 141 frequencies x 4440 columns at 200 Hz) and the two rates.

Deconvolved activity is no spike train. An event is a frame whose value exceeds ``threshold``, one
per cell and frame, at the middle of the frame: with the threshold 0 these are the events that
Williams et al. (2020) published of the same recording (3336 in 74 cells).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.datasets.matlab import read_matlab
from neurodecode.datasets.spiking.binned import spikes_of_bins
from neurodecode.datasets.spiking.recording import Series, SilentUnits, SpikeSession, make_session
from neurodecode.faults import ConfigFault, DataFault

FILE = "MackeviciusData.mat"
SUBJECT = "1"
KEYS = ("NEURAL", "SONG", "VIDEOfs", "SONGfs")


def read_recordings(
    root: Path,
    subject: str,
    *,
    threshold: float = 0.0,
    onsets_only: bool = False,
    silent_units: SilentUnits = "drop",
) -> list[SpikeSession]:
    """Read the recording.

    Parameters
    ----------
    root : Path
        Folder with ``MackeviciusData.mat``.
    subject : str
        "1".
    threshold : float, default 0.0
        Deconvolved value, from 0 to 0.95, above which a frame holds an event.
    onsets_only : bool, default False
        Keep the first of events in frames that follow one another.
    silent_units : {"stop", "drop"}, default "drop"
        One cell has no event at all.

    Returns
    -------
    list of SpikeSession
        One, of 22 s; behaviour ``song_level``: the mean of the spectrogram over frequencies.

    Raises
    ------
    ConfigFault
        If the threshold is negative.
    DataFault
        If the file is missing or broken, or the subject is another one.
    """
    if threshold < 0:
        raise ConfigFault(f"threshold {threshold:g}", fix="give 0 or more")
    if subject.lstrip("0") != SUBJECT:
        raise DataFault(f"no subject '{subject}'", where=str(root), fix=f"it has {SUBJECT} only")
    path = Path(root) / FILE
    content = read_matlab(path, keys=KEYS)
    events = np.asarray(content["NEURAL"], dtype=float) > threshold
    if onsets_only:
        events[:, 1:] &= ~events[:, :-1]
    frame, column = 1 / float(content["VIDEOfs"]), 1 / float(content["SONGfs"])
    times, units = spikes_of_bins(events, frame, where=str(path))
    song = np.asarray(content["SONG"], dtype=float).mean(axis=0)
    cells = pd.DataFrame({"unit": [f"cell-{row + 1:02d}" for row in range(len(events))]})
    session = make_session(
        subject=SUBJECT,
        session="0",
        times=times,
        units=units,
        unit_table=cells,
        limits=(0.0, events.shape[1] * frame),
        behaviour={"song_level": Series((np.arange(song.size) + 0.5) * column, song)},
        notes=(
            f"calcium: an event is a frame of {frame * 1000:.0f} ms with a deconvolved value "
            f"above {threshold:g}; events are no spikes",
        ),
        silent_units=silent_units,
    )
    return [session]
