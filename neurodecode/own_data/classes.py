"""Which events of a study are its classes, and how long their trials are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.faults import ConfigFault, DataFault, nearest
from neurodecode.own_data.survey import counted

if TYPE_CHECKING:
    from neurodecode.own_data.recordings import Header, Recordings

_MARK = re.compile(r"bad|edge|boundary|new segment|comment|sync|n/a$", re.IGNORECASE)
"""Annotations of recorders and of MNE that are no stimulus."""
_REST = re.compile(r"(rest|pause|fixation|baseline|break|relax)\b", re.IGNORECASE)


def choose_classes(recordings: Recordings, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the events that are decoded: those of the settings, or the only two that fit.

    An event fits unless it is a mark of the recorder, is called rest or the like, or is the pause
    of the design: it and the others alternate strictly, in every recording.

    Parameters
    ----------
    recordings : Recordings
    wanted : sequence of str or None
        ``data.events``.

    Raises
    ------
    ConfigFault
        If none is chosen and not exactly two fit.
    DataFault
        If there is no event with a name, or a chosen one is not there, with the nearest.
    """
    counts = recordings.counts
    where = str(recordings.headers[0].file.parent)
    if not counts:
        raise DataFault("no event with a trial_type", where=where,
                        fix="add the column trial_type to events.tsv")  # fmt: skip
    shown = counted(dict(counts.most_common()), 30)
    for name in wanted or ():
        if name not in counts:
            guess = nearest(name, counts)
            fix = f"did you mean '{guess}'?" if guess else "choose among these"
            raise DataFault(f"no event '{name}', found: {shown}", where=where, fix=fix)
    if wanted:
        return tuple(wanted)
    fitting = fitting_events(recordings.headers)
    if len(fitting) == 2:
        return fitting
    first, second = [*fitting, *counts, "A", "B"][:2]
    raise ConfigFault(f"which events are the classes? found: {shown}", where=where,
                      fix=f'--set "data.events=[{first}, {second}]"')  # fmt: skip


def fitting_events(headers: Sequence[Header]) -> tuple[str, ...]:
    """Return the names of the events that can be classes, sorted."""
    names = {name for header in headers for name in header.names if not _MARK.match(name)}
    pause = _pause(headers, names)
    return tuple(sorted(n for n in names if n != pause and not _REST.match(n)))


def trial_interval(headers: Sequence[Header], events: Sequence[str]) -> tuple[float, float]:
    """Return the task window: 0 to the usual duration of the events, s.

    Raises
    ------
    ConfigFault
        If durations are not known; the fix states the shortest time to the next event.
    """
    durations, gaps = [], []
    for header in headers:
        assert header.events is not None
        rows = header.events.sort_values("onset", kind="stable")
        chosen = rows["trial_type"].isin(events).to_numpy()
        if "duration" in rows:
            durations += rows["duration"].to_numpy(float)[chosen].tolist()
        ends = [*rows["onset"].tolist()[1:], header.seconds]
        following = np.asarray(ends, float) - rows["onset"].to_numpy(float)
        gaps += following[chosen].tolist()
    known = np.asarray([value for value in durations if value > 0])
    if len(known) * 2 > len(gaps):
        return 0.0, float(np.floor(np.median(known) * 1000) / 1000)
    shortest = min((gap for gap in gaps if gap > 0), default=1.0)
    raise ConfigFault(
        f"events {', '.join(events)} have no duration", where=str(headers[0].file.parent),
        fix=f'--set "data.interval=[0, {np.floor(shortest * 10) / 10:g}]" (the shortest time to '
        "the next event)",
    )  # fmt: skip


def trial_table(
    headers: Sequence[Header], events: Sequence[str], end: float
) -> tuple[pd.DataFrame, int]:
    """Return the trials that fit into their recordings, and how many do not.

    Parameters
    ----------
    end : float
        Last moment of a trial after its onset, s.

    Returns
    -------
    table : DataFrame
        ``subject, session, run, trial, label``.
    n_lost : int
    """
    rows: list[tuple[str, str, str, int, str]] = []
    lost = 0
    for header in headers:
        if header.events is None or "trial_type" not in header.events:
            continue
        for onset, name in zip(header.events["onset"], header.events["trial_type"], strict=True):
            if name not in events:
                continue
            fits = onset >= 0 and onset + end < header.seconds
            lost += not fits
            if fits:
                rows.append((header.subject, header.session, header.run, len(rows), name))
    return pd.DataFrame(rows, columns=["subject", "session", "run", "trial", "label"]), lost


def _pause(headers: Sequence[Header], names: set[str]) -> str | None:
    """Return the event that alternates strictly with all others, if exactly one does."""
    sequences = [
        [name for name in header.events.sort_values("onset")["trial_type"] if name in names]
        for header in headers
        if header.names and header.events is not None
    ]
    found = [
        name
        for name in sorted(names)
        if len(names) > 2
        and all(
            (first == name) != (second == name)
            for sequence in sequences
            for first, second in pairwise(sequence)
        )
    ]
    return found[0] if len(found) == 1 else None
