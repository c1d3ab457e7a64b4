"""A local BIDS folder of EEG or MEG recorded while its subjects looked at pictures.

``*_events.tsv`` has the columns onset, duration and ``image`` (or ``stim_file``, as BIDS has it),
and where known category and part; the pictures lie under ``stimuli/``. The simulator writes the
same form.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_recordings import (
    Datatype,
    events_file,
    find_recordings,
    read_raw,
    require_subject,
)
from neurodecode.datasets.bids_tables import events_of_type, nearest_column, read_events
from neurodecode.datasets.montage import set_montage
from neurodecode.datasets.stimulus_files import relative_stimulus, require_stimuli
from neurodecode.datasets.viewing.recording import Viewing
from neurodecode.faults import DataFault

IMAGE_COLUMNS = ("image", "stim_file")
"""Columns that may name the picture; the first that is there is taken."""


def read_recordings(
    root: Path,
    subject: str,
    *,
    task: str | Sequence[str] | None = None,
    session: str | Sequence[str] | None = None,
    datatype: Datatype | None = None,
    montage: str | None = None,
    pictures: str | Path | None = None,
    without_pictures: bool = False,
    trial_type: str | Sequence[str] | None = None,
    skip_without_image: bool = False,
) -> list[Viewing]:
    """Read all recordings of one subject of a BIDS folder.

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
    pictures : str or Path, default None
        Folder of the picture files, relative to ``root`` or absolute; None is ``stimuli``.
    without_pictures : bool, default False
        The events name pictures whose files are not here: only categories can be decoded.
    trial_type : str, sequence of str or None, default None
        Events that are trials, by their ``trial_type``; None takes every event.
    skip_without_image : bool, default False
        Leave out trials that name no picture (catch trials, button presses) instead of stopping.

    Returns
    -------
    list of Viewing
        In the order of session, task and run; ``run`` is "task" or "task-run".

    Raises
    ------
    DataFault
        Subject, recordings, trials or picture files are not there, or a trial names no picture.
    """
    root = Path(root)
    label = require_subject(root, subject)
    paths = find_recordings(root, label, task=task, session=session, datatype=datatype)
    folder = None if without_pictures else root / (pictures or "stimuli")
    return [_read(path, folder, montage, trial_type, skip_without_image) for path in paths]


def trials_of_events(
    events: pd.DataFrame,
    path: Path,
    *,
    trial_type: str | Sequence[str] | None = None,
    skip_without_image: bool = False,
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the trials table of one recording, and a note of the events left out.

    Parameters
    ----------
    events : DataFrame
        As :func:`~neurodecode.datasets.bids_tables.read_events` returns it.
    path : Path
        Where it was read, for messages.
    trial_type, skip_without_image
        See :func:`read_recordings`.

    Raises
    ------
    DataFault
        No column names pictures, no event is of the wanted type, or a trial has no picture.
    """
    column = next((name for name in IMAGE_COLUMNS if name in events), None)
    if column is None:
        hint = f"it names the picture of each trial; {nearest_column('image', events)}"
        raise DataFault("no column 'image' or 'stim_file'", where=str(path), fix=hint)
    trials = events_of_type(events, trial_type, path)
    empty = trials[column].isna()
    if empty.any() and not skip_without_image:
        raise DataFault(
            f"line {trials.index[empty][0] + 2}: a trial without {column} ({empty.sum()} in all)",
            where=str(path),
            fix="name the picture, choose the trials by trial_type, or set skip_without_image",
        )
    trials = trials[~empty]
    table = pd.DataFrame(
        {
            "onset": trials["onset"],
            "duration": trials.get("duration", pd.Series(np.nan, trials.index)),
            "image": trials[column].map(relative_stimulus),
            "category": _text(trials, "category"),
            "part": _text(trials, "part"),
        },
    )
    notes = (f"{empty.sum()} events without a picture, left out",) if empty.any() else ()
    return table.sort_values("onset", kind="stable").reset_index(drop=True), notes


def _read(
    path: Any,
    pictures: Path | None,
    montage: str | None,
    trial_type: str | Sequence[str] | None,
    skip_without_image: bool,
) -> Viewing:
    table = events_file(path)
    trials, notes = trials_of_events(
        read_events(table), table, trial_type=trial_type, skip_without_image=skip_without_image
    )
    if pictures is not None:
        require_stimuli(pictures, trials["image"], kind="picture")
    raw = read_raw(path)
    if montage and path.datatype == "eeg":
        notes += set_montage(raw, montage)
    return Viewing(
        subject=path.subject,
        session=path.session or "0",
        run="-".join(filter(None, (path.task, path.run))),
        raw=raw,
        trials=trials,
        pictures=pictures,
        notes=notes,
    )


def _text(trials: pd.DataFrame, column: str) -> pd.Series[str]:
    return trials.get(column, pd.Series("", trials.index, dtype=object)).fillna("").astype(str)
