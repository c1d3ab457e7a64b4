r"""Band-limited, spatially mixed noise: arrays on which the cost of a method is measured.

Generative model
    :math:`x_i(t) = A\, (h * (g_i \odot \varepsilon_i))(t)`: independent white Gaussian sources
    :math:`\varepsilon`, each with a gain :math:`g` drawn per trial from N(1, 0.25^2), a Butterworth
    band-pass :math:`h` of 8 to 35 Hz (the paper's band), applied forwards and backwards, and a
    fixed mixing matrix :math:`A = 2I + N(0, 1)`.
Planted effect
    The first three sources are 1.25 times as strong in the second class.
Ceiling
    None is given: two programs are compared on these arrays, with each other and by their scores'
    equality, and no score is judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from neurodecode.artefacts import atomic_path

CLASSES = ("weak", "strong")
SFREQ = 250.0
BAND_HZ = (8.0, 35.0)
MARGIN = 200  # samples cut from both ends, where the filter rings
LABELS = "labels.csv"


def simulate_band_limited_noise(
    folder: Path, *, arrays: Mapping[str, Sequence[int]], random_state: int = 42
) -> list[Path]:
    """Write one ``NAME.npy`` (float32) per array, and their labels.

    Parameters
    ----------
    arrays : mapping of str to (n_trials, n_channels, n_samples)
        What to draw, by name.
    random_state : int, default=42
        Seed; each array depends on it and on its own shape only.

    Returns
    -------
    list of Path
        All files written.
    """
    labels, files = [], []
    for name, shape in arrays.items():
        signals, drawn = draw_noise(*shape, random_state=random_state)
        files.append(folder / f"{name}.npy")
        with atomic_path(files[-1]) as path, path.open("wb") as file:
            np.save(file, signals, allow_pickle=False)
        labels.append(pd.DataFrame({"array": name, "trial": range(len(drawn)), "label": drawn}))
    files.append(folder / LABELS)
    with atomic_path(files[-1]) as path:
        pd.concat(labels).to_csv(path, index=False)
    return [file.resolve() for file in files]


def draw_noise(
    n_trials: int, n_channels: int, n_samples: int, *, random_state: int
) -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Draw trials (n_trials, n_channels, n_samples), no unit, and their classes, in turn."""
    rng = np.random.default_rng([random_state, n_trials, n_channels, n_samples])
    classes = np.arange(n_trials) % 2
    mixing = rng.standard_normal((n_channels, n_channels)) + 2 * np.eye(n_channels)
    gains = 1 + 0.25 * rng.standard_normal((n_trials, n_channels, 1))
    gains[classes == 1, :3] *= 1.25
    band = butter(4, BAND_HZ, "bandpass", fs=SFREQ, output="sos")
    signals = np.empty((n_trials, n_channels, n_samples), dtype=np.float32)
    for trial, gain in enumerate(gains):  # one by one: a filtered copy of all would be large
        sources = gain * rng.standard_normal((n_channels, n_samples + 2 * MARGIN))
        signals[trial] = sosfiltfilt(band, mixing @ sources)[:, MARGIN:-MARGIN]
    return signals, np.array(CLASSES)[classes]
