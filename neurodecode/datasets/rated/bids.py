"""A local BIDS folder of EEG recorded while its subjects watched clips and rated them.

``*_events.tsv`` has a row per clip with onset, duration, the columns of the ratings, and one that
names the clip; other rows (rest, button presses) have ``n/a`` there, or another ``trial_type``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_recordings import (
    events_file,
    find_recordings,
    read_raw,
    require_subject,
)
from neurodecode.datasets.bids_tables import events_of_type, nearest_column, numbers, read_events
from neurodecode.datasets.rated.recording import BadTrials, Rated, make_rated
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    import mne
    from numpy.typing import NDArray

CLIP_COLUMNS = ("clip", "stim_file", "stimulus")
"""Columns that may name the clip; the first that is there is taken."""
USUAL = {"valence": (1, 5), "arousal": (1, 5), "dominance": (1, 5)}
"""Ratings that are taken where none is named, as far as there are such columns."""


def read_recordings(
    root: Path,
    subject: str,
    *,
    ratings: Mapping[str, Sequence[int]] | None = None,
    clip: str | None = None,
    trial_type: str | Sequence[str] | None = None,
    round_ratings: bool = False,
    skip_unrated: bool = False,
    baseline_type: str | None = None,
    baseline_seconds: float | None = None,
    task: str | Sequence[str] | None = None,
    session: str | Sequence[str] | None = None,
    bad_trials: BadTrials = "stop",
) -> list[Rated]:
    """Read all recordings of one subject of a BIDS folder.

    Parameters
    ----------
    root : Path
        Root of the BIDS data set.
    subject : str
        Label, with or without ``sub-``.
    ratings : mapping of str to (int, int), default None
        Columns of the ratings with lowest and highest value, as ``{Valence: [0, 7]}``; None takes
        valence, arousal and dominance, 1 to 5, as far as they are there.
    clip : str, default None
        Column that names the clip; None is "clip", "stim_file" or "stimulus".
    trial_type : str, sequence of str or None, default None
        Events that are trials, by their ``trial_type``; None takes every event.
    round_ratings : bool, default False
        Round ratings on a continuous scale to whole numbers.
    skip_unrated : bool, default False
        Events without any rating are no trials (where trials have no ``trial_type`` of their own).
    baseline_type : str, default None
        ``trial_type`` of the rest before a trial; the last one before its onset is its baseline.
    baseline_seconds : float, default None
        Instead, the baseline is what was recorded so many seconds before the onset.
    task, session : str, sequence of str or None, default None
        Only these; None takes all.
    bad_trials : {"stop", "drop"}, default "stop"
        See :func:`~neurodecode.datasets.rated.recording.make_rated`.

    Returns
    -------
    list of Rated
        One per recording, in the order of session, task and run; trials are numbered through a
        session.

    Raises
    ------
    ConfigFault
        Two kinds of baselines are wanted.
    DataFault
        Subject, recordings, columns or trials are not there, a trial has no clip, no duration or
        no baseline, or leaves the recording.
    """
    if baseline_type is not None and baseline_seconds is not None:
        raise ConfigFault("two kinds of baselines", fix="give baseline_type or baseline_seconds")
    root = Path(root)
    label = require_subject(root, subject)
    found: list[Rated] = []
    for path in find_recordings(root, label, task=task, session=session, datatype="eeg"):
        table = events_file(path)
        events = read_events(table)
        trials, scales = trials_of_events(
            events, table, ratings=ratings, clip=clip, trial_type=trial_type,
            skip_unrated=skip_unrated, round_ratings=round_ratings,
        )  # fmt: skip
        before = [r.table["trial"].max() for r in found if r.session == (path.session or "0")]
        trials.insert(0, "trial", np.arange(1, len(trials) + 1) + max(before, default=0))
        raw = read_raw(path)
        spans = _baseline_spans(trials, events, baseline_type, baseline_seconds, table)
        clips = list(zip(trials["onset"], trials["onset"] + trials["duration"], strict=True))
        found.append(
            make_rated(
                subject=label,
                session=path.session or "0",
                channel_names=list(raw.ch_names),
                sampling_rate=float(raw.info["sfreq"]),
                signals=_cut(raw, clips, trials["trial"], table),
                baselines=None if spans is None else _cut(raw, spans, trials["trial"], table),
                table=trials[["trial", "clip", *scales]],
                ratings=scales,
                bad_trials=bad_trials,
            )
        )
    return found


def trials_of_events(
    events: pd.DataFrame,
    path: Path,
    *,
    ratings: Mapping[str, Sequence[int]] | None = None,
    clip: str | None = None,
    trial_type: str | Sequence[str] | None = None,
    skip_unrated: bool = False,
    round_ratings: bool = False,
) -> tuple[pd.DataFrame, dict[str, tuple[int, int]]]:
    """Return onset, duration, clip and ratings of one recording's trials, and the scales.

    Parameters
    ----------
    events : DataFrame
        As :func:`~neurodecode.datasets.bids_tables.read_events` returns it.
    path : Path
        Where it was read, for messages.
    ratings, clip, trial_type, skip_unrated, round_ratings
        See :func:`read_recordings`.

    Raises
    ------
    ConfigFault
        If a scale is no pair of numbers.
    DataFault
        If a column is missing, with the nearest one, or a trial has no clip or no duration.
    """
    scales = _scales(events, ratings, path)
    return _trials(events, scales, clip, trial_type, skip_unrated, round_ratings, path), scales


def _scales(
    events: pd.DataFrame, ratings: Mapping[str, Sequence[int]] | None, path: Path
) -> dict[str, tuple[int, int]]:
    if ratings is None:
        scales = {name: scale for name, scale in USUAL.items() if name in events}
        if not scales:
            raise DataFault(
                f"no column {', '.join(USUAL)}",
                where=str(path),
                fix="name the ratings and their scales (option ratings={NAME: [LOW, HIGH]}); "
                f"{nearest_column('valence', events)}",
            )
        return scales
    for name, scale in ratings.items():
        if len(scale) != 2 or not scale[0] < scale[1]:
            raise ConfigFault(f"scale {list(scale)} of rating '{name}'", fix="give [LOW, HIGH]")
        if name not in events:
            hint = nearest_column(name, events)
            raise DataFault(f"no column '{name}'", where=str(path), fix=hint)
    return {name: (int(scale[0]), int(scale[1])) for name, scale in ratings.items()}


def _trials(
    events: pd.DataFrame,
    scales: Mapping[str, tuple[int, int]],
    clip: str | None,
    trial_type: str | Sequence[str] | None,
    skip_unrated: bool,
    round_ratings: bool,
    path: Path,
) -> pd.DataFrame:
    """Return onset, duration, clip and ratings of the trials, by onset."""
    values = {name: numbers(events[name], path) for name in scales}
    rows = events_of_type(events.assign(**values), trial_type, path)
    if skip_unrated:
        rows = rows[rows[list(scales)].notna().any(axis=1)]
    if rows.empty:
        raise DataFault("no trial in the events", where=str(path))
    rows = rows.assign(clip=rows[_clip_column(rows, clip, path)])
    for needed in ("clip", "duration"):
        absent = rows[needed].isna() if needed in rows else pd.Series(True, rows.index)
        if absent.any():
            raise DataFault(
                f"line {rows.index[absent][0] + 2}: a trial without {needed}",
                where=str(path),
                fix="complete it, choose the trials by trial_type, or set skip_unrated",
            )
    if round_ratings:
        rows = rows.assign(**rows[list(scales)].round())
    kept = rows[["onset", "duration", "clip", *scales]]
    return kept.sort_values("onset", kind="stable").reset_index(drop=True)


def _clip_column(rows: pd.DataFrame, clip: str | None, path: Path) -> str:
    column = clip or next((name for name in CLIP_COLUMNS if name in rows), CLIP_COLUMNS[0])
    if column not in rows:
        what = f"no column '{column}' that names the clip"
        raise DataFault(what, where=str(path), fix=nearest_column(column, rows))
    return column


def _baseline_spans(
    trials: pd.DataFrame,
    events: pd.DataFrame,
    baseline_type: str | None,
    baseline_seconds: float | None,
    path: Path,
) -> list[tuple[float, float]] | None:
    """Return start and end of each trial's baseline in s, or None where none is wanted."""
    if baseline_seconds is not None:
        return [(onset - baseline_seconds, onset) for onset in trials["onset"]]
    if baseline_type is None:
        return None
    rests = events_of_type(events, baseline_type, path).sort_values("onset", kind="stable")
    spans = []
    for trial, onset in zip(trials["trial"], trials["onset"], strict=True):
        before = rests[rests["onset"] < onset]
        if before.empty or not before["duration"].iloc[-1] > 0:
            what = f"trial {trial}: no event '{baseline_type}' with a duration before it"
            raise DataFault(what, where=str(path))
        start = float(before["onset"].iloc[-1])
        spans.append((start, start + float(before["duration"].iloc[-1])))
    return spans


def _cut(
    raw: mne.io.BaseRaw,
    spans: Sequence[tuple[float, float]],
    trials: Sequence[int] | pd.Series[int],
    path: Path,
) -> list[NDArray[np.float64]]:
    """Return what was recorded in these spans (s), (n_channels, n_samples) each, uV."""
    rate, pieces = raw.info["sfreq"], []
    for trial, (first, last) in zip(trials, spans, strict=True):
        start, stop = round(first * rate), round(last * rate)
        if start < 0 or stop > raw.n_times or stop <= start:
            raise DataFault(
                f"trial {trial}: {first:.3f} to {last:.3f} s is not inside the recording of "
                f"{raw.n_times / rate:.3f} s",
                where=str(path),
                fix="mend onset and duration in the events",
            )
        pieces.append(1e6 * raw.get_data(start=start, stop=stop))
    return pieces
