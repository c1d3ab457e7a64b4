"""Spike sessions in NWB files, as DANDI holds them; pynwb reads them (extra ``spikes``).

Units come from the file's table of units, trials from its table of trials. Which time series are
behaviour and which is the stimulus differs between laboratories, so they are named by the user.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.sniff import sniff
from neurodecode.datasets.spiking import nwb_files
from neurodecode.datasets.spiking.recording import (
    Series,
    SilentUnits,
    SpikeSession,
    Stimulus,
    make_session,
    spikes_of_trains,
)
from neurodecode.faults import ConfigFault, DataFault, package_missing, unknown

_HEAVY = ("spike_times", "obs_intervals", "electrodes", "electrode_group", "waveform_mean",
          "waveform_sd", "waveforms", "timeseries", "timeseries_index")  # fmt: skip
"""Columns that are not taken into the tables of units and trials."""


def read_recordings(
    root: Path,
    subject: str,
    *,
    behaviour: Mapping[str, str] | None = None,
    stimulus: str | None = None,
    units_where: Mapping[str, Any] | None = None,
    limits: tuple[float, float] | None = None,
    silent_units: SilentUnits = "stop",
) -> list[SpikeSession]:
    """Read all NWB files of one subject.

    Parameters
    ----------
    root : Path
        Folder with ``sub-LABEL/*.nwb``, as ``dandi download`` leaves it, or ``sub-LABEL_*.nwb``.
    subject : str
        Label.
    behaviour : mapping of str to str, default None
        Variable to the name of its time series in the file; ``NAME:k`` is its column k from 0, as
        ``{speed: running_speed, x: "position:0"}``.
    stimulus : str, default None
        Name of an image series with data, whose frames were shown.
    units_where : mapping, default None
        Keep units whose columns have these values, as ``{quality: good}``.
    limits : tuple of float, default None
        First and last moment, s; None: from the first spike or trial to the last.
    silent_units : {"stop", "drop"}, default "stop"

    Returns
    -------
    list of SpikeSession
        One per file, by its name; the session is the file's, after ``ses-``, or its name.

    Raises
    ------
    ConfigFault
        If pynwb is not installed, or a column or a time series is unknown, with the nearest.
    DataFault
        If there is no file, a file is broken or has no units, or as ``check_session``.
    """
    label = subject.removeprefix("sub-")
    files = nwb_files(Path(root), label)
    if not files:
        valid = sorted({path.name[4:].split("_")[0] for path in Path(root).rglob("sub-*.nwb")})
        raise DataFault(unknown("subject", label, valid), where=str(root))
    return [
        read_file(
            path,
            label,
            behaviour=behaviour or {},
            stimulus=stimulus,
            units_where=units_where or {},
            limits=limits,
            silent_units=silent_units,
        )
        for path in files
    ]


@contextmanager
def open_nwb(path: Path) -> Iterator[Any]:
    """Yield the ``pynwb.NWBFile`` of a file, opened to read.

    Raises
    ------
    ConfigFault
        If pynwb is not installed.
    DataFault
        If the file is an error page, cut short or no NWB file.
    """
    try:
        from pynwb import NWBHDF5IO
    except ModuleNotFoundError as error:
        raise package_missing(error, "an NWB file") from error
    sniff(path, name=f"{path.name}.h5")
    try:
        handle = NWBHDF5IO(str(path), "r", load_namespaces=True)
        content = handle.read()
    except (OSError, ValueError, KeyError, TypeError) as error:
        fix = "fetch it again"
        raise DataFault(f"not a whole NWB file: {error}", where=str(path), fix=fix) from error
    try:
        yield content
    finally:
        handle.close()


def read_file(
    path: Path,
    subject: str,
    *,
    behaviour: Mapping[str, str],
    stimulus: str | None = None,
    units_where: Mapping[str, Any],
    limits: tuple[float, float] | None = None,
    silent_units: SilentUnits = "stop",
    leave_out: bool = False,
) -> SpikeSession:
    """Read one NWB file.

    Parameters
    ----------
    path : Path
    subject : str
        Its label.
    behaviour, stimulus, units_where, limits, silent_units
        See :func:`read_recordings`.
    leave_out : bool, default False
        Go on without the time series that the file does not have.

    Raises
    ------
    ConfigFault, DataFault
        See :func:`read_recordings`.
    """
    with open_nwb(path) as content:
        if leave_out:
            names = {entry.name for entry in content.objects.values()}
            behaviour = {k: v for k, v in behaviour.items() if v.partition(":")[0] in names}
            stimulus = stimulus if stimulus in names else None
        if content.units is None or "spike_times" not in content.units.colnames:
            raise DataFault("no units with spike times", where=str(path))
        table, trains = _units(content.units, units_where, path)
        times, units = spikes_of_trains(trains, table["unit"].tolist(), where=str(path))
        series = {name: _series(content, wanted, path) for name, wanted in behaviour.items()}
        frames = _frames(content, stimulus, path) if stimulus else None
        trials = _trials(content.trials)
    if limits is None:
        limits = span_of(times, trials)
    return make_session(
        subject=subject,
        session=_session_of(path),
        times=times,
        units=units,
        unit_table=table,
        limits=(float(limits[0]), float(limits[1])),
        stimulus=frames,
        behaviour=series,
        trials=trials,
        silent_units=silent_units,
    )


def span_of(times: NDArray[np.float64], trials: pd.DataFrame | None) -> tuple[float, float]:
    """Return the first and last moment of spikes and trials, s.

    Behaviour is left out on purpose: its clock is compared with this span.
    """
    ends = [times] if trials is None else [times, trials[["start", "stop"]].to_numpy().ravel()]
    known = np.concatenate(ends)
    if not known.size:
        raise DataFault("neither a spike nor a trial in the file")
    return float(known.min()), float(known.max())


def _session_of(path: Path) -> str:
    parts = [part for part in path.stem.split("_") if part.startswith("ses-")]
    return parts[0].removeprefix("ses-") if parts else path.stem


def _units(
    units: Any, wanted: Mapping[str, Any], path: Path
) -> tuple[pd.DataFrame, list[NDArray[np.float64]]]:
    """Return the table of the wanted units, their label in ``unit``, and the train of each."""
    plain = [name for name in units.colnames if name not in _HEAVY and _is_plain(units, name)]
    index = range(len(units))  # a table may have no column of this kind
    table = pd.DataFrame({name: np.asarray(units[name][:]) for name in plain}, index=index)
    keep = np.ones(len(units), dtype=bool)
    for column, value in wanted.items():
        if column not in table:
            raise ConfigFault(unknown("column of units", column, plain), where=str(path))
        keep &= (table[column] == value).to_numpy()
    rows = np.flatnonzero(keep)
    if not rows.size:
        raise DataFault(f"no unit with {dict(wanted)}", where=str(path))
    table = table.iloc[rows].drop(columns="unit", errors="ignore").reset_index(drop=True)
    table.insert(0, "unit", [str(number) for number in np.asarray(units.id[:])[rows]])
    return table, [np.asarray(units["spike_times"][int(row)]) for row in rows]


def _is_plain(table: Any, name: str) -> bool:
    """Return whether a column has one number or text per row: ragged ones have an index."""
    return f"{name}_index" not in table.colnames and np.ndim(table[name][:1]) == 1


def _trials(trials: Any) -> pd.DataFrame | None:
    if trials is None or not len(trials):
        return None
    plain = [name for name in trials.colnames if name not in _HEAVY and _is_plain(trials, name)]
    table = pd.DataFrame({name: np.asarray(trials[name][:]) for name in plain})
    table = table.rename(columns={"start_time": "start", "stop_time": "stop"})
    table = table.drop(columns="trial", errors="ignore")
    table.insert(0, "trial", np.asarray(trials.id[:]))
    return table


def _find(content: Any, name: str, path: Path) -> Any:
    """Return the one time series of a name, wherever it lies in the file."""
    series = [entry for entry in content.objects.values() if hasattr(entry, "starting_time")]
    found = [entry for entry in series if entry.name == name]
    if not found:
        what = unknown("time series", name, sorted({entry.name for entry in series}))
        raise ConfigFault(what, where=str(path))
    if len(found) > 1:
        places = ", ".join(f"{entry.parent.name}/{name}" for entry in found)
        raise ConfigFault(f"{len(found)} time series are called {name}: {places}", where=str(path))
    return found[0]


def _times(series: Any) -> NDArray[np.float64]:
    if series.timestamps is not None:
        return np.asarray(series.timestamps[:], dtype=np.float64)
    start = series.starting_time or 0.0
    return np.asarray(start + np.arange(len(series.data)) / series.rate, dtype=np.float64)


def _series(content: Any, wanted: str, path: Path) -> Series:
    """Read one behaviour variable in its unit; samples that are not finite are left out."""
    name, _, column = wanted.partition(":")
    found = _find(content, name, path)
    values = np.asarray(found.data[:])
    if column:
        if values.ndim != 2 or not column.isdecimal() or int(column) >= values.shape[1]:
            what = f"no column {column} in {name} of shape {values.shape}"
            raise ConfigFault(what, where=str(path))
        values = values[:, int(column)]
    if values.ndim != 1:
        what = f"{name} has shape {values.shape}"
        raise ConfigFault(what, where=str(path), fix=f"name a column, as {name}:0")
    times = _times(found)
    if values.dtype.kind == "f":
        values = values * found.conversion + found.offset
        finite = np.isfinite(values)
        times, values = times[finite], values[finite]
    return Series(times, values.astype(np.int64 if values.dtype.kind in "iub" else np.float64))


def _frames(content: Any, name: str, path: Path) -> Stimulus:
    found = _find(content, name, path)
    frames = np.asarray(found.data[:], dtype=np.float32)
    if frames.ndim == 4:  # colour
        frames = frames.mean(axis=-1)
    return Stimulus(frames, _times(found))
