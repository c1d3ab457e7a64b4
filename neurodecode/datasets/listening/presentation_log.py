"""Logs of the Presentation software, and their clock set by the triggers of the recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

TICK_S = 1e-4
"""Unit of all times in a Presentation log, s."""

RANK_CORRELATION = 0.9999

_TIE = 1e-6  # breaks ties between edits of the same number, never outweighs an edit
_CLOSE_S = 0.1


def read_log(path: Path) -> pd.DataFrame:
    """Return the event table of a log: event_type, code, and time in s of the log's clock.

    A log has a header, a tab-separated table whose first column is Subject, and a second table
    that repeats the stimuli. Only the first table of the first scenario is read; rows that a line
    break after a full stop has cut in two are joined.

    Raises
    ------
    DataFault
        If the file is missing or has no such table, or a time is not a number.
    """
    if not path.is_file():
        raise DataFault("log file not found", where=str(path))
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
    lines = text.replace(".\n", ".").split("\n")
    begin = next((k for k, line in enumerate(lines) if line.startswith("Subject\t")), None)
    if begin is None:
        raise DataFault("not a Presentation log: no line begins with Subject", where=str(path))
    header = lines[begin].split("\t")
    columns = [header.index(name) for name in ("Event Type", "Code", "Time") if name in header]
    if len(columns) < 3:
        raise DataFault(f"log with columns {', '.join(header)}", where=str(path))
    rows = []
    for number, line in enumerate(lines[begin + 1 :], start=begin + 2):
        cells = line.split("\t")
        if line.startswith(("Event Type\t", "Scenario")):
            break
        if len(cells) > max(columns):
            kind, code, time = (cells[column] for column in columns)
            rows.append((kind, code, _seconds(time, path, number)))
    return pd.DataFrame(rows, columns=["event_type", "code", "time"])


def match_sequences(
    first: Sequence[int], second: Sequence[int], doubt: NDArray[np.bool_] | None = None
) -> tuple[list[int], list[int]]:
    """Return the places of two sequences that stay when one is edited into the other.

    The Levenshtein distance (insert, delete, replace, each at cost 1) is the least number of
    edits; places that are inserted, deleted or replaced are left out.

    Parameters
    ----------
    first, second : sequence of int
    doubt : ndarray of bool, shape (len(first), len(second)), default None
        Pairs to avoid where several edits are equally short.

    Returns
    -------
    (list of int, list of int)
        Equal lengths; ``first[a[k]] == second[b[k]]``.
    """
    same = np.equal.outer(np.asarray(first), np.asarray(second))
    pair = np.where(same, 0.0, 1.0)
    if doubt is not None:
        pair += _TIE * doubt
    n, m = pair.shape
    cost = np.add.outer(np.arange(n + 1.0), np.arange(m + 1.0))
    for i in range(n):
        for j in range(m):
            cost[i + 1, j + 1] = min(
                cost[i, j] + pair[i, j], cost[i, j + 1] + 1, cost[i + 1, j] + 1
            )
    return _trace(cost, pair, same)


def set_clock(
    log_times: NDArray[np.float64],
    anchors: NDArray[np.intp],
    kinds: Sequence[int],
    trigger_times: NDArray[np.float64],
    triggers: Sequence[int],
    *,
    where: str,
) -> tuple[NDArray[np.float64], float]:
    """Return the time of every row of a log in the recording.

    Anchor rows and triggers are matched by edit distance of their kinds, and by their times where
    that leaves a choice. A matched anchor gets
    the time of its trigger; every other row the time of the last matched anchor before it (the
    first, for earlier rows) plus the interval that the log gives.

    Parameters
    ----------
    log_times : ndarray, shape (n_rows,)
        s, clock of the log.
    anchors : ndarray of int
        Rows of the log that have a trigger.
    kinds : sequence of int
        Expected trigger code of each anchor.
    trigger_times : ndarray, shape (n_triggers,)
        s in the recording.
    triggers : sequence of int
        Code of each.
    where : str
        Recording, for messages.

    Returns
    -------
    (ndarray of float, shape (n_rows,), float)
        Times in the recording, s; and the largest difference between the intervals of log and
        triggers from one matched anchor to the next, s.

    Raises
    ------
    DataFault
        If fewer than two anchors match, or the rank correlation of the matched times is not
        above 0.9999.
    """
    a, b = match_sequences(kinds, triggers, _off_clock(log_times[anchors], trigger_times))
    if len(a) < 2:
        what = f"{len(a)} of {len(kinds)} events of the log match {len(triggers)} triggers"
        raise DataFault(what, where=where, fix="is the log of another participant?")
    rows, times = anchors[a], trigger_times[b]
    rank = float(spearmanr(log_times[rows], times).statistic)
    if not rank > RANK_CORRELATION:
        raise DataFault(
            f"log and triggers do not run in parallel, rank correlation {rank:.4f}",
            where=where,
            fix="is the log of another participant, or written twice?",
        )
    last = np.clip(np.searchsorted(rows, np.arange(len(log_times)), side="right") - 1, 0, None)
    drift = np.abs(np.diff(times) - np.diff(log_times[rows])).max()
    return times[last] + log_times - log_times[rows[last]], float(drift)


def _trace(
    cost: NDArray[np.float64], pair: NDArray[np.float64], same: NDArray[np.bool_]
) -> tuple[list[int], list[int]]:
    """Walk the cheapest way back from the end, keeping the pairs that are the same."""
    i, j = pair.shape
    kept: list[tuple[int, int]] = []
    while i and j:
        if cost[i, j] == cost[i - 1, j - 1] + pair[i - 1, j - 1]:
            i, j = i - 1, j - 1
            if same[i, j]:
                kept.append((i, j))
        elif cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
        else:
            j -= 1
    kept.reverse()
    return [i for i, _ in kept], [j for _, j in kept]


def _off_clock(
    log_times: NDArray[np.float64], trigger_times: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return the pairs whose times do not differ by what most pairs differ by.

    When one of several equal triggers in a row is lost, the codes cannot tell which.
    """
    apart = np.subtract.outer(trigger_times, log_times).T
    bins, counts = np.unique(np.round(apart / _CLOSE_S), return_counts=True)
    return np.abs(apart - bins[counts.argmax()] * _CLOSE_S) > 2 * _CLOSE_S


def _seconds(time: str, path: Path, line: int) -> float:
    try:
        return float(time) * TICK_S
    except ValueError as error:
        raise DataFault(f"line {line}: time {time!r} is not a number", where=str(path)) from error
