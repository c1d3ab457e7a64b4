"""Windows of a new recording around its onsets, cut as those of the training were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.contrastive.data import gather
from neurodecode.faults import DataFault
from neurodecode.signals.continuous import Continuous, read_continuous
from neurodecode.signals.matching import match_channels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mne
    from numpy.typing import NDArray

    from neurodecode.contrastive.image.decoder_settings import DecoderSettings
    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.chain import Chain


def read_recording(
    raw: mne.io.BaseRaw,
    settings: DecoderSettings,
    channels: Sequence[str],
    *,
    extra: Extra = "stop",
) -> Continuous:
    """Return a recording at the decoder's rate, its channels in the order asked for.

    Parameters
    ----------
    raw : Raw
        Left as it is.
    extra : {"stop", "drop"}, default="stop"
        What to do with other channels of the kind; where the training named its channels they
        are always dropped.

    Raises
    ------
    DataFault
        As :func:`~neurodecode.signals.continuous.read_continuous` and
        :func:`~neurodecode.signals.matching.match_channels`.
    """
    where = recording_name(raw)
    own = raw.copy()
    present = channels_of_kind(own, settings.kind, where)
    policy: Extra = "drop" if settings.signals.channels is not None else extra
    chosen = [present[k] for k in match_channels(channels, present, where=where, extra=policy)]
    changed = {"channels": tuple(chosen), "kind": settings.kind, "bad_channels": "stop"}
    read = read_continuous(own, settings.signals.model_copy(update=changed), where=where)
    order = match_channels(channels, read.channels, where=where)
    return Continuous(read.signals[order], list(channels), read.positions[order], read.info)


def channels_of_kind(raw: mne.io.BaseRaw, kind: str, where: str) -> list[str]:
    """Return the names of all EEG, or MEG, channels, bad ones too."""
    import mne

    kinds = {"meg": True, "ref_meg": False} if kind == "meg" else {"eeg": True}
    picks = mne.pick_types(raw.info, exclude=[], **kinds)
    if not len(picks):
        there = ", ".join(sorted(set(raw.get_channel_types())))
        raise DataFault(f"no {kind.upper()} channel, only {there}", where=where)
    return [raw.ch_names[k] for k in picks]


def annotated_onsets(raw: mne.io.BaseRaw) -> pd.DataFrame:
    """Return ``onset`` (s after the first sample) and ``description`` of the annotations.

    Those that mark bad data or boundaries are left out.

    Raises
    ------
    DataFault
        If there is none.
    """
    marks = raw.annotations
    shift = 0.0 if marks.orig_time is None else float(raw.first_time)
    rows = [
        (float(onset) - shift, str(text))
        for onset, text in zip(marks.onset, marks.description, strict=True)
        if not str(text).upper().startswith(("BAD", "EDGE"))
    ]
    if not rows:
        raise DataFault(
            "no marker found: the recording has no annotations",
            where=recording_name(raw),
            fix="give onsets, or an events table (--events)",
        )
    return pd.DataFrame(rows, columns=["onset", "description"])


def cut_recording(
    read: Continuous, onsets: Sequence[float], chain: Chain
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the windows that lie in the recording, and which onsets they belong to.

    Returns
    -------
    windows : ndarray of float32, shape (n, C, T)
    inside : ndarray of int, shape (n,)

    Raises
    ------
    DataFault
        If no window lies inside.
    """
    starts = chain.first_samples(onsets)
    length = read.signals.shape[1]
    inside = np.flatnonzero((starts >= 0) & (starts + chain.n_samples <= length))
    if not inside.size:
        needed = chain.n_samples / chain.sfreq
        raise DataFault(
            f"none of {len(onsets)} windows of {needed:.2f} s lies in the recording of "
            f"{length / chain.sfreq:.2f} s",
            fix="give a longer recording, or check that onsets are in s",
        )
    return gather(read.signals, starts[inside], chain.n_samples), inside


def check_windows(
    windows: NDArray[Any], channels: Sequence[str], chain: Chain, sfreq: float | None
) -> None:
    """Raise unless windows (n, C, T) have these channels and the decoder's rate and length."""
    if windows.ndim != 3 or windows.shape[1] != len(channels):
        raise DataFault(
            f"windows of shape {windows.shape} for {len(channels)} channel names",
            fix="give trials x channels x samples",
        )
    if sfreq is not None and not np.isclose(sfreq, chain.sfreq, rtol=1e-6):
        raise DataFault(
            f"windows at {sfreq:g} Hz, the decoder was trained at {chain.sfreq:g} Hz",
            fix="resample them, or give the recording to predict(), which does",
        )
    if windows.shape[2] != chain.n_samples:
        raise DataFault(
            f"windows of {windows.shape[2]} samples, the decoder sees {chain.n_samples}: from "
            f"{chain.tmin:g} to {chain.tmax:g} s at {chain.sfreq:g} Hz",
            fix="cut them so, or give the recording to predict()",
        )


def recording_name(raw: mne.io.BaseRaw) -> str:
    """Return the first file of a recording, for messages; "" where it has none."""
    return next((str(file) for file in raw.filenames if file is not None), "")
