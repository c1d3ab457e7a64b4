"""UCI EEG Eye State: two minutes of one person who opens and closes the eyes (Roesler 2013).

A table ``EEG_Eye_State.csv`` (also packed) of the 14 channels of an EPOC headset (uV with the
amplifier's offset of 4200) at 128 Hz and a column with the state of the eyes, 0 open and 1 closed.
The eyes change 23 times, so a split of samples or of neighbouring blocks knows the answer; segments
of constant state are the clips here, and are to be held out whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.csv_tables import read_csv
from neurodecode.datasets.rated.arrays import ONLY_SESSION
from neurodecode.datasets.rated.epoc import CHANNELS, SAMPLING_RATE
from neurodecode.datasets.rated.recording import Rated
from neurodecode.datasets.recording import TableCheck
from neurodecode.faults import ConfigFault, DataFault, nearest

if TYPE_CHECKING:
    from numpy.typing import NDArray

SUBJECT = "1"
RATING, SCALE = "state", (0, 1)
STATE_COLUMNS = ("eyeDetection", "Class", "class")
"""Names that the column of the state has had."""


def read_recordings(
    root: Path, subject: str, *, block_seconds: float = 1.0, artefact_uv: float = 500.0
) -> list[Rated]:
    """Cut the recording into blocks of constant state.

    Parameters
    ----------
    root : Path
        Folder with the table, a file whose name begins with ``EEG`` and has ``.csv`` in it.
    subject : str
        "1".
    block_seconds : float, default 1.0
        Length of a trial; what is left at a segment's end is left out.
    artefact_uv : float, default 500.0
        A sample further than this from the median of its channel is a fault of the transmission
        (four samples of the file, up to 700,000 uV); blocks with one are left out, with a note.

    Returns
    -------
    list of Rated
        One, without baselines: ``clip`` is the segment, ``state`` the rating.

    Raises
    ------
    ConfigFault
        If a block is shorter than a sample.
    DataFault
        If the file is missing or broken, a column is missing (with the nearest one), or no block
        is left.
    """
    n_samples = round(block_seconds * SAMPLING_RATE)
    if n_samples < 1:
        raise ConfigFault(f"blocks of {block_seconds:g} s", fix="give 1 s")
    if subject.lstrip("0") != SUBJECT:
        raise DataFault(f"no subject '{subject}'", where=str(root), fix=f"it has {SUBJECT} only")
    path = _file(Path(root))
    signals, state = _read(path)
    distance = np.abs(signals - np.median(signals, axis=1, keepdims=True))
    strange = np.any(distance > artefact_uv, axis=0)
    blocks = _blocks(state, n_samples)
    clean = [start for start in blocks if not np.any(strange[start : start + n_samples])]
    if not clean:
        what = f"no block of {block_seconds:g} s without artefact"
        raise DataFault(what, where=str(path), fix="shorten block_seconds or raise artefact_uv")
    segments = np.concatenate([[0], np.cumsum(np.diff(state) != 0)])
    table = pd.DataFrame({
        "trial": np.arange(1, len(clean) + 1),
        "clip": [f"segment-{segments[start] + 1:02d}" for start in clean],
        RATING: state[clean],
    })  # fmt: skip
    recording = Rated(
        subject=SUBJECT,
        session=ONLY_SESSION,
        channel_names=list(CHANNELS),
        sampling_rate=SAMPLING_RATE,
        signals=[signals[:, start : start + n_samples] for start in clean],
        baselines=None,
        table=table,
        ratings={RATING: SCALE},
        notes=_notes(len(blocks) - len(clean), int(np.sum(strange)), artefact_uv),
    )
    return [recording]


def _blocks(state: NDArray[np.int64], n_samples: int) -> list[int]:
    """Return the first samples of blocks that follow each other within segments."""
    edges = np.flatnonzero(np.diff(state)) + 1
    limits = zip([0, *edges.tolist()], [*edges.tolist(), len(state)], strict=True)
    return [
        start for first, stop in limits for start in range(first, stop - n_samples + 1, n_samples)
    ]


def _notes(n_blocks: int, n_samples: int, artefact_uv: float) -> tuple[str, ...]:
    if not n_samples:
        return ()
    return (
        f"{n_samples} samples more than {artefact_uv:g} uV from the median of their channel: "
        f"{n_blocks} blocks left out",
    )


def _file(root: Path) -> Path:
    found = sorted(path for path in root.glob("EEG*.csv*") if path.is_file())
    if not found:
        fix = "see `neurodecode data info uci-eye-state`"
        raise DataFault("no table EEG*.csv", where=str(root), fix=fix)
    return found[0]


def _read(path: Path) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return signals (14, n_samples) in uV, and the state at every sample."""
    table = read_csv(path)
    state = next((name for name in STATE_COLUMNS if name in table), None)
    if state is None:
        guess = nearest(STATE_COLUMNS[0], map(str, table.columns))
        hint = f"is '{guess}' meant?" if guess else f"it has {', '.join(map(str, table.columns))}"
        raise DataFault("no column of the eyes' state", where=str(path), fix=hint)
    check = TableCheck(table, "signals", state, str(path))
    check.columns(CHANNELS)
    for column in (*CHANNELS, state):
        values = pd.to_numeric(table[column], errors="coerce")
        check.refuse(column, ~np.isfinite(values), "is not a number")
    check.refuse(state, ~table[state].isin(SCALE), "is neither 0 nor 1")
    return table[list(CHANNELS)].to_numpy(float).T, table[state].to_numpy(np.int64)
