"""Onsets that a recording carries: annotations and stimulus channels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.faults import DataFault
from neurodecode.signals.matching import recording_name

if TYPE_CHECKING:
    import mne


def spelled(label: str) -> str:
    """Return a label as candidates are spelled: a whole number of a table, 4.0, is 4."""
    return re.sub(r"^(-?\d+)\.0+$", r"\1", label)


def annotated_onsets(raw: mne.io.BaseRaw) -> pd.DataFrame:
    """Return ``onset`` (s after the first sample) and ``description`` of the annotations.

    Those that mark bad data or boundaries are left out.

    Raises
    ------
    DataFault
        If there is none.
    """
    marks = raw.annotations
    shift = 0.0 if marks.orig_time is None else float(raw.first_time)
    rows = [
        (float(onset) - shift, str(text))
        for onset, text in zip(marks.onset, marks.description, strict=True)
        if not str(text).upper().startswith(("BAD", "EDGE"))
    ]
    if not rows:
        raise DataFault(
            "no marker found: the recording has no annotations",
            where=recording_name(raw),
            fix="give onsets, or an events table (--events)",
        )
    return pd.DataFrame(rows, columns=["onset", "description"])


def stimulus_onsets(raw: mne.io.BaseRaw) -> pd.DataFrame:
    """Return ``onset`` (s after the first sample) and ``description`` (the code) of triggers.

    Raises
    ------
    DataFault
        If the stimulus channel holds no trigger.
    """
    import mne

    events = mne.find_events(raw, shortest_event=1, verbose="error")
    if not len(events):
        raise DataFault(
            "no marker found: the stimulus channel is silent",
            where=recording_name(raw),
            fix="give onsets, or an events table (--events)",
        )
    onsets = (events[:, 0] - raw.first_samp) / raw.info["sfreq"]
    return pd.DataFrame({"onset": onsets, "description": events[:, 2].astype(str)})
