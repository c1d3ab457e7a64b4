"""One recording of somebody who looked at pictures, with a row per picture that was shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodecode.datasets.recording import Recording, TableCheck, rows_inside
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    import mne
    import pandas as pd

COLUMNS = ("onset", "duration", "image", "category", "part")
PARTS = ("train", "test", "")


@dataclass(frozen=True)
class Viewing(Recording):
    """A recording, not loaded, and the pictures seen during it.

    The trials table is checked by :func:`check_trials` when the object is made.

    Attributes
    ----------
    subject, session, run : str
        Labels; together they name a recording of the data set.
    raw : mne.io.BaseRaw
        EEG or MEG channels only, signals still on disk where the format allows it.
    trials : DataFrame
        One row per picture shown, sorted by ``onset``; catch trials are left out:

        ============ ===== ==================================================================
        ``onset``    float s after the first sample of the recording
        ``duration`` float s on the screen, NaN where unknown
        ``image``    str   picture, its file relative to ``pictures`` (POSIX), or its name
        ``category`` str   what it shows, "" where unknown
        ``part``     str   "train" or "test" where the publisher says so, else ""
        ============ ===== ==================================================================
    pictures : Path or None
        Folder of the picture files; None where the data set comes without them.
    notes : tuple of str, default ()
        What the loader found remarkable, one line each; they belong in the report.
    """

    trials: pd.DataFrame
    pictures: Path | None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_trials(self.trials, where=self.label, stop=self.seconds)


def check_trials(trials: pd.DataFrame, *, where: str, stop: float) -> None:
    """Check a trials table against the form that :class:`Viewing` states.

    Parameters
    ----------
    trials : DataFrame
        One row per picture shown.
    where : str
        File that the table belongs to, for messages.
    stop : float
        End of the recording in s; no picture may appear later.

    Raises
    ------
    DataFault
        A column is missing (with the nearest one), an onset is not finite, negative, unsorted,
        twice there or outside the recording, a duration is negative, an image is empty, a
        category is not text, or a part is unknown; rows count from 0.
    """
    check = TableCheck(trials, "trials", "image", where)
    check.columns(COLUMNS)
    if trials.empty:
        raise DataFault("no picture was seen in this recording", where=where)
    check.numbers("onset")
    check.numbers("duration", missing=True)
    check.texts("image")
    no_text = ~trials["category"].map(lambda value: isinstance(value, str)).astype(bool)
    check.refuse("category", no_text, "is not text")
    check.choices("part", PARTS)
    check.onsets(stop)
    check.refuse("onset", trials["onset"].diff() == 0, "is that of the row before, too")


def trials_inside(
    trials: pd.DataFrame, raw: mne.io.BaseRaw
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the pictures that appear during a recording, by onset, each onset once, and notes.

    For public data sets, where a recording may stop early and a trigger may be written twice; in
    a user's own events such a row is a fault.

    Parameters
    ----------
    trials : DataFrame
        As in :class:`Viewing`, in any order.
    raw : mne.io.BaseRaw
        The recording.
    """
    seen, notes = rows_inside(trials, raw, kind="pictures")
    twice = seen["onset"].duplicated()
    if not twice.any():
        return seen, notes
    lost = f"{twice.sum()} pictures have the onset of another one, left out"
    return seen[~twice].reset_index(drop=True), (*notes, lost)
