"""Who a decoder can be applied to: channels, layout and scaler of each participant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.artefacts import read_json
from neurodecode.channels import canonical_name, resolve_channels
from neurodecode.faults import DataFault, unknown
from neurodecode.persistence import load_tensors, save_tensors
from neurodecode.signals.amplitudes import require_finite, require_unit
from neurodecode.signals.robust import RobustScaler, floor_quantile, subtract_baseline

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.contrastive.data import Batch, Recordings
    from neurodecode.contrastive.decoder_settings import ContrastiveSettings

FILE = "people"


@dataclass(frozen=True)
class ScaledPerson:
    """One person, as a decoder sees them.

    Attributes
    ----------
    label : str
        Participant of the training; "" for somebody else.
    index : int
        Of the network's participant.
    channels : tuple of str
        Their channels, in the decoder's order.
    columns : ndarray of int, shape (n_own,)
        Place of each among all channels of the decoder.
    positions : ndarray of float32, shape (n_channels, 2)
        Layout on all channels, NaN where unknown.
    scaler : RobustScaler
        Of their channels.
    note : str
        How a stranger is treated; else "".
    """

    label: str
    index: int
    channels: tuple[str, ...]
    columns: NDArray[Any]
    positions: NDArray[np.float32]
    scaler: RobustScaler
    note: str = ""

    def batch(self, signals: torch.Tensor) -> Batch:
        """Return what a network reads, of scaled windows (n, n_channels, T)."""
        return {
            "signals": signals,
            "subjects": torch.full((len(signals),), self.index),
            "layouts": torch.zeros(len(signals), dtype=torch.int64),
            "positions": torch.from_numpy(self.positions)[None],
        }


class ScaledPeople:
    """The participants of the training, on the union of their channels.

    Parameters
    ----------
    labels : sequence of str
        In the order of the network's participants.
    channels : sequence of str
    positions : ndarray of float32, shape (n_participants, n_channels, 2)
    median, iqr : ndarray of float32, shape (n_participants, n_channels)
        NaN for a channel that the participant lacks.
    n_windows : sequence of int
        Windows that each scaler was fitted on.
    """

    def __init__(
        self,
        labels: Sequence[str],
        channels: Sequence[str],
        positions: NDArray[np.float32],
        median: NDArray[np.float32],
        iqr: NDArray[np.float32],
        n_windows: Sequence[int],
    ) -> None:
        self.labels, self.channels = tuple(labels), tuple(channels)
        self.positions, self.median, self.iqr = positions, median, iqr
        self.n_windows = list(n_windows)

    @classmethod
    def of_recordings(cls, recordings: Recordings) -> ScaledPeople:
        """Return everybody with layout and scaler of their last recording."""
        size = (len(recordings.participants), len(recordings.channels))
        positions = np.full((*size, 2), np.nan, dtype=np.float32)
        median, iqr = np.full((2, *size), np.nan, dtype=np.float32)
        n_windows = [0] * len(recordings.participants)
        for item in recordings.items:
            row, own = item.participant, item.scaler
            median[row] = iqr[row] = np.nan
            positions[row] = recordings.positions[item.layout].numpy()
            median[row, item.columns], iqr[row, item.columns] = own.median, own.iqr
            n_windows[row] = own.n_windows
        return cls(recordings.participants, recordings.channels, positions, median, iqr, n_windows)

    def save(self, folder: Path) -> None:
        """Write ``people.safetensors`` and ``people.json``."""
        arrays = {"positions": self.positions, "median": self.median, "iqr": self.iqr}
        info = {"participants": self.labels, "channels": self.channels,
                "n_windows": self.n_windows}  # fmt: skip
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        save_tensors(folder, tensors, info, name=FILE)

    @classmethod
    def load(cls, folder: Path) -> ScaledPeople:
        """Read what :meth:`save` wrote."""
        info = read_json(folder / f"{FILE}.json")
        held = {name: tensor.numpy() for name, tensor in load_tensors(folder, name=FILE).items()}
        return cls(
            info["participants"], info["channels"], held["positions"], held["median"],
            held["iqr"], info["n_windows"],
        )  # fmt: skip

    def person(self, label: str) -> ScaledPerson:
        """Return a participant of the training.

        Raises
        ------
        DataFault
            If the label is unknown, with the nearest one.
        """
        if label not in self.labels:
            raise DataFault(
                unknown("participant", label, self.labels),
                fix="name none to be treated as the average of all",
            )
        row = self.labels.index(label)
        columns = np.flatnonzero(~np.isnan(self.median[row]))
        scaler = RobustScaler(
            self.median[row, columns], self.iqr[row, columns], self.n_windows[row]
        )
        names = tuple(self.channels[k] for k in columns)
        return ScaledPerson(label, row, names, columns, self.positions[row], scaler)

    def channels_for(self, present: Sequence[str], *, where: str = "") -> tuple[str, ...]:
        """Return the channels that somebody new is decoded from, of those in a recording.

        Channels that all participants have must be there; others may be missing, as they are in
        some participants.

        Raises
        ------
        DataFault
            Naming the missing channels.
        """
        common = [not np.isnan(column).any() for column in self.median.T]
        there = {canonical_name(name) for name in present}
        wanted = tuple(
            name
            for name, everybody in zip(self.channels, common, strict=True)
            if everybody or canonical_name(name) in there
        )
        resolve_channels(wanted, present, where=where)
        return wanted

    def stranger(
        self,
        windows: NDArray[Any],
        channels: Sequence[str],
        positions: NDArray[np.float32],
        index: int,
        settings: ContrastiveSettings,
    ) -> ScaledPerson:
        """Return somebody who was not in the training.

        Parameters
        ----------
        windows : ndarray, shape (n, n_own, T)
            Theirs, baseline-corrected.
        channels : sequence of str, shape (n_own,)
            Of :meth:`channels_for`.
        positions : ndarray of float32, shape (n_own, 2)
        index : int
            Of the network's average participant.
        """
        rng = np.random.default_rng(settings.seed)
        chosen = rng.permutation(len(windows))[: settings.signals.scaler_windows]
        scaler = RobustScaler.fit(windows[chosen])
        note = f"average participant, scaled by {scaler.n_windows} windows of the recording itself"
        columns = np.array([self.channels.index(name) for name in channels], dtype=np.intp)
        layout = np.full((len(self.channels), 2), np.nan, dtype=np.float32)
        layout[columns] = positions
        return ScaledPerson("", index, tuple(channels), columns, layout, scaler, note)


def check_amplitude(
    windows: NDArray[Any], person: ScaledPerson, settings: ContrastiveSettings, *, where: str = ""
) -> None:
    """Raise if windows are not in the decoder's unit.

    The median over channels of the windows' interquartile range, divided by that of the person's
    scaler, must lie between 1/100 and 100.

    Parameters
    ----------
    windows : ndarray, shape (n, C, T)
        Of the person's channels in order.

    Raises
    ------
    DataFault
        NaN or infinite values, named with channel and window; an implausible amplitude, with
        the unit that it looks like.
    """
    if not len(windows):
        return
    require_finite(windows, person.channels, where=where)
    base = np.moveaxis(subtract_baseline(windows, settings.signals.n_baseline), 1, 0)
    ordered = np.sort(base.reshape(len(base), -1), axis=1)
    spread = floor_quantile(ordered, 0.75) - floor_quantile(ordered, 0.25)
    ratio = float(np.median(spread / person.scaler.iqr))
    require_unit(ratio, settings.kind, where=where)
