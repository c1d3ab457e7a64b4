"""DREAMER: 23 people watched 18 film clips and rated each (Katsigiannis and Ramzan 2018).

One MATLAB file holds the struct ``DREAMER``: ``Data``, a cell per person, and the rates and
electrodes of all. A person's ``EEG`` has ``baseline`` and ``stimuli``, a cell per clip of samples x
14 channels at 128 Hz (61 s of baseline; clips of different lengths, in the same order for
everybody); ``ScoreValence``, ``ScoreArousal`` and ``ScoreDominance`` are 1 to 5.
The ECG is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.matlab import read_matlab
from neurodecode.datasets.rated.arrays import ONLY_SESSION
from neurodecode.datasets.rated.recording import BadTrials, Rated, make_rated
from neurodecode.datasets.sniff import sniff
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = "DREAMER.mat"
ROOT = "DREAMER"
SCORES = {"valence": "ScoreValence", "arousal": "ScoreArousal", "dominance": "ScoreDominance"}
SCALE = (1, 5)
_OF_ALL = ("Data", "EEG_SamplingRate", "EEG_Electrodes")
_HDF5 = b"MATLAB 7.3"


def read_recordings(
    root: Path,
    subject: str,
    *,
    ratings: Sequence[str] = ("valence", "arousal"),
    bad_trials: BadTrials = "stop",
) -> list[Rated]:
    """Read one person.

    Parameters
    ----------
    root : Path
        Folder with ``DREAMER.mat``; a copy saved as version 7.3 is read as well, if h5py is
        installed, and then without the other people.
    subject : str
        1 to 23, the place in the file.
    ratings : sequence of str, default ("valence", "arousal")
        Of "valence", "arousal" and "dominance".
    bad_trials : {"stop", "drop"}, default "stop"
        See :func:`~neurodecode.datasets.rated.recording.make_rated`.

    Returns
    -------
    list of Rated
        One. Clips are called ``clip-01`` to ``clip-18``, as trials are numbered.

    Raises
    ------
    ConfigFault
        If a rating is unknown, with the nearest one.
    DataFault
        If the file is missing or no MATLAB file, a field is missing, or an array does not have
        the 14 channels of ``EEG_Electrodes``; as
        :func:`~neurodecode.datasets.rated.recording.check_rated`, too.
    """
    for name in ratings:
        if name not in SCORES:
            raise ConfigFault(unknown("rating of DREAMER", name, SCORES))
    path = Path(root) / FILE
    facts, person = _read_person(path, subject)
    channels = [str(name) for name in np.atleast_1d(facts["EEG_Electrodes"])]
    where = f"{path}, subject {subject}"
    eeg = _field(person, "EEG", where)
    stimuli, baselines = (
        [_channels_first(array, channels, f"{where}, EEG.{part}, trial {trial}")
         for trial, array in enumerate(_cells(_field(eeg, part, f"{where}, EEG")), start=1)]
        for part in ("stimuli", "baseline")
    )  # fmt: skip
    numbers = np.arange(1, len(stimuli) + 1)
    table = pd.DataFrame({"trial": numbers, "clip": [f"clip-{number:02d}" for number in numbers]})
    for name in ratings:
        table[name] = _scores(_field(person, SCORES[name], where), len(stimuli), f"{where}, {name}")
    recording = make_rated(
        subject=str(int(subject)),
        session=ONLY_SESSION,
        channel_names=channels,
        sampling_rate=float(np.squeeze(facts["EEG_SamplingRate"])),
        signals=stimuli,
        baselines=baselines,
        table=table,
        ratings=dict.fromkeys(ratings, SCALE),
        bad_trials=bad_trials,
    )
    return [recording]


def _read_person(path: Path, subject: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields of the whole file, and those of one person."""
    if not path.is_file():
        raise DataFault(
            "file not found", where=str(path), fix="see `neurodecode data info DREAMER`"
        )
    sniff(path)
    with path.open("rb") as file:
        newer = file.read(len(_HDF5)) == _HDF5
    if newer:
        return _read_hdf5(path, subject)
    facts = read_matlab(path, ROOT, keys=_OF_ALL)
    people = _cells(facts["Data"])
    person = people[_place(subject, len(people), path)]
    return facts, person


def _place(subject: str, n_people: int, path: Path) -> int:
    if not subject.isdecimal() or not 1 <= int(subject) <= n_people:
        what = f"no subject '{subject}'"
        raise DataFault(what, where=str(path), fix=f"it has 1 to {n_people}")
    return int(subject) - 1


def _cells(value: Any) -> list[Any]:
    """Return the entries of a cell array as a list, also where it had a single one."""
    if isinstance(value, list):
        return value
    if isinstance(value, np.ndarray) and (value.dtype == object or value.ndim > 2):
        return list(value)
    return [value]


def _field(struct: Any, name: str, where: str) -> Any:
    if not isinstance(struct, dict) or name not in struct:
        have = ", ".join(sorted(struct)) if isinstance(struct, dict) else "no struct"
        raise DataFault(
            f"no field '{name}', found: {have}", where=where, fix="take the original file"
        )
    return struct[name]


def _channels_first(array: Any, channels: Sequence[str], where: str) -> NDArray[np.float64]:
    signals = np.asarray(array)
    if signals.ndim != 2 or signals.shape[1] != len(channels) or signals.dtype.kind not in "fiu":
        raise DataFault(
            f"shape {signals.shape}", where=where,
            fix=f"samples x {len(channels)} channels are wanted, as EEG_Electrodes names them",
        )  # fmt: skip
    return np.ascontiguousarray(signals.T, dtype=np.float64)


def _scores(values: Any, n_trials: int, where: str) -> NDArray[np.float64]:
    """Return the ratings of all trials; those that the file lacks at the end are NaN."""
    scores = np.atleast_1d(np.asarray(values, dtype=np.float64)).ravel()
    if scores.size > n_trials:
        raise DataFault(f"{scores.size} ratings of {n_trials} clips", where=where)
    return np.pad(scores, (0, n_trials - scores.size), constant_values=np.nan)


def _read_hdf5(path: Path, subject: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read one person of a file of version 7.3; only what they need is touched."""
    try:
        h5py = import_module("h5py")
    except ModuleNotFoundError as error:
        what, fix = "MATLAB 7.3 file, which h5py reads", "pip install h5py, or save it as -v7"
        raise DataFault(what, where=str(path), fix=fix) from error
    try:
        with h5py.File(path, "r") as file:
            root = _field(dict(file), ROOT, str(path))
            fields = {name: _field(dict(root), name, str(path)) for name in _OF_ALL}
            people = fields.pop("Data")[()].ravel()
            facts = {name: _plain(file, value) for name, value in fields.items()}
            return facts, _plain(file, file[people[_place(subject, people.size, path)]])
    except (OSError, KeyError, RuntimeError) as error:
        raise DataFault(f"not a whole MATLAB file: {error}", where=str(path)) from error


def _plain(file: Any, node: Any) -> Any:
    """Turn a node of a 7.3 file into dictionaries, lists of cells, text and arrays."""
    if hasattr(node, "items"):
        return {name: _plain(file, value) for name, value in node.items() if name != "ECG"}
    values = node[()]
    if values.dtype == object:
        return [_plain(file, file[reference]) for reference in values.ravel()]
    if node.attrs.get("MATLAB_class") == b"char":
        return "".join(map(chr, values.ravel()))
    return values.T  # MATLAB stores columns first
