"""Where the sensors lie: two-dimensional positions, unknown ones marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.channels import canonical_name
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def sensor_positions(info: Any, names: Sequence[str], *, where: str = "") -> NDArray[np.float32]:
    """Return the position of each sensor on MNE's flat layout of the recording.

    The layout of a MEG system goes by its makers' names of sensors. Where it lacks a sensor that
    lies somewhere (another helmet of that maker, other names), the places in space are laid flat
    instead: at the azimuth, as far from the middle as the angle from the vertical. x and y are
    scaled to [0, 1] over the recording's known sensors. A reference behind the last hyphen of a
    name ("MEG 001-2805") does not count.

    Parameters
    ----------
    info : mne.Info
        With sensor positions (MEG), or a montage (EEG).
    names : sequence of str
        Channels wanted.

    Returns
    -------
    ndarray of float32, shape (n_channels, 2)
        NaN where a sensor has no place.

    Raises
    ------
    DataFault
        If no sensor has a position, or two electrodes share one.
    """
    spelled = [_spelling(name) for name in names]
    placed = {_spelling(c["ch_name"]): c["loc"][:3] for c in info["chs"] if _has_place(c["loc"])}
    known = _layout(info, where) if placed else {}
    if any(name in placed and name not in known for name in spelled):
        known = _laid_flat(placed)
    raw = np.array([known.get(name, (np.nan, np.nan)) for name in spelled])
    if np.isnan(raw).all():
        raise DataFault(
            f"none of {len(names)} channels ({', '.join(names[:4])}, ...) has a position",
            where=where,
            fix="give electrodes.tsv, or data.options={montage: standard_1005}; "
            "files of MEG hold their own",
        )
    low, high = np.nanmin(raw, axis=0), np.nanmax(raw, axis=0)
    span = np.where(high > low, high - low, 1.0)
    scaled: NDArray[np.float32] = ((raw - low) / span).astype(np.float32)
    return scaled


def _spelling(name: str) -> str:
    return canonical_name(name.rpartition("-")[0] or name).replace(" ", "")


def _layout(info: Any, where: str) -> dict[str, tuple[float, float]]:
    """Return x and y on MNE's layout by canonical channel name.

    Channels without a place in space are left out first: MNE would put them at the origin.
    """
    import mne

    placed = [k for k, channel in enumerate(info["chs"]) if _has_place(channel["loc"])]
    try:
        layout = mne.channels.find_layout(mne.pick_info(info, placed), exclude=[])
    except (RuntimeError, ValueError) as error:  # as: overlapping positions
        raise DataFault(f"no flat layout: {error}", where=where) from error
    centres = layout.pos[:, :2] + layout.pos[:, 2:] / 2
    return {
        _spelling(name): (float(x), float(y))
        for name, (x, y) in zip(layout.names, centres, strict=True)
    }


def _laid_flat(places: Mapping[str, NDArray[np.float64]]) -> dict[str, tuple[float, float]]:
    """Return the azimuthal equidistant projection of places around the origin."""
    flat = {}
    for name, (x, y, z) in places.items():
        angle, azimuth = np.arctan2(np.hypot(x, y), z), np.arctan2(y, x)
        flat[name] = (float(angle * np.cos(azimuth)), float(angle * np.sin(azimuth)))
    return flat


def _has_place(loc: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(loc[:3]).all() and loc[:3].any())
