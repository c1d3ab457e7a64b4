"""Recordings that come as arrays, as MNE Raw with positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.datasets.montage import set_montage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import mne
    import numpy as np
    from numpy.typing import NDArray


def raw_from_array(
    signals: NDArray[np.float64],
    names: Sequence[str],
    sfreq: float,
    *,
    montage: str,
    path: Path,
) -> mne.io.BaseRaw:
    """Return EEG signals in V as MNE Raw on a standard montage.

    Parameters
    ----------
    signals : ndarray, shape (n_channels, n_samples)
        In V.
    names : sequence of str
        Channels.
    sfreq : float
        Sampling rate in Hz.
    montage : str
        Standard montage that knows all names.
    path : Path
        Where the signals were read, kept as the recording's file name for messages.
    """
    import mne

    raw = mne.io.RawArray(
        signals, mne.create_info(list(names), sfreq, "eeg"), copy="auto", verbose="ERROR"
    )
    set_montage(raw, montage)
    raw.filenames = [path]
    return raw
