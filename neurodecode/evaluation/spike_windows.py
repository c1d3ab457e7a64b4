"""The window table: what a model of spikes predicts, and what it sees for that, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from neurodecode.evaluation.folds import require
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOWS = ("subject", "session", "start", "stop", "seen_start", "seen_stop")
"""Columns of the table, times in s: the window that is predicted, and all that the model sees of
spikes, stimulus and behaviour, the window included. ``trial`` stands beside them where there are
trials, with their labels."""

SLACK_S = 1e-9
"""Rounding of sums of times."""


def window_table(
    subject: str,
    session: str,
    limits: tuple[float, float],
    trials: pd.DataFrame | None = None,
    *,
    current_s: float,
    past_s: float = 0.0,
    ahead_s: float = 0.0,
    step_s: float | None = None,
    labels: Sequence[str] = (),
) -> pd.DataFrame:
    """Cut a session in windows that lie, with all that is seen for them, inside it.

    Parameters
    ----------
    subject, session : str
        Labels.
    limits : tuple of float
        First and last moment of the recording, s.
    trials : DataFrame, optional
        ``trial``, ``start``, ``stop``; windows then lie inside trials, and what they see, too.
    current_s : float
        Length of a window.
    past_s, ahead_s : float, default=0.0
        How much is seen before and after it. A stimulus clip that ends one window later, as in
        Neuroformer's released code, is ``ahead_s=current_s``.
    step_s : float, optional
        From one window to the next; ``current_s`` by default, so that they do not overlap.
    labels : sequence of str, default=()
        Columns of the trials to carry over, as "stimulus".

    Returns
    -------
    DataFrame
        Columns :data:`WINDOWS`, with trials also ``trial`` and the labels, by time.

    Raises
    ------
    ConfigFault
        If a length is not above 0, or negative.
    DataFault
        If no window fits: "window longer than the recording", with both lengths.
    """
    step = current_s if step_s is None else step_s
    for name, value in {"current_s": current_s, "step_s": step}.items():
        if not value > 0:
            raise ConfigFault(f"{name} {value:g}", fix="give more than 0")
    if past_s < 0 or ahead_s < 0:
        raise ConfigFault(f"past_s {past_s:g}, ahead_s {ahead_s:g}", fix="give 0 or more")
    if trials is None:
        pieces = pd.DataFrame({"start": [limits[0]], "stop": [limits[1]]})
    else:
        require(trials, "trial", "start", "stop", *labels)
        pieces = trials
    needed = past_s + current_s + ahead_s
    starts, rows = [], []
    for row, (start, stop) in enumerate(zip(pieces["start"], pieces["stop"], strict=True)):
        n_windows = int(np.floor((stop - start - needed) / step + 1e-6)) + 1
        starts.append(start + past_s + np.arange(max(0, n_windows)) * step)
        rows.append(np.full(max(0, n_windows), row))
    first, row_of = np.concatenate(starts), np.concatenate(rows)
    if not first.size:
        longest = float((pieces["stop"] - pieces["start"]).max())
        raise DataFault(
            f"a window of {needed:g} s (past {past_s:g}, current {current_s:g}, ahead "
            f"{ahead_s:g}) is longer than the {'recording' if trials is None else 'trials'}, "
            f"{longest:g} s",
            where=f"subject {subject}, session {session}",
            fix="shorten the windows",
        )
    table = pd.DataFrame({
        "subject": subject, "session": session, "start": first, "stop": first + current_s,
        "seen_start": first - past_s, "seen_stop": first + current_s + ahead_s,
    })  # fmt: skip
    if trials is not None:
        for name in ("trial", *labels):
            table[name] = trials[name].to_numpy()[row_of]
    return table


def shared_moments(known: pd.DataFrame, held_out: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which held-out windows see a moment that belongs to, or is seen by, a known one.

    Parameters
    ----------
    known, held_out : DataFrame
        Columns :data:`WINDOWS`.

    Returns
    -------
    ndarray of bool, shape (n_held_out,)
    """
    shared = np.zeros(len(held_out), dtype=bool)
    if known.empty:
        return shared
    columns = ["subject", "session"]
    groups = known.groupby(columns, sort=False).indices
    for key, rows in held_out.groupby(columns, sort=False).indices.items():
        if key not in groups:
            continue
        mine = known.iloc[groups[key]].sort_values("seen_start")
        begun = mine["seen_start"].to_numpy()
        reached = np.maximum.accumulate(mine["seen_stop"].to_numpy())
        asked = held_out.iloc[rows]
        last = np.searchsorted(begun, asked["seen_stop"].to_numpy() - SLACK_S, side="left") - 1
        overlap = reached[np.maximum(last, 0)] > asked["seen_start"].to_numpy() + SLACK_S
        shared[rows] = (last >= 0) & overlap
    return shared
