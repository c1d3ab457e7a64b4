"""One recording of one population of units: spike times, and what was seen and done meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.spiking.recording_checks import check_session
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

SilentUnits = Literal["stop", "drop"]
"""What a loader does with units that have no spike."""


class Stimulus(NamedTuple):
    """Frames that were shown.

    Attributes
    ----------
    frames : ndarray of float32, shape (n_frames, height, width)
        Luminance, in any unit.
    frame_times : ndarray of float64, shape (n_frames,)
        When each frame appeared, s on the clock of the spikes.
    """

    frames: NDArray[np.float32]
    frame_times: NDArray[np.float64]


class Series(NamedTuple):
    """One behaviour variable.

    Attributes
    ----------
    times : ndarray of float64, shape (n_samples,)
        In s on the clock of the spikes, increasing; gaps are allowed.
    values : ndarray of float64 or int64, shape (n_samples,)
        A quantity; whole numbers are classes.
    """

    times: NDArray[np.float64]
    values: NDArray[Any]

    @property
    def is_class(self) -> bool:
        """Whether the values are classes."""
        return bool(np.issubdtype(self.values.dtype, np.integer))


@dataclass(frozen=True, eq=False)
class SpikeSession:
    """One recording of one population; checked by ``check_session`` when it is made.

    Attributes
    ----------
    subject, session : str
        Labels.
    times : ndarray of float64, shape (n_spikes,)
        Spike times in s, not decreasing.
    units : ndarray of int64, shape (n_spikes,)
        Row of the unit table that each spike belongs to.
    unit_table : DataFrame
        A row per unit, at least its label in ``unit``; a position or a brain area where known.
    limits : tuple of float
        First and last moment that was recorded, s.
    stimulus : Stimulus or None
    behaviour : mapping of str to Series
        By name, as "speed".
    trials : DataFrame or None
        ``trial`` (unique), ``start`` and ``stop`` (s), and any labels; sorted, not overlapping.
    notes : tuple of str, default ()
        What the loader found remarkable, one line each; they belong in the report.
    silent : tuple of str or None, default ()
        Labels of units without a spike, which were left out; None where the files list no units,
        so that nobody knows whether there were any.
    """

    subject: str
    session: str
    times: NDArray[np.float64]
    units: NDArray[np.int64]
    unit_table: pd.DataFrame
    limits: tuple[float, float]
    stimulus: Stimulus | None = None
    behaviour: Mapping[str, Series] = field(default_factory=dict)
    trials: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    silent: tuple[str, ...] | None = ()

    def __post_init__(self) -> None:
        check_session(self)

    @property
    def label(self) -> str:
        """Name of the session for messages."""
        return f"subject {self.subject}, session {self.session}"

    @property
    def n_units(self) -> int:
        """Number of rows of the unit table."""
        return len(self.unit_table)

    @property
    def duration(self) -> float:
        """Length of the recording in s."""
        return self.limits[1] - self.limits[0]

    def series(self, name: str) -> Series:
        """Return a behaviour variable, or raise ConfigFault with the nearest name."""
        if name not in self.behaviour:
            what = unknown("behaviour variable", name, self.behaviour)
            raise ConfigFault(what, where=self.label)
        return self.behaviour[name]

    def counts(self, edges: NDArray[np.float64]) -> NDArray[np.int64]:
        """Count the spikes of every unit between edges.

        Parameters
        ----------
        edges : ndarray, shape (n_bins + 1,)
            Increasing, s; a bin holds ``[edge, next edge)``.

        Returns
        -------
        ndarray of int64, shape (n_units, n_bins)
        """
        n_bins = len(edges) - 1
        place = np.searchsorted(edges, self.times, side="right") - 1
        inside = (place >= 0) & (place < n_bins)
        flat = np.bincount(
            self.units[inside] * n_bins + place[inside], minlength=self.n_units * n_bins
        )
        return flat.reshape(self.n_units, n_bins).astype(np.int64)

    def trains(self) -> list[NDArray[np.float64]]:
        """Return the spike times of each unit, in the order of the unit table."""
        order = np.argsort(self.units, kind="stable")
        ends = np.cumsum(np.bincount(self.units, minlength=self.n_units))[:-1]
        return np.split(self.times[order], ends)


def make_session(*, silent_units: SilentUnits = "stop", **parts: Any) -> SpikeSession:
    """Return a :class:`SpikeSession`, without the units that never fire where that is wanted.

    Parameters
    ----------
    silent_units : {"stop", "drop"}, default "stop"
        "drop" leaves out units without a spike and adds a note; the others move up.
    **parts
        The attributes of :class:`SpikeSession`.

    Raises
    ------
    ConfigFault
        If ``silent_units`` is unknown.
    DataFault
        As ``check_session``; also if no unit is left.
    """
    if silent_units not in ("stop", "drop"):
        raise ConfigFault(unknown("answer to silent units", silent_units, ("stop", "drop")))
    table = parts["unit_table"]
    fires = np.bincount(parts["units"], minlength=len(table))[: len(table)] > 0
    if silent_units == "stop" or fires.all():
        return SpikeSession(**parts)
    if not fires.any():
        where = f"subject {parts['subject']}, session {parts['session']}"
        raise DataFault("no unit has a spike", where=where)
    silent = tuple(str(name) for name in table["unit"][~fires])
    told = f"units without a spike left out: {', '.join(silent)}"
    parts["notes"], parts["silent"] = (*parts.get("notes", ()), told), silent
    parts["units"] = (np.cumsum(fires) - 1)[parts["units"]]
    parts["unit_table"] = table[fires].reset_index(drop=True)
    return SpikeSession(**parts)


def spikes_of_trains(
    trains: Sequence[NDArray[Any]], labels: Sequence[str], *, where: str
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Merge the spike times of several units into one sorted train.

    Parameters
    ----------
    trains : sequence of ndarray
        Spike times of each unit, s.
    labels : sequence of str
        Their names, for messages.
    where : str
        File they were read from.

    Returns
    -------
    times : ndarray of float64, shape (n_spikes,)
    units : ndarray of int64, shape (n_spikes,)
        Place of the unit in ``trains``; of spikes at one time the lower comes first.

    Raises
    ------
    DataFault
        If the times of a unit are not finite or out of order, naming unit, spike and time.
    """
    arrays = [np.asarray(train, dtype=np.float64).ravel() for train in trains]
    for label, train in zip(labels, arrays, strict=True):
        _check_train(train, label, where)
    times = np.concatenate(arrays) if arrays else np.empty(0)
    units = np.repeat(np.arange(len(arrays)), [len(train) for train in arrays])
    order = np.argsort(times, kind="stable")
    return times[order], units[order].astype(np.int64)


def _check_train(train: NDArray[np.float64], label: str, where: str) -> None:
    wrong = np.flatnonzero(~np.isfinite(train))
    if wrong.size:
        what = f"unit {label}: the time of spike {wrong[0]} is {train[wrong[0]]}"
        raise DataFault(what, where=where, fix="remove such spikes")
    back = np.flatnonzero(np.diff(train) < 0)
    if back.size:
        place = int(back[0])
        raise DataFault(
            f"unit {label}: spike {place + 1} at {train[place + 1]:.4f} s comes after one at "
            f"{train[place]:.4f} s",
            where=where,
            fix="sort the times of every unit; if they restart, several files were joined",
        )
