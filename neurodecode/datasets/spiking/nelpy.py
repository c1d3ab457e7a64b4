"""Hippocampal units of a rat that runs on a linear track or a W-maze (example data of nelpy).

One ``.npz`` per maze: ``spike_time`` (s), ``spike_unit``, ``pos_time`` (s), ``pos_x``, ``pos_y``
(pixels of the camera). While the rat rests elsewhere the tracker repeats one pixel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from neurodecode.datasets.spiking.arrays import load_array
from neurodecode.datasets.spiking.recording import (
    Series,
    SilentUnits,
    SpikeSession,
    make_session,
    spikes_of_trains,
)
from neurodecode.faults import ConfigFault, DataFault, unknown

MAZES = ("linear-track", "w-maze")
KEYS = ("spike_time", "spike_unit", "pos_time", "pos_x", "pos_y")
FROZEN_S = 60.0
"""A pixel repeated for longer is no position: the rat rests off the maze."""
JUMP_S = 0.5
"""A longer step between two frames of the camera is a gap in the tracking."""
SMOOTH_S = 0.25
"""Standard deviation of the Gaussian that smooths positions before they become speed."""

Floats = NDArray[np.float64]


def read_recordings(
    root: Path, subject: str, *, only_run: bool = True, silent_units: SilentUnits = "drop"
) -> list[SpikeSession]:
    """Read one maze.

    Parameters
    ----------
    root : Path
        Folder with ``linear-track.npz`` and ``w-maze.npz``.
    subject : str
        "linear-track" or "w-maze".
    only_run : bool, default True
        Cut the recording to the time between the first and the last tracked position; the rest in
        between stays, without behaviour. False keeps all, 15 and more minutes of rest included.
    silent_units : {"stop", "drop"}, default "drop"
        Some units fire in the rest alone.

    Returns
    -------
    list of SpikeSession
        One. Behaviour: ``x``, ``y`` and ``speed`` (pixels, pixels/s), on the linear track also
        ``position``, along its main axis from 0. ``trials`` are the runs, ``epoch`` "run"; with
        ``only_run=False`` also the rests, "rest".

    Raises
    ------
    ConfigFault
        If the maze is unknown.
    DataFault
        If the file is missing, broken or lacks an array, or the tracker saw nothing.
    """
    if subject not in MAZES:
        raise ConfigFault(unknown("maze", subject, MAZES))
    path = Path(root) / f"{subject}.npz"
    arrays = load_array(path)
    for key in KEYS:
        if key not in arrays:
            raise DataFault(f"no array '{key}', found: {', '.join(arrays)}", where=str(path))
    when, place = _tracking(arrays)
    tracked = ~frozen(when, place)
    if tracked.sum() < 2:
        raise DataFault("the tracker saw no movement", where=str(path))
    times, units, labels = _spikes(arrays, str(path))
    twice = len(arrays["pos_time"]) - len(when)
    limits = (min(times[0], when[0]), max(times[-1], when[-1]))
    if only_run:
        limits = (when[tracked][0], when[tracked][-1])
    inside = (times >= limits[0]) & (times <= limits[1])
    session = make_session(
        subject=subject,
        session="0",
        times=times[inside],
        units=units[inside],
        unit_table=pd.DataFrame({"unit": labels}),
        limits=limits,
        behaviour=_behaviour(when, place, tracked, along=subject == "linear-track"),
        trials=_epochs(when, tracked, limits, only_run=only_run),
        notes=(
            f"{np.mean(~tracked):.0%} of the frames repeat one pixel: no position",
            *([f"{twice} frames have the time of another one, left out"] if twice else []),
        ),
        silent_units=silent_units,
    )
    return [session]


def frozen(when: Floats, place: Floats) -> NDArray[np.bool_]:
    """Return which frames (n,) belong to a pixel (n, 2) repeated for more than ``FROZEN_S``."""
    moved = np.any(np.diff(place, axis=0) != 0, axis=1)
    stay = np.concatenate([[0], np.cumsum(moved)])
    starts = np.flatnonzero(np.concatenate([[True], moved]))
    stops = np.concatenate([starts[1:], [len(when)]]) - 1
    return (when[stops] - when[starts] > FROZEN_S)[stay]


def _tracking(arrays: dict[str, NDArray[Any]]) -> tuple[Floats, Floats]:
    """Return times (n,) and places (n, 2), of frames at one time the first."""
    when, first = np.unique(arrays["pos_time"], return_index=True)
    place = np.column_stack([arrays["pos_x"], arrays["pos_y"]])[first]
    return when.astype(np.float64), place.astype(np.float64)


def _spikes(
    arrays: dict[str, NDArray[Any]], where: str
) -> tuple[Floats, NDArray[np.int64], list[str]]:
    """Return times, units and labels; the file holds one unit after another."""
    names = np.unique(arrays["spike_unit"])
    trains = [arrays["spike_time"][arrays["spike_unit"] == name] for name in names]
    labels = [f"unit-{name:02d}" for name in names]
    return *spikes_of_trains(trains, labels, where=where), labels


def _behaviour(
    when: Floats, place: Floats, tracked: NDArray[np.bool_], *, along: bool
) -> dict[str, Series]:
    speed = np.zeros(len(when))
    for rows in _pieces(when, tracked):
        if len(rows) > 1:
            width = SMOOTH_S / float(np.median(np.diff(when[rows])))
            smooth = gaussian_filter1d(place[rows], width, axis=0, mode="nearest")
            speed[rows] = np.linalg.norm(np.gradient(smooth, when[rows], axis=0), axis=1)
    values = {"x": place[:, 0], "y": place[:, 1], "speed": speed}
    if along:
        values["position"] = along_track(place, tracked)
    return {name: Series(when[tracked], entry[tracked]) for name, entry in values.items()}


def along_track(place: Floats, tracked: NDArray[np.bool_]) -> Floats:
    """Project positions (n, 2) on the main axis of the tracked ones, from 0, in pixels.

    The axis points to the side of larger x, so that the sign does not depend on the solver.
    """
    middle = place[tracked].mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(place[tracked].T))
    axis = axes[:, -1] * np.sign(axes[0, -1])
    projected = (place - middle) @ axis
    along: Floats = np.clip(projected - projected[tracked].min(), 0, None)
    return along


def _pieces(when: Floats, tracked: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Return the frames of each stretch without gap."""
    rows = np.flatnonzero(tracked)
    gaps = (np.diff(rows) > 1) | (np.diff(when[rows]) > JUMP_S)
    return np.split(rows, np.flatnonzero(gaps) + 1)


def _epochs(
    when: Floats, tracked: NDArray[np.bool_], limits: tuple[float, float], *, only_run: bool
) -> pd.DataFrame:
    """Return runs, between frozen stretches, and with ``only_run`` off the rests as well."""
    edges = np.flatnonzero(np.diff(tracked)) + 1
    borders = [limits[0], *when[edges].tolist(), limits[1]]
    kinds = np.resize(["run", "rest"] if tracked[0] else ["rest", "run"], len(borders) - 1)
    if only_run:
        borders = [edge for edge in borders if limits[0] <= edge <= limits[1]]
        borders = sorted({limits[0], *borders, limits[1]})
        kinds = np.resize(["run", "rest"], len(borders) - 1)
    table = pd.DataFrame({"start": borders[:-1], "stop": borders[1:], "epoch": kinds})
    table = table[(table["epoch"] == "run") | (not only_run)].reset_index(drop=True)
    table.insert(0, "trial", np.arange(1, len(table) + 1))
    return table
