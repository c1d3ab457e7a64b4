"""THINGS-MEG: MEG of four people who saw 22,448 photographs of 1,854 objects in twelve sessions.

Hebart et al., eLife 12, e82580, 2023, doi:10.7554/eLife.82580; data: OpenNeuro ds004212. Under the
root lie ``sub-BIGMEG1/ses-01/meg/..._task-main_run-01_meg.ds`` ... (CTF, ten runs a session) and
``sourcedata/sample_attributes_P1.csv`` ..., with a row per picture. The photographs are those of
the THINGS database (OSF jum2f, own terms): the user puts them into ``stimuli``, one folder per
object, as ``stimuli/aardvark/aardvark_01b.jpg``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_tables import read_events
from neurodecode.datasets.recording import TableCheck
from neurodecode.datasets.stimulus_files import require_stimuli
from neurodecode.datasets.viewing.recording import Viewing, trials_inside
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    import mne
    from numpy.typing import NDArray

TRIGGER_CHANNEL = "UPPT001"
PICTURE, END = 64, 32
"""Trigger codes of a picture, and of the end of a run."""

MALFUNCTIONING = "MRO11"
"""Sensor that the data's own preprocessing leaves out, by the notes of the experimenters."""

DROPOUTS = {("1", "11", "04"): 13.4, ("2", "10", "02"): 59.8}
"""Subject, session and run whose signals drop out for 0.2 s, and when (s)."""

ATTRIBUTES = ("trial_type", "session_nr", "run_nr", "image_on", "image_off", "image_path")
PARTS = {"exp": "train", "test": "test"}
"""Parts by the publisher's trial type; "catch" is left out."""

_FILE = re.compile(r"_ses-(?P<session>\d+)_task-main_run-(?P<run>\d+)_meg$")


def read_recordings(
    root: Path,
    subject: str,
    *,
    session: str | Sequence[str] | None = None,
    run: str | Sequence[str] | None = None,
    onsets: Literal["trigger", "events"] = "trigger",
    malfunctioning: bool = True,
    pictures: str | Path | None = None,
    without_pictures: bool = False,
) -> list[Viewing]:
    """Read the recordings of one participant, one per run.

    Pictures are the rows of ``sample_attributes_P*.csv`` in the order of the triggers; the image
    numbers in ``events.tsv`` differ from them in places and are not used.

    Parameters
    ----------
    root : Path
        Root of the data set.
    subject : str
        "1" to "4", also with BIGMEG or sub-BIGMEG before it.
    session, run : str, sequence of str or None, default None
        Sessions "01" to "12", runs "01" to "10"; None takes all.
    onsets : "trigger" or "events", default "trigger"
        "trigger": codes 64 of channel UPPT001, as the published decoder has it. "events": onsets
        of ``events.tsv``, which the publisher corrected by an optical sensor and which are some
        150 ms apart from the triggers. The notes tell by how much, where both are there.
    malfunctioning : bool, default True
        Keep sensor MRO11: the published decoder uses all 272; False leaves 271.
    pictures : str or Path, default None
        Folder of the photographs, relative to ``root`` or absolute; None is ``stimuli``.
    without_pictures : bool, default False
        Do without the photographs: only objects can be decoded.

    Returns
    -------
    list of Viewing
        In the order of session and run; ``part`` is "test" for the 200 pictures that were shown
        in every session, else "train"; ``category`` is the object of THINGS, as "aardvark".

    Raises
    ------
    DataFault
        The participant or files are missing, or triggers and table do not fit.
    """
    root = Path(root)
    number = subject.removeprefix("sub-").removeprefix("BIGMEG")
    files = _recordings(root, number, session, run)
    shown = read_attributes(root / "sourcedata" / f"sample_attributes_P{number}.csv")
    folder = None if without_pictures else root / (pictures or "stimuli")
    return [
        _read(path, number, shown, onsets=onsets, malfunctioning=malfunctioning, pictures=folder)
        for path in files
    ]


