"""A trained contrastive decoder that left its run: from new recordings to ranked stimuli."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from neurodecode.contrastive.onnx import network_over_tensors, tells_participants_apart
from neurodecode.contrastive.people import check_amplitude
from neurodecode.contrastive.recording_windows import cut_recording, read_recording
from neurodecode.contrastive.retrieval import QUERY_BYTES, join_batches
from neurodecode.decoder_folder import SavedDecoder
from neurodecode.faults import DataFault
from neurodecode.onnx_network import NetworkInput, OnnxNetwork
from neurodecode.signals.markers import annotated_onsets
from neurodecode.signals.matching import channels_of_kind, recording_name
from neurodecode.signals.robust import subtract_baseline
from neurodecode.streaming.chain import ordered_windows
from neurodecode.streaming.protocol import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import mne
    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.contrastive.decoder_settings import ContrastiveSettings
    from neurodecode.contrastive.people import ScaledPeople, ScaledPerson
    from neurodecode.signals.continuous import Continuous
    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.chain import Chain


class ContrastiveDecoder(SavedDecoder):
    """Ranks candidate stimuli from windows of brain activity.

    Parameters
    ----------
    settings : ContrastiveSettings
    network : Module
        Trained; a participant that is the average of all is appended to it.
    people : ScaledPeople
        Channels, layout and scaler of each participant.
    """

    first_only = False
    cues: tuple[str, ...] = ()
    label_columns: tuple[str, ...] = ()
    batch_size: ClassVar[int] = 256
    """Windows that the network sees at a time, as when a run is evaluated."""

    def __init__(self, settings: ContrastiveSettings, network: Any, people: ScaledPeople) -> None:
        self.settings, self.people = settings, people
        self.network = network.eval()
        self._average = network.add_participant()

    @property
    def participants(self) -> tuple[str, ...]:
        """Those of the training."""
        return self.people.labels

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels of all participants together."""
        return self.people.channels

    @property
    def trial_types(self) -> tuple[str, ...]:
        """As the training's ``data.events``."""
        return self.settings.trial_types

    @cached_property
    def chain(self) -> Chain:
        """Rate, window, unit and filters."""
        return self.settings.chain()

    def anyone(self) -> None:
        """Return None: a scaler has to be fitted on a recording, see :meth:`stranger`."""
        return None  # noqa: RET501 (an answer, and so not an empty method)

    def person(self, label: str) -> ScaledPerson:
        """Return a participant of the training.

        Raises
        ------
        DataFault
            If the label is unknown, with the nearest one.
        """
        return self.people.person(label)

    def stranger(self, raw: mne.io.BaseRaw, onsets: Sequence[float] | None = None) -> ScaledPerson:
        """Return somebody who was not in the training, from a recording of theirs.

        The network treats them as the average of its participants; the scaler is fitted on the
        windows around the recording's own onsets, whose stimuli are not used.

        Parameters
        ----------
        raw : Raw
            With the channels that all participants have; left as it is.
        onsets : sequence of float, optional
            In s after the first sample; default: the recording's annotations.
        """
        times = annotated_onsets(raw)["onset"].tolist() if onsets is None else onsets
        read = self._read(raw, None, "drop")
        return self._stranger(read, cut_recording(read, times, self.chain)[0])

    def estimate(
        self,
        windows: NDArray[Any],
        *,
        channels: Sequence[str],
        participant: str | ScaledPerson,
        sfreq: float | None = None,
    ) -> torch.Tensor:
        """Return the estimated embeddings of windows cut around onsets.

        Parameters
        ----------
        windows : ndarray, shape (n, C, T)
            In the decoder's unit (uV, fT), from ``tmin`` to ``tmax``, no baseline subtracted.
        channels : sequence of str, shape (C,)
            Names of the rows, in any order.
        participant : str or ScaledPerson
            A participant of the training, or of :meth:`stranger`.
        sfreq : float, optional
            Sampling rate of the windows, Hz; refused where it is not the decoder's.

        Returns
        -------
        Tensor of float32, shape (n, ...)

        Raises
        ------
        DataFault
            No window; channels are missing, unknown or there twice; another sampling rate or
            length; NaN or infinite values; amplitudes in another unit.
        """
        person = self.person(participant) if isinstance(participant, str) else participant
        ordered = ordered_windows(windows, person.channels, channels, self.chain, sfreq)
        self.check_unit(ordered, person)
        return self.infer(self.scale(ordered, person), person)

    def check_unit(self, windows: NDArray[Any], person: ScaledPerson, *, where: str = "") -> None:
        """Raise DataFault if the spread of windows lies a hundredfold beside the scaler's."""
        check_amplitude(windows, person, self.settings, where=where)

    def scale(self, windows: NDArray[Any], person: ScaledPerson) -> NDArray[np.float32]:
        """Return baseline-corrected, scaled, clamped windows on the channels of the network.

        Parameters
        ----------
        windows : ndarray, shape (n, C, T)
            Of the person's channels in order.
        """
        chosen = self.settings.signals
        scaled = person.scaler.transform(
            subtract_baseline(windows, chosen.n_baseline), chosen.clamp
        )
        out = np.zeros((len(scaled), len(self.channels), scaled.shape[-1]), dtype=np.float32)
        out[:, person.columns] = scaled
        return out

    @torch.no_grad()
    def infer(self, scaled: NDArray[np.float32], person: ScaledPerson) -> torch.Tensor:
        """Return estimates (n, ...) of :meth:`scale`'s windows."""
        if not len(scaled):
            raise DataFault("no window to decode")
        signals = torch.from_numpy(scaled)[..., self.settings.n_lag :]
        parts = torch.split(signals, self.batch_size)
        return torch.cat([self.network(person.batch(part)) for part in parts])

    @abstractmethod
    def rank(
        self, estimates: torch.Tensor, *, top: int = 5, true: Sequence[str] | None = None
    ) -> Ranking:
        """Return the best candidates of each estimate.

        Parameters
        ----------
        estimates : Tensor, shape (n, ...)
        top : int, default=5
            Candidates returned.
        true : sequence of str, shape (n,), optional
            Stimuli that were there; "" where unknown.
        """

    def predict(
        self,
        raw: mne.io.BaseRaw,
        onsets: Sequence[float] | None = None,
        *,
        participant: str | None = None,
        true: Sequence[str] | None = None,
        top: int = 5,
        extra: Extra = "stop",
        **options: Any,
    ) -> pd.DataFrame:
        """Rank candidates for every onset of a recording, as the run's own evaluation does.

        Parameters
        ----------
        raw : Raw
            Any sampling rate; left as it is.
        onsets : sequence of float, optional
            In s after the first sample; default: the recording's annotations, whose descriptions
            are then taken for ``true``.
        participant : str, optional
            One of the training. None: somebody else, see :meth:`stranger`.
        true, top
            See :meth:`rank`.
        extra : {"stop", "drop"}, default="stop"
            What to do with channels that the decoder does not know.
        **options
            Others of :meth:`rank`, as ``among`` of an image decoder.

        Returns
        -------
        DataFrame
            See :meth:`Ranking.table`; ``note`` says how a stranger's signals were scaled. Onsets
            whose window leaves the recording are left out.

        Raises
        ------
        DataFault
            Unknown participant, no onset, no window inside the recording, and all that
            :func:`~neurodecode.signals.continuous.read_continuous` and :meth:`estimate` refuse.
        """
        if onsets is None:
            marks = annotated_onsets(raw)
            onsets, true = marks["onset"].tolist(), marks["description"].tolist()
        if true is not None and len(true) != len(onsets):
            raise DataFault(f"{len(true)} {self.noun}s for {len(onsets)} onsets")
        known = None if participant is None else self.person(participant)
        read = self._read(raw, known, extra)
        windows, inside = cut_recording(read, onsets, self.chain)
        person = known or self._stranger(read, windows)
        self.check_unit(windows, person, where=recording_name(raw))
        seen = None if true is None else [true[k] for k in inside]
        parts, place = [], 0
        for part in join_batches(self._estimates(windows, person), QUERY_BYTES):
            mine = None if seen is None else seen[place : place + len(part)]
            parts.append(self.rank(part, top=top, true=mine, **options))
            place += len(part)
        ranking = Ranking.joined(parts)
        return ranking.table([onsets[k] for k in inside], seen).assign(note=person.note)

    def onnx_network(self, participant: str | None = None) -> OnnxNetwork:
        """Return the network over scaled windows, with the layouts of its participants built in.

        What comes before, baseline and robust scaling, is in its metadata.

        Parameters
        ----------
        participant : str, optional
            The one that is kept. Default: everybody, told apart by an input where the network
            does so.

        Raises
        ------
        DataFault
            If the participant is unknown, with the nearest one.
        """
        labels = self.participants if participant is None else (self.person(participant).label,)
        rows = [self.participants.index(label) for label in labels]
        module = network_over_tensors(
            self.network, torch.from_numpy(self.people.positions), rows, lag=self.settings.n_lag
        )
        size = (len(self.channels), self.chain.n_samples)
        unit = "interquartile ranges, see scaling; 0 for channels that a participant lacks"
        inputs = [NetworkInput("signals", ("channels", "samples"), size, unit)]
        if participant is None and tells_participants_apart(self.network):
            place = "place in participants, from 0"
            inputs.append(NetworkInput("participant", (), (), place, n_values=len(rows)))
        return OnnxNetwork(module, tuple(inputs), "estimates", self._said(rows))

    def _said(self, rows: list[int]) -> dict[str, Any]:
        """Return the metadata of an exported network."""
        settings, chosen = self.settings, self.settings.signals
        return {
            "name": settings.name,
            "target": settings.target,
            "channels": list(self.channels),
            "participants": [self.participants[row] for row in rows],
            "labels": self.candidate_names,
            "sfreq": chosen.sfreq,
            "tmin": chosen.tmin,
            "filters": settings.filters,
            "scaling": {
                "formula": "clip((x - mean of the first baseline samples - median) / iqr, "
                "-clamp, clamp)",
                "unit": settings.unit,
                "baseline": chosen.n_baseline,
                "clamp": chosen.clamp,
                "median": _numbers(self.people.median[rows]),
                "iqr": _numbers(self.people.iqr[rows]),
            },
        }

    @property
    @abstractmethod
    def candidate_names(self) -> list[str]:
        """Stimuli that are ranked."""

    def _estimates(
        self, windows: NDArray[np.float32], person: ScaledPerson
    ) -> Iterator[torch.Tensor]:
        """Yield estimates batch by batch: those of all windows may not fit into memory."""
        for first in range(0, len(windows), self.batch_size):
            yield self.infer(self.scale(windows[first : first + self.batch_size], person), person)

    def _read(self, raw: mne.io.BaseRaw, known: ScaledPerson | None, extra: Extra) -> Continuous:
        """Return a recording at the decoder's rate on the channels of a person."""
        if known is not None:
            return read_recording(raw, self.settings, known.channels, extra=extra, layout=False)
        where = recording_name(raw)
        present = channels_of_kind(raw, self.settings.kind, where)
        wanted = self.people.channels_for(present, where=where)
        return read_recording(raw, self.settings, wanted, extra=extra)

    def _stranger(self, read: Continuous, windows: NDArray[np.float32]) -> ScaledPerson:
        base = subtract_baseline(windows, self.settings.signals.n_baseline)
        return self.people.stranger(
            base, read.channels, read.positions, self._average, self.settings
        )


def _numbers(values: NDArray[np.float32]) -> list[list[float | None]]:
    """Return plain rows, None for what is not there."""
    return [[None if np.isnan(x) else float(x) for x in row] for row in values]
