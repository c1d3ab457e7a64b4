"""The form that a spike session must have; each departure is one clear fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.recording import TableCheck
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.datasets.spiking.recording import Series, SpikeSession, Stimulus

LONGER = 20.0
"""Behaviour this many times longer than the recording has another unit of time: ms, or frames."""

SLACK_S = 1e-6
"""Trials and spikes may exceed the limits by this much: rounding in the files."""


def check_session(session: SpikeSession) -> None:
    """Check a session against the form that ``SpikeSession`` states.

    Raises
    ------
    DataFault
        The limits are empty; spikes are not finite, out of order, outside the recording or of a
        unit that is not in the table; two units have one label; a unit has no spike; frames and
        their times do not fit; behaviour is not finite, out of order or on another clock; trials
        overlap, stand twice or leave the recording. The message names unit, spike, time or trial.
    """
    start, stop = session.limits
    if not (np.isfinite(start) and np.isfinite(stop) and stop > start):
        what = f"the recording runs from {start} to {stop} s"
        raise DataFault(what, where=session.label, fix="give the first and last moment recorded")
    _check_units(session)
    _check_spikes(session)
    if session.stimulus is not None:
        _check_stimulus(session.stimulus, session)
    for name, series in session.behaviour.items():
        _check_series(name, series, session)
    if session.trials is not None:
        check_trials(session.trials, session.limits, where=session.label)


def check_trials(trials: pd.DataFrame, limits: tuple[float, float], *, where: str) -> None:
    """Check a table of trials: columns, order, overlap, and that they lie in the recording.

    Parameters
    ----------
    trials : DataFrame
        ``trial``, ``start``, ``stop`` (s).
    limits : tuple of float
        First and last moment of the recording, s.
    where : str
        For messages.

    Raises
    ------
    DataFault
        For the first wrong trial, with its times.
    """
    check = TableCheck(trials, "trials", "trial", where)
    check.columns(("trial", "start", "stop"))
    if trials.empty:
        raise DataFault("no trial in the table", where=where, fix="give none, or mend the table")
    check.refuse("trial", trials["trial"].duplicated(), "stands twice")
    starts, stops = trials["start"].to_numpy(float), trials["stop"].to_numpy(float)
    low, high = limits[0] - SLACK_S, limits[1] + SLACK_S
    problems = (
        (~(np.isfinite(starts) & np.isfinite(stops)), "has no start or stop"),
        (stops <= starts, "stops before it starts"),
        (
            (starts < low) | (stops > high),
            f"is outside the recording, {limits[0]:.3f} to {limits[1]:.3f} s",
        ),
        (np.r_[False, starts[1:] < stops[:-1] - SLACK_S], "begins before the one before it stops"),
    )
    for wrong, problem in problems:
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise DataFault(
                f"trial {trials['trial'].iloc[place]} ({starts[place]:.3f} to "
                f"{stops[place]:.3f} s) {problem}{_more(wrong)}",
                where=where,
                fix="put trials and spikes on one clock, in seconds, in the order of time",
            )


def _check_units(session: SpikeSession) -> None:
    table, where = session.unit_table, session.label
    check = TableCheck(table, "unit", "unit", where)
    check.columns(("unit",))
    if table.empty:
        raise DataFault("no unit in the table", where=where)
    check.texts("unit")
    check.refuse("unit", table["unit"].duplicated(), "stands twice")
    units = session.units
    if units.shape != session.times.shape or units.dtype.kind not in "iu":
        what = (
            f"units of shape {units.shape} and type {units.dtype} for {session.times.size} spikes"
        )
        raise DataFault(what, where=where, fix="give the row of the unit table for every spike")
    strange = (units < 0) | (units >= len(table))
    if strange.any():
        place = int(np.flatnonzero(strange)[0])
        what = f"spike {place} is of unit {units[place]}, the table has rows 0 to {len(table) - 1}"
        raise DataFault(f"{what}{_more(strange)}", where=where)


def _check_spikes(session: SpikeSession) -> None:
    times, where = session.times, session.label
    with np.errstate(invalid="ignore"):  # of times that are not finite, which are told first
        back = np.diff(times, prepend=-np.inf) < 0
    problems: tuple[tuple[NDArray[np.bool_], str, str], ...] = (
        (~np.isfinite(times), "is not finite", "remove it"),
        (back, "is earlier than the spike before", "sort the spikes"),
        (
            (times < session.limits[0] - SLACK_S) | (times > session.limits[1] + SLACK_S),
            f"is outside the recording, {session.limits[0]:.3f} to {session.limits[1]:.3f} s",
            "mend the limits, or check the unit of time (s)",
        ),
    )
    for wrong, problem, fix in problems:
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            unit = session.unit_table["unit"].iloc[int(session.units[place])]
            what = f"spike {place} of unit {unit} at {times[place]:.4f} s {problem}{_more(wrong)}"
            raise DataFault(what, where=where, fix=fix)
    silent = np.bincount(session.units, minlength=session.n_units) == 0
    if silent.any():
        names = ", ".join(session.unit_table["unit"][silent].head(5))
        raise DataFault(
            f"unit {names} has no spike{_more(silent, shown=5)}",
            where=where,
            fix="leave such units out (option silent_units='drop')",
        )


def _check_stimulus(stimulus: Stimulus, session: SpikeSession) -> None:
    frames, times = stimulus
    if frames.ndim != 3 or len(frames) != len(times):
        raise DataFault(
            f"frames of shape {frames.shape} with {len(times)} times",
            where=session.label,
            fix="(n_frames, height, width) and a time for each are wanted",
        )
    _check_clock("frames", times, session)
    finite = np.isfinite(frames.reshape(len(frames), -1)).all(axis=1)
    if not finite.all():
        place = int(np.flatnonzero(~finite)[0])
        what = f"frame {place} at {times[place]:.3f} s has values that are not finite"
        raise DataFault(f"{what}{_more(~finite)}", where=session.label)


def _check_series(name: str, series: Series, session: SpikeSession) -> None:
    kind, where = f"behaviour '{name}'", session.label
    times, values = series
    if values.shape != times.shape or times.ndim != 1:
        what = f"{kind}: {values.shape} values for {times.shape} times"
        raise DataFault(what, where=where, fix="one value for each time is wanted")
    if values.dtype.kind not in "fiu":
        what = f"{kind}: values of type {values.dtype}"
        raise DataFault(what, where=where, fix="give numbers, or whole numbers for classes")
    _check_clock(kind, times, session)
    wrong = ~np.isfinite(values)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        what = f"{kind} at {times[place]:.3f} s is {values[place]}{_more(wrong)}"
        raise DataFault(what, where=where, fix="leave such samples out; gaps are allowed")


def _check_clock(kind: str, times: NDArray[np.float64], session: SpikeSession) -> None:
    """Require increasing times that share the clock of the spikes."""
    where = session.label
    if times.size < 2:
        raise DataFault(f"{kind}: {times.size} samples", where=where, fix="leave it out")
    with np.errstate(invalid="ignore"):
        back = ~np.isfinite(times) | (np.diff(times, prepend=-np.inf) <= 0)
    if back.any():
        place = int(np.flatnonzero(back)[0])
        what = f"{kind}: sample {place} at {times[place]:.4f} s does not follow the one before"
        raise DataFault(f"{what}{_more(back)}", where=where, fix="sort by time, each time once")
    (start, stop), first, last = session.limits, float(times[0]), float(times[-1])
    shared = min(stop, last) - max(start, first)
    span = last - first
    if shared < 0.5 * min(span, session.duration) or span > LONGER * session.duration:
        raise DataFault(
            f"{kind} runs from {first:.3f} to {last:.3f} s, the spikes from {start:.3f} to "
            f"{stop:.3f} s: they are on different clocks",
            where=where,
            fix="give both in seconds on one clock (samples or ms, or another start?)",
        )


def _more(wrong: Any, *, shown: int = 1) -> str:
    extra = int(np.sum(wrong)) - shown
    return f" (and {extra} more)" if extra > 0 else ""
