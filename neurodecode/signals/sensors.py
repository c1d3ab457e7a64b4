"""Where sensors lie on a flat head, and one list of channels for recordings that differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault
from neurodecode.signals.checks import canonical_name, check_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import mne
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SensorLayout:
    """Flat positions of the channels of one recording.

    Attributes
    ----------
    names : tuple of str
        Channels, in the order of the recording.
    positions : ndarray of float32, shape (n_channels, 2)
        x (left to right) and y (back to front), each scaled to [0, 1] over the known channels;
        NaN where a channel is unknown to the layout.
    """

    names: tuple[str, ...]
    positions: NDArray[np.float32]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Channels without position."""
        places = zip(self.names, self.positions, strict=True)
        return tuple(name for name, place in places if np.isnan(place).any())


def sensor_layout(info: mne.Info, *, where: str) -> SensorLayout:
    """Return the flat positions of a recording's EEG or MEG channels.

    MEG channels are looked up in MNE's layout of the system (CTF-275, KIT, Vectorview, ...), by
    the name before its last hyphen; systems without one, and EEG electrodes, are projected from
    their positions in space as MNE's topographic maps are.

    Parameters
    ----------
    info : mne.Info
        Of a recording with EEG or MEG channels only.
    where : str
        The recording, for messages.

    Raises
    ------
    DataFault
        If no channel has a position, or two electrodes share one.
    """
    import mne

    names = tuple(info["ch_names"])
    placed = [k for k, channel in enumerate(info["chs"]) if _has_place(channel["loc"])]
    known: dict[str, NDArray[np.float64]] = {}
    if placed:
        try:
            layout = mne.channels.find_layout(mne.pick_info(info, placed), exclude=())
        except ValueError as error:  # MNE: overlapping positions
            raise DataFault(f"no flat layout: {error}", where=where) from error
        known = {
            _stem(name): place[:2] for name, place in zip(layout.names, layout.pos, strict=True)
        }
    nowhere = np.full(2, np.nan)
    places = np.array([known.get(_stem(name), nowhere) for name in names])
    if np.isnan(places).all():
        raise DataFault(
            f"no channel has a position: {', '.join(names[:8])}{', ...' * (len(names) > 8)}",
            where=where,
            fix="give electrodes.tsv or a standard montage that knows these names",
        )
    low, high = np.nanmin(places, axis=0), np.nanmax(places, axis=0)
    spread = np.where(high > low, high - low, 1.0)
    return SensorLayout(names, ((places - low) / spread).astype(np.float32))


@dataclass(frozen=True)
class ChannelUnion:
    """All channels that any of some recordings has.

    Attributes
    ----------
    names : tuple of str
        Spelled and ordered as they first occur.
    index : dict of str to ndarray of int
        Per recording, the place of each of its channels in ``names``.
    """

    names: tuple[str, ...]
    index: dict[str, NDArray[np.intp]]

    def mask(self, recording: str) -> NDArray[np.bool_]:
        """Return which of ``names`` a recording has, shape (n_names,)."""
        return np.isin(np.arange(len(self.names)), self.index[recording])

    def missing(self) -> dict[str, tuple[str, ...]]:
        """Return the channels that each recording lacks; recordings that lack none are left out."""
        lacks = {
            recording: tuple(np.array(self.names)[~self.mask(recording)].tolist())
            for recording in self.index
        }
        return {recording: names for recording, names in lacks.items() if names}

    def spread(
        self, recording: str, rows: NDArray[np.floating], fill: float
    ) -> NDArray[np.floating]:
        """Return one row per name: the recording's own, ``fill`` for channels that it lacks.

        Parameters
        ----------
        recording : str
            Key of ``index``.
        rows : ndarray, shape (n_channels, ...)
            Signals, or positions, of its channels.
        fill : float
            0 for signals, NaN for positions (an explicit "not there").
        """
        out = np.full((len(self.names), *rows.shape[1:]), fill, dtype=rows.dtype)
        out[self.index[recording]] = rows
        return out


def union_of_channels(names: Mapping[str, Sequence[str]]) -> ChannelUnion:
    """Unite recordings with different channels by name (T3 is T7, letter case does not count).

    Parameters
    ----------
    names : mapping of recording to its channels

    Raises
    ------
    DataFault
        If a recording has a channel twice.
    """
    spelled: dict[str, str] = {}
    for recording, channels in names.items():
        check_names(channels, where=recording)
        for name in channels:
            spelled.setdefault(canonical_name(name), name)
    place = {key: k for k, key in enumerate(spelled)}
    index = {
        recording: np.array([place[canonical_name(name)] for name in channels], dtype=np.intp)
        for recording, channels in names.items()
    }
    return ChannelUnion(tuple(spelled.values()), index)


def _has_place(loc: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(loc[:3]).all() and loc[:3].any())


def _stem(name: str) -> str:
    return name.rsplit("-", 1)[0].replace(" ", "")
