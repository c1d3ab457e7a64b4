"""The stretch table: contiguous parts of rated trials, one row each.

A protocol divides stretches, never windows: windows are cut afterwards, inside one stretch, so
that no window reaches from one part into another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodecode.evaluation.folds import require
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

STRETCHES = ("row", "subject", "session", "trial", "clip", "start", "stop", "level")
"""Columns of the table: ``row`` is the place on the trial axis of the subject's store, ``start``
and ``stop`` are samples (``stop`` excluded), ``level`` is the rating less the lowest one."""

OF_TRIAL = ["subject", "row"]
"""Columns that tell trials apart: a store per subject."""


def whole_trials(
    trials: pd.DataFrame, n_samples: int, rating: str, scale: tuple[int, int]
) -> pd.DataFrame:
    """Return one stretch per trial of one subject's store.

    Parameters
    ----------
    trials : DataFrame
        The store's table: ``subject, session, trial, clip`` and the rating column, in the order
        of the store's trial axis.
    n_samples : int
        Length of its trials.
    rating : str
        Column, such as "valence".
    scale : tuple of int
        Lowest and highest possible rating.

    Returns
    -------
    DataFrame
        Columns :data:`STRETCHES`; ``level`` is int64 from 0.

    Raises
    ------
    DataFault
        If a column is missing, or a rating is missing, not whole or outside the scale, naming
        subject and trial.
    """
    require(trials, "subject", "session", "trial", "clip", rating)
    given = pd.to_numeric(trials[rating], errors="coerce").to_numpy(float)
    low, high = scale
    wrong = ~((given >= low) & (given <= high) & (given == np.floor(given)))
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        row = trials.iloc[place]
        raise DataFault(
            f"{rating} is {row[rating]}, not a whole number from {low} to {high}"
            + (f" ({int(wrong.sum())} such trials)" if wrong.sum() > 1 else ""),
            where=f"subject {row['subject']}, session {row['session']}, trial {row['trial']}",
            fix="correct the rating, the scale in the card, or leave the trial out",
        )
    table = trials[["subject", "session", "trial", "clip"]].reset_index(drop=True)
    table = table.assign(row=np.arange(len(trials)), start=0, stop=n_samples)
    table["level"] = (given - low).astype(np.int64)
    return table[list(STRETCHES)]


def cut_pieces(stretches: pd.DataFrame, n_pieces: int) -> pd.DataFrame:
    """Cut every stretch into contiguous pieces whose lengths differ by at most one sample.

    Returns
    -------
    DataFrame
        A row per piece, with its number from 0 in ``piece``.

    Raises
    ------
    ConfigFault
        If fewer than two pieces are asked for.
    DataFault
        If a stretch has fewer samples than pieces.
    """
    if n_pieces < 2:
        raise ConfigFault(f"{n_pieces} pieces of a trial", fix="give 2 or more")
    _require_length(stretches, n_pieces, f"{n_pieces} pieces")
    lengths = (stretches["stop"] - stretches["start"]).to_numpy()
    edges = lengths[:, None] * np.arange(n_pieces + 1) // n_pieces
    return _cut(stretches, [row[:-1] for row in edges], [row[1:] for row in edges])


def cut_first(stretches: pd.DataFrame, n_samples: int) -> pd.DataFrame:
    """Cut every stretch in its first ``n_samples`` (``piece`` 0) and the rest (``piece`` 1).

    Raises
    ------
    ConfigFault
        If ``n_samples`` is below 1.
    DataFault
        If nothing would be left of a stretch.
    """
    if n_samples < 1:
        raise ConfigFault(f"a first part of {n_samples} samples", fix="give 1 or more")
    _require_length(stretches, n_samples + 1, f"a first part of {n_samples} samples and a rest")
    lengths = (stretches["stop"] - stretches["start"]).tolist()
    edges = [np.array([0, n_samples, length]) for length in lengths]
    return _cut(stretches, [row[:-1] for row in edges], [row[1:] for row in edges])


def cut_windows(stretches: pd.DataFrame, window_samples: int) -> pd.DataFrame:
    """Cut every stretch in windows that follow one another; a shorter rest is left out.

    Raises
    ------
    DataFault
        If a stretch is shorter than a window.
    """
    _require_length(stretches, window_samples, f"a window of {window_samples} samples")
    counts = ((stretches["stop"] - stretches["start"]) // window_samples).tolist()
    starts = [np.arange(count) * window_samples for count in counts]
    return _cut(stretches, starts, [row + window_samples for row in starts])


def merge_touching(stretches: pd.DataFrame) -> pd.DataFrame:
    """Join stretches of one trial where the next begins at or before the end of the last.

    Returns
    -------
    DataFrame
        By trial and time, without ``piece``; windows cut from it may cross the former border.
    """
    table = stretches.sort_values([*OF_TRIAL, "start"], ignore_index=True)
    trial = table.groupby(OF_TRIAL, sort=False).ngroup().to_numpy()
    reached = table.groupby(trial)["stop"].cummax().to_numpy()
    new = np.ones(len(table), dtype=bool)
    new[1:] = (trial[1:] != trial[:-1]) | (table["start"].to_numpy()[1:] > reached[:-1])
    joined = table[new].reset_index(drop=True)
    joined["stop"] = pd.Series(reached).groupby(np.cumsum(new)).max().to_numpy()
    return joined[list(STRETCHES)]


def consensus_levels(stretches: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return for each stretch the level that its clip was given most often.

    The published "correction" of the labels of source subjects. Every trial has one vote, however
    many stretches it is cut in; of equally frequent levels the lowest is taken.

    Parameters
    ----------
    stretches : DataFrame
        Of the source subjects alone: the target's ratings must not vote.

    Returns
    -------
    ndarray of int64, shape (n_stretches,)
    """
    require(stretches, *STRETCHES)
    votes = stretches.drop_duplicates(OF_TRIAL)
    counted = pd.crosstab(votes["clip"], votes["level"])
    most = counted.idxmax(axis=1)  # the first of equals; columns are sorted
    return np.asarray(stretches["clip"].map(most), dtype=np.int64)


