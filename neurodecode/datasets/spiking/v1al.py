"""Mice that see gratings and two films, V1 and AL, in the layout of Neuroformer's authors ("V1AL").

``Combo3_V1AL.pkl`` is a pickled dictionary from trial number to counts (units x bins of 10 ms),
``Combo3_V1AL_stimulus.pt`` a tensor of 3 stimuli x frames at 20 per second. Trials 1 to 20 show the
first stimulus, 21 to 40 the second, 41 to 60 the third. The pickle is read without running
anything, the tensor by ``torch.load(weights_only=True)``; a ``.npy`` with either is read as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.pickled import read_pickle
from neurodecode.datasets.spiking.arrays import load_array
from neurodecode.datasets.spiking.binned import spikes_of_bins
from neurodecode.datasets.spiking.recording import (
    SilentUnits,
    SpikeSession,
    Stimulus,
    make_session,
)
from neurodecode.faults import DataFault, package_missing

SPIKES, FRAMES, FRAMES_PLAIN = (
    "Combo3_V1AL.pkl",
    "Combo3_V1AL_stimulus.pt",
    "Combo3_V1AL_stimulus.npy",
)
SUBJECT = "V1AL"
BIN_S, FRAME_S = 0.01, 0.05
TRIALS_PER_STIMULUS = 20
STIMULI = ("gratings", "movie-1", "movie-2")


def read_recordings(
    root: Path, subject: str, *, stimulus: bool = True, silent_units: SilentUnits = "drop"
) -> list[SpikeSession]:
    """Read the recording, its trials laid one after another.

    Parameters
    ----------
    root : Path
        Folder with the two files.
    subject : str
        "V1AL".
    stimulus : bool, default True
        Read the frames and repeat them for every trial: 20 copies of each stimulus in memory.
    silent_units : {"stop", "drop"}, default "drop"

    Returns
    -------
    list of SpikeSession
        One; ``trials`` has ``stimulus``, one of ``STIMULI``. Spikes lie in the middle of bins.

    Raises
    ------
    DataFault
        If a file is missing or broken, trials have unlike units, or a trial number has no stimulus.
    """
    root = Path(root)
    if subject != SUBJECT:
        raise DataFault(f"no subject '{subject}'", where=str(root), fix=f"it has {SUBJECT} only")
    counts = _counts(root / SPIKES)
    starts = np.cumsum([0.0, *(matrix.shape[1] * BIN_S for matrix in counts.values())])
    parts = [
        spikes_of_bins(matrix, BIN_S, start=start, where=f"{root / SPIKES}, trial {trial}")
        for (trial, matrix), start in zip(counts.items(), starts[:-1], strict=True)
    ]
    n_units = len(next(iter(counts.values())))
    shown = [(trial - 1) // TRIALS_PER_STIMULUS for trial in counts]
    session = make_session(
        subject=SUBJECT,
        session="0",
        times=np.concatenate([times for times, _ in parts]),
        units=np.concatenate([units for _, units in parts]),
        unit_table=pd.DataFrame({"unit": [f"cell-{row + 1:03d}" for row in range(n_units)]}),
        limits=(0.0, float(starts[-1])),
        stimulus=_stimulus(root, shown, starts) if stimulus else None,
        trials=pd.DataFrame({
            "trial": list(counts),
            "start": starts[:-1],
            "stop": starts[1:],
            "stimulus": [STIMULI[place] for place in shown],
        }),
        silent_units=silent_units,
    )  # fmt: skip
    return [session]


def _counts(path: Path) -> dict[int, NDArray[Any]]:
    """Return the matrix of each trial, by number."""
    content = read_pickle(path)
    most = TRIALS_PER_STIMULUS * len(STIMULI)
    strange = [key for key in content if not isinstance(key, int) or not 1 <= key <= most]
    if strange or not content:
        what = f"trial {strange[0]}" if strange else "no trial"
        raise DataFault(what, where=str(path), fix=f"trials 1 to {most} are wanted")
    counts = {trial: np.asarray(content[trial]) for trial in sorted(content)}
    shapes = {matrix.shape[:1] for matrix in counts.values()}
    if len(shapes) > 1 or any(matrix.ndim != 2 for matrix in counts.values()):
        raise DataFault("trials with unlike numbers of units", where=str(path))
    return counts


def _stimulus(root: Path, shown: list[int], starts: NDArray[np.float64]) -> Stimulus | None:
    movies = _movies(root)
    if movies is None:
        return None
    frames, times = [], []
    for place, start, stop in zip(shown, starts[:-1], starts[1:], strict=True):
        n_frames = min(len(movies[place]), round((stop - start) / FRAME_S))
        frames.append(movies[place][:n_frames])
        times.append(start + np.arange(n_frames) * FRAME_S)
    return Stimulus(np.concatenate(frames), np.concatenate(times))


def _movies(root: Path) -> NDArray[np.float32] | None:
    """Return the frames (3, n_frames, height, width), or None where there is no file."""
    if (root / FRAMES_PLAIN).is_file():
        movies = load_array(root / FRAMES_PLAIN)
    elif (root / FRAMES).is_file():
        movies = _tensor(root / FRAMES)
    else:
        return None
    for axis in (2, 1):
        if movies.ndim == 5 and movies.shape[axis] == 1:
            movies = movies.squeeze(axis)
    if movies.ndim != 4 or len(movies) != len(STIMULI):
        what = f"frames of shape {movies.shape}"
        raise DataFault(what, where=str(root), fix="3 x frames x height x width are wanted")
    return movies.astype(np.float32)


def _tensor(path: Path) -> NDArray[Any]:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise package_missing(error, f"the file {path.name}") from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True).numpy()
    except Exception as error:  # a broken or hostile file may fail anywhere
        what = f"not a tensor that can be read safely: {type(error).__name__}"
        raise DataFault(what, where=str(path), fix="fetch it again, or save it as .npy") from error
