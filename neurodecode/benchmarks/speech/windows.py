"""Times the reading of windows: ours from the stores, and one by one through MNE."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import mne
import numpy as np
import pandas as pd

from neurodecode.artefacts import write_json
from neurodecode.benchmarks.speech.programs import FROM_FILE, LOADED, OURS, READERS
from neurodecode.contrastive.data import Recordings
from neurodecode.contrastive.scaling import fit_scaler
from neurodecode.signals.store import open_store, write_store

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from neurodecode.benchmarks.speech.config import WindowsSection
    from neurodecode.signals.continuous import ContinuousSection
    from neurodecode.signals.robust import RobustScaler

    Read = Callable[[pd.DataFrame], NDArray[Any]]

LISTENER = "listener"


def time_windows(
    array: Path, sizes: WindowsSection, settings: ContinuousSection, *, seed: int
) -> dict[str, Any]:
    """Read the same windows, in the same random order, with each program.

    Parameters
    ----------
    array : Path
        Store whose trials (n_recordings, n_channels, n_times) are taken as recordings.

    Returns
    -------
    dict
        ``gaps``, the largest difference of each peer over the largest value of ours; ``seconds``
        by program; ``n_windows``.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(TemporaryDirectory(dir=array.parent)))
        signals = open_store(array).signals
        paths = write_recordings(scratch, signals, settings, seed=seed)
        recordings = Recordings({LISTENER: scratch / LISTENER})
        windows = recordings.windows().sample(sizes.n_windows, replace=True, random_state=seed)
        programs: dict[str, Read] = {
            OURS: lambda part: recordings.read(part, settings)["signals"].numpy()
        }
        for name, preload in ((FROM_FILE, False), (LOADED, True)):
            raws = [stack.enter_context(open_raw(path, preload=preload)) for path in paths]
            scalers = [item.scaler for item in recordings.items]
            programs[name] = one_by_one(raws, scalers, settings)
        firsts = range(0, sizes.n_windows, sizes.batch_size)
        gaps, seconds = _read_in_turn(
            programs, [windows[first : first + sizes.batch_size] for first in firsts]
        )
    return {"gaps": gaps, "seconds": seconds, "n_windows": len(windows)}


def _read_in_turn(
    programs: dict[str, Read], batches: Sequence[pd.DataFrame]
) -> tuple[dict[str, float], dict[str, float]]:
    """Compare every batch, then time every batch, the programs one after the other."""
    gaps = dict.fromkeys(READERS, 0.0)
    for batch in batches:
        expected = programs[OURS](batch)
        for name in READERS:
            gap = np.abs(programs[name](batch) - expected).max() / np.abs(expected).max()
            gaps[name] = max(gaps[name], float(gap))
    seconds = dict.fromkeys(programs, 0.0)
    for batch in batches:
        for name, read in programs.items():
            began = time.perf_counter()
            read(batch)
            seconds[name] += time.perf_counter() - began
    return gaps, seconds


def write_recordings(
    folder: Path, signals: NDArray[np.float32], settings: ContinuousSection, *, seed: int
) -> list[Path]:
    """Write recordings twice: as the stores of one listener, and as FIF files, whose paths return.

    Parameters
    ----------
    signals : ndarray, shape (n_recordings, n_channels, n_times)
    """
    names = [f"run-{i + 1:02d}" for i in range(len(signals))]
    channels = [f"N{i + 1:03d}" for i in range(signals.shape[1])]
    positions = np.random.default_rng(seed).random((len(channels), 2)).tolist()
    starts = np.arange(0, signals.shape[2] - settings.n_samples)
    windows = pd.DataFrame({"part": "train", "start": starts})
    paths = [folder / f"{name}_raw.fif" for name in names]
    for name, path, recording in zip(names, paths, signals, strict=True):
        scaler = fit_scaler(recording, windows, settings, seed=seed, where=name)
        info = {"channels": channels, "positions": positions, "scaler": scaler.to_dict()}
        write_store(folder / LISTENER / name, recording, windows, info, continuous=True)
        described = mne.create_info(channels, settings.sfreq, "misc")
        mne.io.RawArray(recording, described, verbose="error").save(path, verbose="error")
    write_json(folder / LISTENER / "store.json", {"recordings": names})
    return paths


def open_raw(path: Path, *, preload: bool) -> mne.io.BaseRaw:
    """Open a FIF file, its samples in memory or left in the file."""
    return mne.io.read_raw_fif(path, preload=preload, verbose="error")


def one_by_one(
    raws: Sequence[mne.io.BaseRaw], scalers: Sequence[RobustScaler], settings: ContinuousSection
) -> Read:
    """Return a function that reads each window singly, as one would write it first."""

    def read(windows: pd.DataFrame) -> NDArray[Any]:
        found = []
        places = windows[["recording", "start"]].to_numpy(int).tolist()
        for recording, start in places:
            window = raws[recording].get_data(start=start, stop=start + settings.n_samples)
            if settings.n_baseline:
                window = window - window[:, : settings.n_baseline].mean(axis=1, keepdims=True)
            scaler = scalers[recording]
            window = (window - scaler.median[:, None]) / scaler.iqr[:, None]
            if settings.clamp is not None:
                window = np.clip(window, -settings.clamp, settings.clamp)
            found.append(window.astype(np.float32))
        return np.stack(found)

    return read
