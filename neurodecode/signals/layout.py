"""Where the sensors lie: two-dimensional positions, unknown ones marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.channels import canonical_name
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def sensor_positions(info: Any, names: Sequence[str], *, where: str = "") -> NDArray[np.float32]:
    """Return the position of each sensor on MNE's flat layout of the recording.

    x and y are scaled to [0, 1] over the recording's known sensors. A reference behind the last
    hyphen of a name ("MEG 001-2805") does not count.

    Parameters
    ----------
    info : mne.Info
        With sensor positions (MEG), or a montage (EEG).
    names : sequence of str
        Channels wanted.

    Returns
    -------
    ndarray of float32, shape (n_channels, 2)
        NaN where the layout does not know the sensor.

    Raises
    ------
    DataFault
        If no sensor has a position, or two electrodes share one.
    """
    known = _layout(info, where)
    raw = np.array([known.get(_spelling(name), (np.nan, np.nan)) for name in names])
    if np.isnan(raw).all():
        raise DataFault(
            f"none of {len(names)} channels ({', '.join(names[:4])}, ...) has a position",
            where=where,
            fix="give electrodes.tsv, or data.options={montage: standard_1005}",
        )
    low, high = np.nanmin(raw, axis=0), np.nanmax(raw, axis=0)
    span = np.where(high > low, high - low, 1.0)
    scaled: NDArray[np.float32] = ((raw - low) / span).astype(np.float32)
    return scaled


def _spelling(name: str) -> str:
    return canonical_name(name.rpartition("-")[0] or name).replace(" ", "")


def _layout(info: Any, where: str) -> dict[str, tuple[float, float]]:
    """Return x and y by canonical channel name; empty where no channel lies anywhere.

    Channels without a place in space are left out first: MNE would put them at the origin.
    """
    import mne

    placed = [k for k, channel in enumerate(info["chs"]) if _has_place(channel["loc"])]
    if not placed:
        return {}
    try:
        layout = mne.channels.find_layout(mne.pick_info(info, placed), exclude=[])
    except (RuntimeError, ValueError) as error:  # as: overlapping positions
        raise DataFault(f"no flat layout: {error}", where=where) from error
    centres = layout.pos[:, :2] + layout.pos[:, 2:] / 2
    return {
        _spelling(name): (float(x), float(y))
        for name, (x, y) in zip(layout.names, centres, strict=True)
    }


def _has_place(loc: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(loc[:3]).all() and loc[:3].any())
