"""Spike sessions as plain files: the form of the store, of the simulator and for own arrays.

Below the data set's folder lies one folder per session, ``sub-LABEL/ses-LABEL``, with

======================= ===================================================================
``spikes.npz``          ``times`` (n_spikes,) in s, ``units`` (n_spikes,), row of the unit table
``store.json``          ``unit_table`` (a dictionary per unit, with ``unit``), ``limits`` (s),
                        ``behaviour`` (classes or not), ``notes``, ``sha256`` of the other files
``behaviour.parquet``   ``variable``, ``time`` (s), ``value``; absent without behaviour
``trials.parquet``      ``trial``, ``start``, ``stop`` (s), any labels; absent without trials
``stimulus.npy``        float32 (n_frames, height, width); with ``frame_times.npy`` (s)
======================= ===================================================================

Own arrays need ``spikes.npz`` alone: without ``store.json`` the ``units`` may be any labels, and
the recording runs from the first to the last spike. No file may hold a pickle.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import (
    atomic_path,
    read_json,
    sha256_file,
    write_json,
    write_parquet,
)
from neurodecode.datasets.sniff import sniff
from neurodecode.datasets.spiking.recording import (
    Series,
    SilentUnits,
    SpikeSession,
    Stimulus,
    make_session,
)
from neurodecode.faults import DataFault, unknown

SPIKES, STORE = "spikes.npz", "store.json"
BEHAVIOUR, TRIALS = "behaviour.parquet", "trials.parquet"
FRAMES, FRAME_TIMES = "stimulus.npy", "frame_times.npy"
FILES = (SPIKES, BEHAVIOUR, TRIALS, FRAMES, FRAME_TIMES)


def read_recordings(
    root: Path, subject: str, *, silent_units: SilentUnits = "stop"
) -> list[SpikeSession]:
    """Read all sessions of one subject.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    subject : str
        Label.
    silent_units : {"stop", "drop"}, default "stop"
        What to do with units of the table that have no spike.

    Returns
    -------
    list of SpikeSession
        By the label of the session.

    Raises
    ------
    DataFault
        The subject is unknown, a file is missing, broken or altered since it was written, or as
        ``check_session``.
    """
    root, label = Path(root), subject.removeprefix("sub-")
    folder = root / f"sub-{label}"
    if not folder.is_dir():
        valid = sorted(path.name.removeprefix("sub-") for path in root.glob("sub-*"))
        raise DataFault(unknown("subject", label, valid), where=str(root))
    sessions = sorted(path for path in folder.glob("ses-*") if path.is_dir())
    if not sessions:
        raise DataFault("no folder ses-LABEL of a session", where=str(folder))
    return [read_session(path, silent_units=silent_units) for path in sessions]


def read_session(folder: Path, *, silent_units: SilentUnits = "stop") -> SpikeSession:
    """Read one session, checking the files against their sums where ``store.json`` has them."""
    folder = Path(folder)
    stored = read_json(folder / STORE) if (folder / STORE).is_file() else {}
    _check_sums(folder, stored.get("sha256", {}))
    times, units, table = _spikes(folder / SPIKES, stored)
    limits = stored.get("limits") or [float(np.min(times)), float(np.max(times))]
    trials = folder / TRIALS
    return make_session(
        subject=folder.parent.name.removeprefix("sub-"),
        session=folder.name.removeprefix("ses-"),
        times=times,
        units=units,
        unit_table=table,
        limits=(float(limits[0]), float(limits[1])),
        stimulus=_stimulus(folder),
        behaviour=_behaviour(folder, stored.get("behaviour", {})),
        trials=pd.read_parquet(trials) if trials.is_file() else None,
        notes=tuple(stored.get("notes", ())),
        silent=() if "unit_table" in stored else None,
        silent_units=silent_units,
    )


def read_spikes(path: Path, *, silent_units: SilentUnits = "stop") -> SpikeSession:
    """Read a file of ``times`` and ``units`` alone, which runs from the first to the last spike.

    Raises
    ------
    DataFault
        The file is missing or broken, lacks an array, or as ``check_session``.
    """
    times, units, table = _spikes(path, {})
    return make_session(
        subject=path.stem, session="1", times=times, units=units, unit_table=table,
        limits=(float(np.min(times)), float(np.max(times))), silent=None,
        silent_units=silent_units,
    )  # fmt: skip


def write_session(root: Path, session: SpikeSession) -> Path:
    """Write one session below ``root`` and return its folder.

    The store's description is written last and holds the sha256 of the others: where writing ends
    half way, on a full disk, the former session is still there or is told from a whole one.
    """
    folder = Path(root) / f"sub-{session.subject}" / f"ses-{session.session}"
    with atomic_path(folder / SPIKES) as path, path.open("wb") as file:
        np.savez_compressed(file, times=session.times, units=session.units.astype(np.int32))
    written = {SPIKES}
    if session.behaviour:
        write_parquet(folder / BEHAVIOUR, _behaviour_table(session))
        written.add(BEHAVIOUR)
    if session.trials is not None:
        write_parquet(folder / TRIALS, session.trials)
        written.add(TRIALS)
    if session.stimulus is not None:
        _write_array(folder / FRAMES, session.stimulus.frames.astype(np.float32))
        _write_array(folder / FRAME_TIMES, session.stimulus.frame_times.astype(np.float64))
        written |= {FRAMES, FRAME_TIMES}
    for name in set(FILES) - written:  # of the former session
        (folder / name).unlink(missing_ok=True)
    write_json(folder / STORE, {
        "subject": session.subject,
        "session": session.session,
        "limits": list(session.limits),
        "unit_table": session.unit_table.to_dict(orient="records"),
        "behaviour": {
            name: "class" if series.is_class else "quantity"
            for name, series in session.behaviour.items()
        },
        "notes": list(session.notes),
        "sha256": {name: sha256_file(folder / name) for name in FILES if name in written},
    })  # fmt: skip
    return folder


def load_array(path: Path) -> Any:
    """Load one ``.npy`` or ``.npz`` file that must not hold a pickle.

    Raises
    ------
    DataFault
        The file is missing, an error page, cut short, or holds Python objects.
    """
    if not path.is_file():
        raise DataFault("file not found", where=str(path))
    sniff(path)
    try:
        loaded = np.load(path, allow_pickle=False)
        return dict(loaded) if isinstance(loaded, np.lib.npyio.NpzFile) else loaded
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        fix = "save plain numbers; arrays of objects are not read, since that could run code"
        raise DataFault(f"cannot be read: {error}", where=str(path), fix=fix) from error


def _spikes(
    path: Path, stored: dict[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.int64], pd.DataFrame]:
    arrays = load_array(path)
    for name in ("times", "units"):
        if name not in arrays:
            have = ", ".join(arrays)
            raise DataFault(f"no array '{name}', found: {have}", where=str(path))
    times, given = arrays["times"].astype(np.float64), arrays["units"]
    if not times.size:
        raise DataFault("no spike in the file", where=str(path))
    if "unit_table" in stored:
        table = pd.DataFrame(stored["unit_table"])
        return times, given.astype(np.int64), table
    labels, rows = np.unique(given, return_inverse=True)
    table = pd.DataFrame({"unit": [str(label) for label in labels]})
    return times, rows.astype(np.int64), table


def _behaviour(folder: Path, kinds: dict[str, str]) -> dict[str, Series]:
    path = folder / BEHAVIOUR
    if not path.is_file():
        return {}
    table = pd.read_parquet(path)
    absent = {"variable", "time", "value"} - set(table.columns)
    if absent:
        raise DataFault(f"no column '{min(absent)}'", where=str(path))
    series = {}
    for name, rows in table.groupby("variable", sort=False):
        kind = np.int64 if kinds.get(str(name)) == "class" else np.float64
        series[str(name)] = Series(
            rows["time"].to_numpy(np.float64), rows["value"].to_numpy().astype(kind)
        )
    return series


def _behaviour_table(session: SpikeSession) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame({"variable": name, "time": times, "value": values.astype(float)})
            for name, (times, values) in session.behaviour.items()
        ],
        ignore_index=True,
    )


def _stimulus(folder: Path) -> Stimulus | None:
    if not (folder / FRAMES).is_file():
        return None
    frames = load_array(folder / FRAMES).astype(np.float32)
    return Stimulus(frames, load_array(folder / FRAME_TIMES).astype(np.float64))


def _write_array(path: Path, array: NDArray[Any]) -> None:
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.save(file, array)


def _check_sums(folder: Path, sums: dict[str, str]) -> None:
    for name, known in sums.items():
        path = folder / name
        if not path.is_file():
            raise DataFault("file not found", where=str(path), fix="prepare the session again")
        if sha256_file(path) != known:
            what = "changed since it was written: its sha256 is another one"
            raise DataFault(what, where=str(path), fix="prepare the session again")
