"""One session of somebody who watched clips and rated each: signals by trial, and the ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neurodecode.channels import check_names, find_bad_channels
from neurodecode.datasets.recording import TableCheck
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = ("trial", "clip")
FLAT_UV = 1e-6
BadTrials = Literal["stop", "drop"]
"""What a loader does with trials that lack a rating or have NaN, infinite or flat channels."""


@dataclass(frozen=True)
class Rated:
    """Trials of one person in one session, loaded; made whole by :func:`check_rated`.

    Attributes
    ----------
    subject, session : str
        Labels.
    channel_names : list of str
        EEG channels, as the file spells them.
    sampling_rate : float
        In Hz.
    signals : list of ndarray of float64, shape (n_channels, n_samples of the trial)
        Per trial what was recorded while the clip played, uV; lengths may differ.
    baselines : list of ndarray of float64, shape (n_channels, n_samples of the baseline), or None
        Per trial the rest before the clip, uV; None where there was none.
    table : DataFrame
        One row per trial, in the order of ``signals``:

        ========== ===== ======================================================
        ``trial``  int   number, unique within the session
        ``clip``   str   what was shown, the same for everybody who watched it
        *rating*   float one column per rating, whole numbers within its range
        ========== ===== ======================================================
    ratings : mapping of str to (int, int)
        Lowest and highest value of the scale of each rating.
    notes : tuple of str, default ()
        What the loader found remarkable, one line each; they belong in the report.
    """

    subject: str
    session: str
    channel_names: list[str]
    sampling_rate: float
    signals: list[NDArray[np.float64]]
    baselines: list[NDArray[np.float64]] | None
    table: pd.DataFrame
    ratings: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_rated(self)

    @property
    def label(self) -> str:
        """Name of the session for messages."""
        return f"subject {self.subject}, session {self.session}"


def check_rated(recording: Rated) -> None:
    """Check a session against the form that :class:`Rated` states.

    Raises
    ------
    DataFault
        Channels are named twice; arrays do not fit the channels or the table; a channel is NaN,
        infinite or flat; a column is missing (with the nearest one), a trial stands twice, a clip
        has no name, or a rating is missing, no whole number or outside its scale. The message
        names the trial, and the channel or the column.
    """
    where = recording.label
    check_names(recording.channel_names, where=where)
    if not recording.sampling_rate > 0:
        raise DataFault(f"a sampling rate of {recording.sampling_rate:g} Hz", where=where)
    check_table(recording.table, recording.ratings, where=where)
    parts = [("clip", recording.signals)]
    if recording.baselines is not None:
        parts.append(("baseline", recording.baselines))
    for part, arrays in parts:
        _check_shapes(arrays, part, recording)
        for trial, array in zip(recording.table["trial"], arrays, strict=True):
            problem = bad_channels(array, recording.channel_names, recording.sampling_rate)
            if problem:
                raise DataFault(
                    f"{part} of trial {trial}: {problem}",
                    where=where,
                    fix="mend the recording, or leave such trials out (option bad_trials='drop')",
                )


def check_table(table: pd.DataFrame, ratings: Mapping[str, tuple[int, int]], *, where: str) -> None:
    """Check the trials table of :class:`Rated`; see :func:`check_rated`."""
    check = TableCheck(table, "trials", "trial", where)
    if not ratings:
        raise DataFault("no rating", where=where)
    check.columns((*COLUMNS, *ratings))
    if table.empty:
        raise DataFault("no clip was watched in this session", where=where)
    check.numbers("trial")
    check.texts("clip")
    check.refuse("trial", table["trial"].duplicated(), "stands twice")
    for name, (low, high) in ratings.items():
        _check_rating(table, name, low, high, where)


def bad_channels(array: NDArray[Any], names: Sequence[str], sampling_rate: float) -> str:
    """Word what is wrong with the channels (n_channels, n_samples) of one trial, or return ""."""
    found = find_bad_channels(array, names, sampling_rate, flat=FLAT_UV, unit="uV")
    shown = [f"{bad.name} {bad.problem} from {bad.time:.2f} s" for bad in found[:5]]
    more = [f"{len(found) - 5} more channels"] if len(found) > 5 else []
    return "; ".join(shown + more)


def make_rated(*, bad_trials: BadTrials = "stop", **parts: Any) -> Rated:
    """Return a :class:`Rated`, without the trials that cannot be used where that is wanted.

    Parameters
    ----------
    bad_trials : {"stop", "drop"}, default "stop"
        "drop" leaves out trials without a rating, and those with NaN, infinite or flat channels,
        and adds a note for each; a rating outside its scale stops in any case.
    **parts
        The attributes of :class:`Rated`.

    Raises
    ------
    DataFault
        As :func:`check_rated`; also if no trial is left.
    """
    if bad_trials == "stop":
        return Rated(**parts)
    table, signals, baselines = parts["table"], parts["signals"], parts["baselines"]
    rest = baselines or [None] * len(signals)
    problems = {
        place: problem
        for place, arrays in enumerate(zip(signals, rest, strict=True))
        if (problem := _problem(table.iloc[place], arrays, parts))
    }
    if len(problems) == len(table):
        what = f"no trial can be used, the first: {next(iter(problems.values()), 'no row')}"
        raise DataFault(what, where=f"subject {parts['subject']}, session {parts['session']}")
    kept = [place for place in range(len(table)) if place not in problems]
    notes = [f"trial {table['trial'].iloc[k]} left out: {why}" for k, why in problems.items()]
    parts["table"] = table.iloc[kept].reset_index(drop=True)
    parts["signals"] = [signals[place] for place in kept]
    parts["baselines"] = baselines and [baselines[place] for place in kept]
    return Rated(**{**parts, "notes": (*parts.get("notes", ()), *notes)})


def _problem(row: Any, arrays: tuple[Any, ...], parts: Mapping[str, Any]) -> str:
    """Word why one trial cannot be used, or return ""."""
    absent = [name for name in parts["ratings"] if not np.isfinite(row[name])]
    if absent:
        return f"{', '.join(absent)} not rated"
    named = zip(("clip", "baseline"), arrays, strict=True)
    found = {
        part: bad_channels(array, parts["channel_names"], parts["sampling_rate"])
        for part, array in named
        if array is not None
    }
    return "; ".join(f"{part}: {problem}" for part, problem in found.items() if problem)


def _check_shapes(arrays: list[NDArray[np.float64]], part: str, recording: Rated) -> None:
    n_channels, trials = len(recording.channel_names), recording.table["trial"]
    if len(arrays) != len(trials):
        what = f"{len(arrays)} signals of the {part} for {len(trials)} trials"
        raise DataFault(what, where=recording.label)
    for trial, array in zip(trials, arrays, strict=True):
        if array.ndim != 2 or array.shape[0] != n_channels or not array.shape[1]:
            raise DataFault(
                f"{part} of trial {trial} has shape {array.shape}",
                where=recording.label,
                fix=f"({n_channels}, n_samples) is wanted: a row per channel",
            )


def _check_rating(table: pd.DataFrame, name: str, low: int, high: int, where: str) -> None:
    values = table[name].to_numpy(float)
    scale = f"the scale is {low} to {high}"
    problems = (
        (~np.isfinite(values), "is missing", "leave such trials out (option bad_trials='drop')"),
        (values != np.round(values), "is no whole number", "round it"),
        ((values < low) | (values > high), "is outside the scale", "mend it or state its scale"),
    )
    for wrong, problem, fix in problems:
        places = np.flatnonzero(wrong)
        if places.size:
            trial, value = table["trial"].iloc[places[0]], values[places[0]]
            more = f" (and {places.size - 1} more)" if places.size > 1 else ""
            what = f"trial {trial}: {name} {value:g} {problem}, {scale}{more}"
            raise DataFault(what, where=where, fix=fix)
