"""Mice that run through a virtual world, in the layout of Neuroformer's authors ("visnav").

Per recording a folder with ``spikerates_dt_0.01.npy`` (units x bins of 10 ms, counts) and, as far
as they are there, ``behavior_speed_dt_0.05.npy``, ``phi_dt_0.05.npy``, ``th_dt_0.05.npy`` (a value
per 50 ms) and ``stimulus.npy`` (frames at 20 per second, with or without an axis of length 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.spiking.arrays import load_array
from neurodecode.datasets.spiking.binned import spikes_of_bins
from neurodecode.datasets.spiking.recording import (
    Series,
    SilentUnits,
    SpikeSession,
    Stimulus,
    make_session,
)
from neurodecode.faults import DataFault, unknown

SPIKES, FRAMES = "spikerates_dt_0.01.npy", "stimulus.npy"
BIN_S, SAMPLE_S = 0.01, 0.05
VARIABLES = {
    "speed": "behavior_speed_dt_0.05.npy",
    "phi": "phi_dt_0.05.npy",
    "th": "th_dt_0.05.npy",
}
"""Files by behaviour variable: running speed and the two angles of the gaze."""
FOLDERS = {"lateral": "LateralVRDataset/NF_1.5", "medial": "MedialVRDataset/NF_1.5"}
"""Where the authors keep each recording; a folder of the subject's name is read as well."""


def read_recordings(
    root: Path,
    subject: str,
    *,
    units: Sequence[int] | None = None,
    stimulus: bool = True,
    silent_units: SilentUnits = "drop",
) -> list[SpikeSession]:
    """Read one recording.

    Parameters
    ----------
    root : Path
        Folder of the data set.
    subject : str
        "lateral" or "medial".
    units : sequence of int, default None
        Rows to keep, from 0; the authors' lists of selected cells count from 1.
    stimulus : bool, default True
        Read the frames as well.
    silent_units : {"stop", "drop"}, default "drop"

    Returns
    -------
    list of SpikeSession
        One. Spikes lie in the middle of their bins, behaviour in the middle of its samples.

    Raises
    ------
    DataFault
        If the folder or the counts are missing, arrays do not fit, a unit is out of range, or as
        ``check_session``.
    """
    folder = _folder(Path(root), subject)
    counts = load_array(folder / SPIKES)
    rows = np.arange(len(counts)) if units is None else np.asarray(units)
    if rows.size == 0 or rows.min() < 0 or rows.max() >= len(counts):
        what = f"units {rows.min() if rows.size else ''} to {rows.max() if rows.size else ''}"
        raise DataFault(what, where=str(folder / SPIKES), fix=f"give rows 0 to {len(counts) - 1}")
    times, places = spikes_of_bins(counts[rows], BIN_S, where=str(folder / SPIKES))
    stop = counts.shape[1] * BIN_S
    session = make_session(
        subject=subject,
        session="0",
        times=times,
        units=places,
        unit_table=pd.DataFrame({"unit": [f"cell-{row + 1:04d}" for row in rows]}),
        limits=(0.0, stop),
        stimulus=_stimulus(folder / FRAMES, stop) if stimulus else None,
        behaviour=_behaviour(folder, stop),
        silent_units=silent_units,
    )
    return [session]


def _folder(root: Path, subject: str) -> Path:
    for folder in (root / subject, root / FOLDERS.get(subject, subject)):
        if (folder / SPIKES).is_file():
            return folder
    if subject not in FOLDERS:
        raise DataFault(unknown("recording", subject, FOLDERS), where=str(root))
    raise DataFault(
        f"no {SPIKES} in {subject} or {FOLDERS[subject]}",
        where=str(root),
        fix="see `neurodecode data info visnav`",
    )


def _behaviour(folder: Path, stop: float) -> dict[str, Series]:
    found = {}
    for name, file in VARIABLES.items():
        if (folder / file).is_file():
            values = np.ravel(load_array(folder / file)).astype(np.float64)
            _check_length(len(values), stop, folder / file)
            found[name] = Series(_sample_times(len(values)) + SAMPLE_S / 2, values)
    return found


def _stimulus(path: Path, stop: float) -> Stimulus | None:
    if not path.is_file():
        return None
    frames: NDArray[Any] = load_array(path)
    if frames.ndim == 4 and frames.shape[1] == 1:
        frames = frames[:, 0]
    _check_length(len(frames), stop, path)
    return Stimulus(frames.astype(np.float32), _sample_times(len(frames)))


def _sample_times(n_samples: int) -> NDArray[np.float64]:
    return np.arange(n_samples, dtype=np.float64) * SAMPLE_S


def _check_length(n_samples: int, stop: float, path: Path) -> None:
    """Require about as many samples as the spikes last: the last second may be missing."""
    if abs(n_samples * SAMPLE_S - stop) > 1.0:
        raise DataFault(
            f"{n_samples} samples of {SAMPLE_S:g} s last {n_samples * SAMPLE_S:.1f} s, the spikes "
            f"{stop:.1f} s",
            where=str(path),
            fix="take files of one recording",
        )
