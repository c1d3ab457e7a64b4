"""Simulated recordings as a BIDS data set: BrainVision files and their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path, write_json
from neurodecode.datasets.simulate.background import LINE_HZ
from neurodecode.datasets.simulate.sphere import CHANNELS, electrode_info
from neurodecode.faults import ConfigFault

Array = NDArray[np.floating[Any]]


def check_electrodes(n_channels: int, sfreq: float) -> None:
    """Raise ConfigFault unless there are that many electrodes, and the rate can hold the line."""
    if not 1 <= n_channels <= len(CHANNELS):
        raise ConfigFault(f"{n_channels} channels", fix=f"give 1 to {len(CHANNELS)}")
    if sfreq <= 2 * LINE_HZ:
        raise ConfigFault(
            f"sfreq {sfreq:g} Hz cannot hold the {LINE_HZ:g} Hz line",
            fix=f"give more than {2 * LINE_HZ:g}",
        )


def recording_path(folder: Path, subject: str, task: str) -> Any:
    """Return the ``mne_bids.BIDSPath`` of a simulated recording."""
    import mne_bids

    return mne_bids.BIDSPath(
        root=folder, subject=subject, task=task, datatype="eeg", suffix="eeg", extension=".vhdr"
    )


def read_signals(path: Any) -> Array:
    """Read a recording (n_channels, n_samples) in uV from its :func:`recording_path`."""
    import mne

    raw = mne.io.read_raw_brainvision(path.fpath, preload=True, verbose="error")
    signals: Array = raw.get_data() * 1e6
    return signals


def write_recording(
    path: Any,
    signals: Array,
    channels: Sequence[str],
    sfreq: float,
    events: pd.DataFrame,
    columns: Mapping[str, str],
) -> None:
    """Write one BrainVision recording and its events.

    Parameters
    ----------
    path : mne_bids.BIDSPath
        Of :func:`recording_path`.
    signals : ndarray, shape (n_channels, n_samples)
        In uV.
    events : DataFrame
        With onset and duration (s), and the columns below.
    columns : mapping of str to str
        What each column means.
    """
    import mne
    import mne_bids

    raw = mne.io.RawArray(signals * 1e-6, electrode_info(channels, sfreq), verbose="error")
    raw.info["line_freq"] = LINE_HZ
    mne_bids.write_raw_bids(
        raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose="error"
    )
    target = path.copy().update(suffix="events", extension=".tsv").fpath
    with atomic_path(target) as temporary:
        events.to_csv(temporary, sep="\t", index=False, na_rep="n/a", float_format="%.6f")
    described = {name: {"Description": text} for name, text in columns.items()}
    write_json(target.with_suffix(".json"), described)