def read_attributes(path: Path) -> pd.DataFrame:
    """Return the table of all pictures that a participant saw.

    Parameters
    ----------
    path : Path
        ``sample_attributes_P1.csv`` ...

    Returns
    -------
    DataFrame
        ``trial_type`` ("exp", "test" or "catch"), ``session_nr``, ``run_nr``, ``image_on`` and
        ``image_off`` (s, clock of the presentation), ``image_path``, and what else the file has.

    Raises
    ------
    DataFault
        The file or a column is missing.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="fetch sourcedata, too")
    shown = pd.read_csv(path)
    TableCheck(shown, "pictures", "image_path", str(path)).columns(ATTRIBUTES)
    return shown


def picture_of(image_path: str) -> tuple[str, str]:
    """Return a picture's file below the THINGS folder, and its object.

    The publisher writes ``images_meg/aardvark/aardvark_01b.jpg``, but of test pictures only
    ``images_test_meg/candelabra_14s.jpg``; the object is the file's name up to the last "_".

    Examples
    --------
    >>> picture_of("images_test_meg/coat_rack_13s.jpg")
    ('coat_rack/coat_rack_13s.jpg', 'coat_rack')
    """
    file = PurePosixPath(image_path)
    category = file.stem.rpartition("_")[0]
    return f"{category}/{file.name}", category


def picture_triggers(raw: mne.io.BaseRaw, *, where: str) -> NDArray[np.float64]:
    """Return the times (s after the first sample) of all pictures, catch trials included.

    Raises
    ------
    DataFault
        If there is no trigger channel, with the nearest name.
    """
    import mne

    if TRIGGER_CHANNEL not in raw.ch_names:
        guess = nearest(TRIGGER_CHANNEL, raw.ch_names)
        hint = f"is '{guess}' meant?" if guess else ""
        raise DataFault(f"no trigger channel {TRIGGER_CHANNEL}", where=where, fix=hint)
    events = mne.find_events(
        raw, stim_channel=TRIGGER_CHANNEL, shortest_event=1, initial_event=True, verbose="ERROR"
    )
    samples = events[events[:, 2] == PICTURE, 0] - raw.first_samp
    return samples.astype(np.float64) / float(raw.info["sfreq"])


def _read(
    path: Path,
    number: str,
    shown: pd.DataFrame,
    *,
    onsets: str,
    malfunctioning: bool,
    pictures: Path | None,
) -> Viewing:
    session, run = _entities(path)
    mine = shown[(shown["session_nr"] == int(session)) & (shown["run_nr"] == int(run))]
    raw = _open(path)
    times, notes = _onsets(raw, path, len(mine), onsets)
    trials, outside = trials_inside(_trials(mine, times), raw)
    if pictures is not None:
        require_stimuli(pictures, trials["image"], kind="picture")
    dropout = DROPOUTS.get((number, session, run))
    if dropout is not None:
        notes += (f"signals drop out for 0.2 s at {dropout} s",)
    kept = raw.pick("mag", exclude=(), verbose="ERROR")
    if not malfunctioning:
        kept.drop_channels([name for name in kept.ch_names if name.startswith(MALFUNCTIONING)])
    return Viewing(number, session, run, kept, trials, pictures, (*notes, *outside))


def _trials(mine: pd.DataFrame, times: NDArray[np.float64]) -> pd.DataFrame:
    named = [picture_of(path) for path in mine["image_path"]]
    table = pd.DataFrame(
        {
            "onset": times,
            "duration": (mine["image_off"] - mine["image_on"]).to_numpy(float),
            "image": [image for image, _ in named],
            "category": [category for _, category in named],
            "part": mine["trial_type"].map(PARTS).to_numpy(),
        },
    )
    return table[table["part"].notna()].reset_index(drop=True)


def _onsets(
    raw: mne.io.BaseRaw, path: Path, n_pictures: int, onsets: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the chosen onsets, checked against the number of pictures, and a note on both."""
    times = picture_triggers(raw, where=str(path))
    table = path.with_name(path.stem.removesuffix("_meg") + "_events.tsv")
    written = read_events(table)["onset"].to_numpy(float) if table.is_file() else np.empty(0)
    chosen = written if onsets == "events" else times
    if chosen.size != n_pictures:
        kind = "events" if onsets == "events" else f"triggers {PICTURE}"
        what = f"{chosen.size} {kind} for {n_pictures} pictures of the table"
        raise DataFault(what, where=str(path), fix="fetch recording and sourcedata again")
    if written.size != times.size:
        return chosen, ()
    apart = 1e3 * float(np.median(written - times))
    side = "after" if apart >= 0 else "before"
    return chosen, (f"onsets of events.tsv are {abs(apart):.0f} ms {side} the triggers",)


def _open(path: Path) -> mne.io.BaseRaw:
    """Open a recording: CTF as published, or a FIF file that was made of it."""
    import mne

    try:
        return mne.io.read_raw(path, preload=False, verbose="ERROR")
    except (RuntimeError, ValueError, OSError) as error:
        raise DataFault(f"cannot read the recording: {error}", where=str(path)) from error


def _recordings(
    root: Path,
    number: str,
    session: str | Sequence[str] | None,
    run: str | Sequence[str] | None,
) -> list[Path]:
    folder = root / f"sub-BIGMEG{number}"
    if not folder.is_dir():
        have = sorted(path.name.removeprefix("sub-BIGMEG") for path in root.glob("sub-BIGMEG*"))
        hint = f"it has {', '.join(have)}" if have else "is this a copy of ds004212?"
        raise DataFault(f"no participant '{number}'", where=str(root), fix=hint)
    found = (path for kind in (".ds", ".fif") for path in folder.glob(f"ses-*/meg/*_meg{kind}"))
    every = {_entities(path): path for path in found if _FILE.search(path.stem)}
    chosen = [
        path
        for (of_session, of_run), path in sorted(every.items())
        if _wanted(of_session, session) and _wanted(of_run, run)
    ]
    if not chosen:
        have = sorted({f"session {of_session}" for of_session, _ in every})
        hint = f"it has {', '.join(have)}" if have else "fetch its ses-*/meg/*_meg.ds"
        raise DataFault("no such session and run", where=str(folder), fix=hint)
    return chosen


def _entities(path: Path) -> tuple[str, str]:
    found = _FILE.search(path.stem)
    return (found["session"], found["run"]) if found else ("", "")


def _wanted(value: str, chosen: str | Sequence[str] | None) -> bool:
    wanted = (chosen,) if isinstance(chosen, str) else chosen
    return wanted is None or int(value) in [int(label) for label in wanted]
