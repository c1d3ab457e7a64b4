"""Windows of a new recording around its onsets, cut as those of the training were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.contrastive.data import gather
from neurodecode.faults import DataFault
from neurodecode.signals.continuous import Continuous, read_continuous
from neurodecode.signals.fixed_settings import settings_are_fixed
from neurodecode.signals.matching import channels_of_kind, match_channels, recording_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mne
    from numpy.typing import NDArray

    from neurodecode.contrastive.decoder_settings import ContrastiveSettings
    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.chain import Chain


def read_recording(
    raw: mne.io.BaseRaw,
    settings: ContrastiveSettings,
    channels: Sequence[str],
    *,
    extra: Extra = "stop",
    layout: bool = True,
) -> Continuous:
    """Return a recording at the decoder's rate, its channels in the order asked for.

    Parameters
    ----------
    raw : Raw
        Left as it is.
    extra : {"stop", "drop"}, default="stop"
        What to do with other channels of the kind; where the training named its channels they
        are always dropped.
    layout : bool, default=True
        False: positions are not needed, because the decoder knows the participant's.

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
    signals = settings.signals.model_copy(update=changed)
    with settings_are_fixed():
        read = read_continuous(own, signals, where=where, layout=layout)
    order = match_channels(channels, read.channels, where=where)
    return Continuous(read.signals[order], list(channels), read.positions[order], read.info)


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
