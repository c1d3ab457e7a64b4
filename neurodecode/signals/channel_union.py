"""One list of channels for recordings that differ in theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.channels import canonical_name, check_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


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
