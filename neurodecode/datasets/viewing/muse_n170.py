"""N170 recordings of eeg-notebooks: faces and houses, seen with a four-electrode headband.

The layout of eeg-notebooks and its successors: ``subject1/session1/*.csv`` (or ``.csv.gz``) ...,
each a run of two minutes at 256 Hz with the columns timestamps (s), TP9, AF7, AF8, TP10 (uV) and a
last column with the markers 1 (house) and 2 (face). Which picture was shown is not stored.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.arrays import raw_from_array
from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.recording import TableCheck
from neurodecode.datasets.viewing.recording import Viewing, trials_inside
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    import mne
    from numpy.typing import NDArray

CHANNELS = ("TP9", "AF7", "AF8", "TP10")
MONTAGE = "standard_1005"
SFREQ = 256.0
MARKERS = {1: "house", 2: "face"}
MARKER_COLUMNS = ("Marker0", "Marker", "stim")
"""Names that the marker column has had."""

_NUMBER = re.compile(r"0*(\d+)$")
_GAP_S = 0.1


def read_recordings(root: Path, subject: str, *, duplicates: bool = False) -> list[Viewing]:
    """Read all runs of one participant.

    Parameters
    ----------
    root : Path
        Folder with ``subject1``, ``subject2`` ...
    subject : str
        Number of the participant, with or without zeros before it.
    duplicates : bool, default False
        Also read a run whose bytes are those of an earlier one, which would be known twice to a
        decoder; it is left out with a note on the run that it repeats.

    Returns
    -------
    list of Viewing
        In the order of session and file name. ``image`` and ``category`` are "house" or "face".

    Raises
    ------
    DataFault
        Participant or files are missing, or a file is broken.
    """
    files = _files(Path(root), subject)
    first: dict[str, Path] = {}
    repeats: dict[Path, list[str]] = {}
    for path in files:
        original = first.setdefault(_content(path), path)
        if original != path and not duplicates:
            again = f"left out: {path.parent.name}/{path.name} has the same bytes as this run"
            repeats.setdefault(original, []).append(again)
    kept = files if duplicates else list(first.values())
    return [_read(path, str(int(subject)), tuple(repeats.get(path, ()))) for path in kept]


def read_run(path: Path) -> tuple[mne.io.BaseRaw, pd.DataFrame]:
    """Return the four channels of a run in V, on standard positions, and its trials.

    Raises
    ------
    DataFault
        A column is missing (with the nearest one), a value is no number, the rate is not 256 Hz,
        or a marker is neither house nor face.
    """
    table = read_csv(path)
    check = TableCheck(table, "signals", "timestamps", str(path))
    check.columns(("timestamps", *CHANNELS))
    marker = next((name for name in MARKER_COLUMNS if name in table), None)
    if marker is None:
        guess = nearest(MARKER_COLUMNS[0], map(str, table.columns))
        hint = f"is '{guess}' meant?" if guess else f"it has {', '.join(map(str, table.columns))}"
        raise DataFault("no column of markers", where=str(path), fix=hint)
    for column in ("timestamps", *CHANNELS, marker):
        values = pd.to_numeric(table[column], errors="coerce")
        check.refuse(column, values.isna(), "is not a number")
    _check_rate(table["timestamps"].to_numpy(float), path)
    signals = table[list(CHANNELS)].to_numpy(float).T * 1e-6
    raw = raw_from_array(signals, CHANNELS, SFREQ, montage=MONTAGE, path=path)
    return raw, _trials(table[marker].to_numpy(float), path)


def _read(path: Path, subject: str, notes: tuple[str, ...]) -> Viewing:
    raw, table = read_run(path)
    trials, outside = trials_inside(table, raw)
    session = path.parent.name.removeprefix("session").lstrip("0") or "0"
    run = path.name.removesuffix(".gz").removesuffix(".csv")
    return Viewing(subject, session, run, raw, trials, None, (*notes, *outside))


def _trials(markers: NDArray[np.float64], path: Path) -> pd.DataFrame:
    rows = np.flatnonzero(markers)
    strange = sorted(set(markers[rows]) - set(MARKERS))
    if strange:
        what = f"markers that are no picture: {', '.join(f'{value:g}' for value in strange[:5])}"
        raise DataFault(what, where=str(path), fix="1 is a house, 2 is a face")
    names = [MARKERS[int(code)] for code in markers[rows]]
    columns = {"onset": rows / SFREQ, "duration": np.nan, "image": names, "category": names}
    return pd.DataFrame({**columns, "part": ""})


def _check_rate(timestamps: NDArray[np.float64], path: Path) -> None:
    """Require 256 Hz throughout: after a gap every marker would be early by the gap.

    Single time stamps jitter by some 40 ms, as the packets came in.
    """
    steps = np.diff(timestamps)
    if not steps.size:
        raise DataFault("a single row, no recording", where=str(path))
    place = int(steps.argmax())
    if steps[place] > _GAP_S:
        what = f"a gap of {steps[place]:.2f} s after {timestamps[place] - timestamps[0]:.2f} s"
        raise DataFault(what, where=str(path), fix="cut the file in two there")
    rate = steps.size / float(timestamps[-1] - timestamps[0])
    if not abs(rate - SFREQ) < 0.01 * SFREQ:
        raise DataFault(f"sampled at {rate:.1f} Hz, not {SFREQ:g}", where=str(path))


def _files(root: Path, subject: str) -> list[Path]:
    folders = {
        found[1]: path
        for path in sorted(root.glob("subject*"))
        if path.is_dir() and (found := _NUMBER.search(path.name))
    }
    number = subject.lstrip("0") or "0"
    if number not in folders:
        have = ", ".join(sorted(folders, key=int)) or "none"
        raise DataFault(f"no participant '{subject}', found: {have}", where=str(root))
    files = sorted(
        path for kind in ("*.csv", "*.csv.gz") for path in folders[number].glob(f"session*/{kind}")
    )
    if not files:
        raise DataFault("no CSV file in session folders", where=str(folders[number]))
    return files


def _content(path: Path) -> str:
    """Return the SHA-256 of a file's text, packed or not."""
    text = path.read_bytes()
    if path.suffix == ".gz":
        try:
            text = gzip.decompress(text)
        except (OSError, EOFError) as error:
            raise DataFault(f"not a whole gzip file: {error}", where=str(path)) from error
    return hashlib.sha256(text).hexdigest()
