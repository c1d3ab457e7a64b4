"""Electrode positions from a standard montage, matched by channel name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurodecode.channels import canonical_name
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    import mne
    import numpy as np
    from numpy.typing import NDArray

# MNE 1.13 renamed its template montages; both spellings are understood with every MNE.
RENAMED = {
    "standard_1005": "colin27_1005",
    "standard_1020": "colin27_1020",
}


def set_montage(raw: mne.io.BaseRaw, name: str) -> tuple[str, ...]:
    """Give a recording the positions of a standard montage, in place; letter case is ignored.

    Parameters
    ----------
    raw : mne.io.BaseRaw
        EEG recording; channels that the montage lacks are left without position.
    name : str
        As for :func:`standard_montage`.

    Returns
    -------
    tuple of str
        One line naming the channels without position; empty when all have one.

    Raises
    ------
    ConfigFault
        If MNE has no such montage, with the nearest name.
    DataFault
        If the montage knows none of the channels.
    """
    layout = standard_montage(name)
    known = {channel.lower() for channel in layout.ch_names}
    absent = [channel for channel in raw.ch_names if channel.lower() not in known]
    if len(absent) == len(raw.ch_names):
        raise DataFault(
            f"montage {name} knows none of the channels {', '.join(absent[:8])}",
            where=str(next(iter(raw.filenames), "")),
            fix=f"choose another montage, its channels are {', '.join(layout.ch_names[:8])}, ...",
        )
    raw.set_montage(layout, match_case=False, on_missing="ignore", verbose="ERROR")
    return (f"not in montage {name}: {', '.join(absent)}",) if absent else ()


def standard_montage(name: str) -> mne.channels.DigMontage:
    """Return a montage of ``mne.channels.get_builtin_montages()``, also by its name before 1.13.

    Raises
    ------
    ConfigFault
        If MNE has no such montage, with the nearest name.
    """
    import mne

    valid = mne.channels.get_builtin_montages()
    former = {new: old for old, new in RENAMED.items()}
    spellings = (name, RENAMED.get(name, name), former.get(name, name))
    found = next((spelling for spelling in spellings if spelling in valid), None)
    if found is None:
        raise ConfigFault(unknown("montage", name, [*valid, *RENAMED]))
    return mne.channels.make_standard_montage(found)


def standard_sites() -> dict[str, NDArray[np.float64]]:
    """Return the places (m, MNE's head frame) of the 10-05 system, by canonical channel name."""
    places = standard_montage("standard_1005").get_positions()["ch_pos"]
    return {canonical_name(name): place for name, place in places.items()}
