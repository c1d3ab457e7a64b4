"""The store: one subject's (or recording's) signals, memory-mapped, with a row per trial."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import (
    atomic_path,
    read_json,
    sha256_file,
    write_json,
    write_parquet,
)
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Store:
    """A store on disk, opened lazily.

    Attributes
    ----------
    info : dict
        Content of ``store.json``: channel names, sampling rate in Hz, unit, shape and sha256 of
        the signals, and what the checks found.
    """

    folder: Path
    info: dict[str, Any]

    @cached_property
    def signals(self) -> NDArray[np.float32]:
        """Signals, float32, memory-mapped read-only.

        (n_trials, n_channels, n_samples), or (n_channels, n_samples) of a continuous recording.
        """
        signals: NDArray[np.float32] = np.load(
            self.folder / "signals.npy", mmap_mode="r", allow_pickle=False
        )
        return signals

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per trial, or per window of a continuous recording."""
        return pd.read_parquet(self.folder / "trials.parquet")


def write_store(
    folder: Path,
    signals: NDArray[Any],
    trials: pd.DataFrame,
    info: dict[str, Any],
    *,
    continuous: bool = False,
) -> Store:
    """Write ``signals.npy`` (float32), ``trials.parquet`` and ``store.json``, each whole or not.

    Parameters
    ----------
    signals : ndarray, shape (n_trials, n_channels, n_samples)
        (n_channels, n_samples) if ``continuous``.
    trials : DataFrame
        One row per trial, or per window of a continuous recording.
    info : dict
        Channel names, sampling rate, unit and whatever else describes the signals.
    continuous : bool, default=False
        The signals are one recording, of which ``trials`` lists windows.

    Raises
    ------
    DataFault
        If the row count differs, or a value is NaN or infinite.
    """
    if not continuous and len(signals) != len(trials):
        raise DataFault(
            f"{len(signals)} trials of signal but {len(trials)} rows", where=str(folder)
        )
    if not np.isfinite(signals).all():
        raise DataFault("NaN or infinite values reached the store", where=str(folder))
    with atomic_path(folder / "signals.npy") as path, path.open("wb") as file:
        np.save(file, np.ascontiguousarray(signals, dtype=np.float32), allow_pickle=False)
    write_parquet(folder / "trials.parquet", trials)
    described = {
        **info,
        "continuous": continuous,
        "shape": list(signals.shape),
        "dtype": "float32",
        "sha256": sha256_file(folder / "signals.npy"),
    }
    write_json(folder / "store.json", described)
    return Store(folder, described)


def open_store(folder: Path) -> Store:
    """Open a store and compare what is on disk with what ``store.json`` says.

    Raises
    ------
    DataFault
        If a file is missing or truncated, or has another shape.
    """
    store = Store(folder, read_json(folder / "store.json"))
    try:
        shape, n_rows = list(store.signals.shape), len(store.trials)
    except (OSError, ValueError, EOFError) as error:
        raise DataFault(
            f"store cannot be read: {error}", where=str(folder), fix="delete it and run again"
        ) from error
    if n_rows != shape[0] and not store.info.get("continuous"):
        raise DataFault(
            f"{shape[0]} trials of signal but {n_rows} rows",
            where=str(folder),
            fix="delete it and run again",
        )
    if shape != store.info["shape"]:
        raise DataFault(
            f"signals have shape {shape}, store.json says {store.info['shape']}",
            where=str(folder),
            fix="delete it and run again",
        )
    return store
