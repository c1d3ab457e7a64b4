"""One recording of somebody who looked at pictures, with a row per picture that was shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import mne
    import pandas as pd


@dataclass(frozen=True)
class Viewing:
    """A recording, not loaded, and the pictures seen during it.

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

    subject: str
    session: str
    run: str
    raw: mne.io.BaseRaw
    trials: pd.DataFrame
    pictures: Path | None
    notes: tuple[str, ...] = ()
