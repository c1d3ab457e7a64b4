"""The arrays of a benchmark: simulated, then stored as recordings are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.simulate.band_limited_noise import BAND_HZ, CLASSES, LABELS, SFREQ

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.manifest import Manifest


def simulate_arrays(config: BenchConfig, card: Card, root: Path) -> Manifest:
    """Simulate every array below ``root`` and return the manifest."""
    arrays = config.benchmark.arrays(config.data.simulation)
    return fetch(card, root=root, options={"arrays": arrays, "random_state": config.seed})


def read_array(folder: Path, name: str) -> tuple[NDArray[np.float32], pd.DataFrame, dict[str, Any]]:
    """Return signals, a row per trial, and the description of one simulated array."""
    signals = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    labels = pd.read_csv(folder / LABELS)
    table = labels[labels["array"] == name].reset_index(drop=True)
    info = {
        "channels": [f"N{i + 1:02d}" for i in range(signals.shape[1])],
        "sfreq": SFREQ,
        "unit": "arbitrary",
        "band_hz": BAND_HZ,
        "classes": CLASSES,
    }
    return signals, table, info
