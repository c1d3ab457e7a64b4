"""Spike sessions from pynapple objects in memory, by what they can do: pynapple is not imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.spiking.recording import (
    Series,
    SilentUnits,
    SpikeSession,
    make_session,
    spikes_of_trains,
)
from neurodecode.faults import DataFault


class Timed(Protocol):
    """A ``Ts`` or ``Tsd``: times in s, and for ``Tsd`` the values."""

    def times(self) -> NDArray[np.float64]:
        """Return the times in s."""


class Intervals(Protocol):
    """An ``IntervalSet``: starts and ends in s."""

    @property
    def start(self) -> Any:
        """Starts in s."""

    @property
    def end(self) -> Any:
        """Ends in s."""


class Group(Protocol):
    """A ``TsGroup``: units by key, and the time that was recorded."""

    @property
    def time_support(self) -> Intervals:
        """When was recorded."""

    def keys(self) -> Any:
        """Return the keys of the units."""

    def __getitem__(self, key: Any) -> Timed: ...


def session_from_pynapple(
    spikes: Group,
    *,
    subject: str = "1",
    session: str = "0",
    behaviour: Mapping[str, Timed] | None = None,
    trials: Intervals | None = None,
    silent_units: SilentUnits = "stop",
) -> SpikeSession:
    """Return a session made of pynapple objects.

    Parameters
    ----------
    spikes : TsGroup
        A ``Ts`` per unit; its metadata but ``rate`` become columns of the unit table, and its time
        support the limits of the recording (from the first start to the last end).
    subject, session : str, default "1", "0"
        Labels.
    behaviour : mapping of str to Tsd, optional
        One-dimensional; samples that are not finite are left out. Whole numbers are classes.
    trials : IntervalSet, optional
        Its metadata become labels.
    silent_units : {"stop", "drop"}, default "stop"

    Returns
    -------
    SpikeSession

    Raises
    ------
    DataFault
        If a behaviour is not one-dimensional, or as ``check_session``.

    Examples
    --------
    >>> session_from_pynapple(nap.TsGroup(...), behaviour={"speed": speed})  # doctest: +SKIP
    """
    keys = list(spikes.keys())
    labels = [str(key) for key in keys]
    where = f"subject {subject}, session {session}"
    times, units = spikes_of_trains([spikes[key].times() for key in keys], labels, where=where)
    table = pd.DataFrame({"unit": labels})
    facts = _metadata(spikes).drop(columns=["rate", "unit"], errors="ignore")
    for name in facts:
        table[str(name)] = facts[name].to_numpy()
    support = spikes.time_support
    return make_session(
        subject=subject,
        session=session,
        times=times,
        units=units,
        unit_table=table,
        limits=(float(np.min(support.start)), float(np.max(support.end))),
        behaviour={name: _series(name, tsd, where) for name, tsd in (behaviour or {}).items()},
        trials=None if trials is None else _trials(trials),
        silent_units=silent_units,
    )


def _series(name: str, tsd: Timed, where: str) -> Series:
    values = np.asarray(getattr(tsd, "values", None))
    if values.ndim != 1:
        what = f"behaviour '{name}' has values of shape {values.shape}"
        raise DataFault(what, where=where, fix="give a Tsd, one column of a TsdFrame")
    kind = np.int64 if values.dtype.kind in "iub" else np.float64
    finite = np.isfinite(values)
    return Series(np.asarray(tsd.times(), dtype=np.float64)[finite], values[finite].astype(kind))


def _trials(intervals: Intervals) -> pd.DataFrame:
    starts, stops = np.asarray(intervals.start, float), np.asarray(intervals.end, float)
    table = pd.DataFrame({"trial": np.arange(1, len(starts) + 1), "start": starts, "stop": stops})
    facts = _metadata(intervals).drop(columns=list(table.columns), errors="ignore")
    for name in facts:
        table[str(name)] = facts[name].to_numpy()
    return table


def _metadata(thing: Any) -> pd.DataFrame:
    """Return the metadata, which pynapple before 0.8 does not have."""
    found = getattr(thing, "metadata", None)
    return found if isinstance(found, pd.DataFrame) else pd.DataFrame()
