"""A local BIDS folder of EEG or MEG recorded while its subjects listened to speech.

``*_events.tsv`` has the columns onset, duration, trial_type, word, sentence, sound, and
sound_time where known; the audio lies under ``stimuli/``. The simulator writes the same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from neurodecode.datasets.bids_recordings import (
    Datatype,
    events_file,
    find_recordings,
    read_raw,
    require_subject,
)
from neurodecode.datasets.bids_tables import read_events
from neurodecode.datasets.listening.bids_events import WORD, words_of_events
from neurodecode.datasets.listening.recording import Listening, sounds_in_order
from neurodecode.datasets.montage import set_montage
from neurodecode.datasets.stimulus_files import require_stimuli


def read_recordings(
    root: Path,
    subject: str,
    *,
    task: str | Sequence[str] | None = None,
    session: str | Sequence[str] | None = None,
    datatype: Datatype | None = None,
    montage: str | None = None,
    trial_type: str | Sequence[str] = WORD,
) -> list[Listening]:
    """Read all listening recordings of one subject of a BIDS folder.

    Parameters
    ----------
    root : Path
        Root of the BIDS data set.
    subject : str
        Label, with or without ``sub-``.
    task, session : str, sequence of str or None, default None
        Only these; None takes all.
    datatype : "eeg", "meg" or None, default None
        None takes the one that the subject has, EEG first.
    montage : str, default None
        Standard montage of MNE (as ``standard_1020``) for EEG recordings whose positions are
        not in ``electrodes.tsv``, or instead of them.
    trial_type : str or sequence of str, default "word"
        Events that are words, by their ``trial_type``.

    Returns
    -------
    list of Listening
        In the order of session, task and run; ``run`` is "task" or "task-run".

    Raises
    ------
    DataFault
        Subject, recordings, word events, sound column or sound files are not there.
    """
    root = Path(root)
    label = require_subject(root, subject)
    paths = find_recordings(root, label, task=task, session=session, datatype=datatype)
    return [_read(path, montage, trial_type) for path in paths]


def _read(path: Any, montage: str | None, trial_type: str | Sequence[str]) -> Listening:
    table = events_file(path)
    events = read_events(table)
    words = words_of_events(events, table, trial_type)
    audio = Path(path.root) / "stimuli"
    require_stimuli(audio, words["sound"], kind="sound")
    raw = read_raw(path)
    notes = set_montage(raw, montage) if montage and path.datatype == "eeg" else ()
    if "sentence" not in events:
        notes += ("sentences are put together from punctuation or pauses, no column names them",)
    return Listening(
        subject=path.subject,
        session=path.session or "0",
        run="-".join(filter(None, (path.task, path.run))),
        raw=raw,
        words=words,
        audio=audio,
        story=sounds_in_order(words),
        notes=notes,
    )
