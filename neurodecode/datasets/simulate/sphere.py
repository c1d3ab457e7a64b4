"""The head of the simulators: electrodes and dipoles in MNE's sphere model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

CENTRE = (0.0, 0.0, 0.04)
"""Centre of the sphere in head coordinates, m (x right, y front, z up)."""
HEAD_RADIUS, BRAIN_RADIUS = 0.09, 0.075  # m
CHANNELS = (
    "T7", "T8", "Fz", "Cz", "Pz", "FC5", "FC6", "Oz",
    "F3", "F4", "C3", "C4", "P3", "P4", "P7", "P8",
    "F7", "F8", "FC1", "FC2", "CP1", "CP2", "CP5", "CP6",
    "Fp1", "Fp2", "O1", "O2", "FT9", "FT10", "TP9", "TP10",
    "AF3", "AF4", "F1", "F2", "F5", "F6", "FC3", "FC4",
    "FT7", "FT8", "C1", "C2", "C5", "C6", "CP3", "CP4",
    "TP7", "TP8", "P1", "P2", "P5", "P6", "PO3", "PO4",
    "PO7", "PO8", "AF7", "AF8", "FCz", "CPz", "POz", "AFz",
)  # fmt: skip
"""Electrodes of the 10-10 system; any first few of them cover the head."""


def electrode_info(channels: Sequence[str], sfreq: float) -> Any:
    """Return an ``mne.Info`` of EEG channels at their 10-05 positions; ``sfreq`` in Hz."""
    import mne

    info = mne.create_info(list(channels), sfreq, "eeg")
    named = set(mne.channels.get_builtin_montages())
    # MNE 1.13 renamed the template; older versions know it as standard_1020.
    return info.set_montage("colin27_1020" if "colin27_1020" in named else "standard_1020")


def inside_brain(positions: Array) -> Array:
    """Pull positions (n, 3) that left the brain's sphere back to its radius of 75 mm."""
    offset = positions - CENTRE
    radius = np.linalg.norm(offset, axis=1, keepdims=True)
    pulled: Array = CENTRE + offset * np.minimum(1, BRAIN_RADIUS / radius)
    return pulled


def radial(positions: Array) -> Array:
    """Return the unit vectors (n, 3) from the centre through ``positions``."""
    offset = positions - CENTRE
    outwards: Array = offset / np.linalg.norm(offset, axis=1, keepdims=True)
    return outwards


def dipole_gains(info: Any, positions: Array, orientations: Array) -> Array:
    """EEG gains of dipoles in the three-shell sphere model.

    Parameters
    ----------
    info : mne.Info
        Of :func:`electrode_info`.
    positions : ndarray, shape (n_sources, 3)
        Head coordinates, m.
    orientations : ndarray, shape (n_sources, 3)
        Unit vectors.

    Returns
    -------
    ndarray, shape (n_channels, n_sources)
        Potential against infinity, in V per Am.
    """
    import mne

    sphere = mne.make_sphere_model(r0=CENTRE, head_radius=HEAD_RADIUS, verbose="error")
    source = mne.setup_volume_source_space(
        pos={"rr": positions, "nn": orientations}, sphere=sphere, mindist=0, verbose="error"
    )
    forward = mne.make_forward_solution(
        info, trans=None, src=source, bem=sphere, eeg=True, meg=False, mindist=0, verbose="error"
    )
    fixed = mne.convert_forward_solution(forward, force_fixed=True, verbose="error")
    return np.asarray(fixed["sol"]["data"], dtype=float)
