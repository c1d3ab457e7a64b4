"""Channels of a new recording against those that a decoder was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from neurodecode.channels import resolve_channels
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mne
    from numpy.typing import NDArray

Extra = Literal["stop", "drop"]


def match_channels(
    wanted: Sequence[str], present: Sequence[str], *, where: str = "", extra: Extra = "stop"
) -> NDArray[np.intp]:
    """Return the place in ``present`` of each wanted channel (T7 is T3, case does not count).

    Parameters
    ----------
    wanted : sequence of str
        Channels of the decoder, in its order.
    present : sequence of str
        Channels at hand, in any order.
    where : str
        Names the recording in faults.
    extra : {"stop", "drop"}, default="stop"
        What to do with channels that the decoder does not know.

    Returns
    -------
    ndarray of int, shape (n_wanted,)

    Raises
    ------
    DataFault
        Naming missing channels with the nearest present ones, channels that are there twice,
        and those that are too many.
    """
    names = resolve_channels(wanted, present, where=where)
    surplus = [name for name in present if name not in names]
    if surplus and extra == "stop":
        hints = [f"{name} (nearest known: {nearest(name, wanted) or 'none'})" for name in surplus]
        raise DataFault(
            f"channels the decoder does not know: {', '.join(hints)}",
            where=where,
            fix=f"give only {', '.join(wanted)}, or drop the others (extra='drop', --drop-extra)",
        )
    place = {name: k for k, name in enumerate(present)}
    return np.array([place[name] for name in names], dtype=np.intp)


def channels_of_kind(raw: mne.io.BaseRaw, kind: str, where: str) -> list[str]:
    """Return the names of all EEG, or MEG, channels, bad ones too."""
    import mne

    kinds = {"meg": True, "ref_meg": False} if kind == "meg" else {"eeg": True}
    picks = mne.pick_types(raw.info, exclude=[], **kinds)
    if not len(picks):
        there = ", ".join(sorted(set(raw.get_channel_types())))
        raise DataFault(f"no {kind.upper()} channel, only {there}", where=where)
    return [raw.ch_names[k] for k in picks]


def recording_name(raw: mne.io.BaseRaw) -> str:
    """Return the first file of a recording, for messages; "" where it has none."""
    return next((str(file) for file in raw.filenames if file is not None), "")