def shared_samples(known: pd.DataFrame, held_out: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which held-out stretches have a recorded sample in common with a known one.

    Parameters
    ----------
    known, held_out : DataFrame
        Columns of :data:`STRETCHES`.

    Returns
    -------
    ndarray of bool, shape (n_held_out,)
    """
    if known.empty or held_out.empty:
        return np.zeros(len(held_out), dtype=bool)
    both = pd.concat([known, held_out], ignore_index=True)
    trial = both.groupby(OF_TRIAL, sort=False).ngroup().to_numpy(np.int64)
    axis = trial * (int(both["stop"].max()) + 1)  # trials one after another on one axis
    start, stop = axis + both["start"].to_numpy(), axis + both["stop"].to_numpy()
    order = np.argsort(start[: len(known)], kind="stable")
    begun = start[: len(known)][order]
    reached = np.maximum.accumulate(stop[: len(known)][order])
    last = np.searchsorted(begun, stop[len(known) :], side="left") - 1
    return np.asarray((last >= 0) & (reached[np.maximum(last, 0)] > start[len(known) :]))


def _cut(
    stretches: pd.DataFrame,
    starts: Sequence[npt.NDArray[np.int64]],
    stops: Sequence[npt.NDArray[np.int64]],
) -> pd.DataFrame:
    """Return a row per piece; starts and stops count from the start of each stretch."""
    counts = [len(row) for row in starts]
    table = stretches.loc[stretches.index.repeat(counts)].reset_index(drop=True)
    origin = table["start"].to_numpy()
    return table.assign(
        start=origin + np.concatenate(starts),
        stop=origin + np.concatenate(stops),
        piece=np.concatenate([np.arange(count) for count in counts]),
    )


def _require_length(stretches: pd.DataFrame, least: int, purpose: str) -> None:
    require(stretches, *STRETCHES)
    lengths = (stretches["stop"] - stretches["start"]).to_numpy()
    if lengths.min() < least:
        row = stretches.iloc[int(lengths.argmin())]
        raise DataFault(
            f"{lengths.min()} samples are too short for {purpose}",
            where=f"subject {row['subject']}, session {row['session']}, trial {row['trial']}",
            fix="leave the trial out, or ask for less",
        )
