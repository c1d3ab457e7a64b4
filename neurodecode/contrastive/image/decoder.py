"""A trained image decoder that left its run: from new recordings to ranked pictures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.contrastive.image.candidates import CandidateBank
from neurodecode.contrastive.image.decoder_settings import DecoderSettings
from neurodecode.contrastive.image.viewers import Viewer, Viewers, check_amplitude
from neurodecode.contrastive.image.windows import cut_recording, read_recording
from neurodecode.decoder_folder import open_folder, read_settings
from neurodecode.faults import DataFault
from neurodecode.persistence import load_weights
from neurodecode.signals.markers import annotated_onsets
from neurodecode.signals.matching import channels_of_kind, match_channels, recording_name
from neurodecode.signals.robust import subtract_baseline
from neurodecode.streaming.chain import check_windows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import mne
    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.signals.continuous import Continuous
    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.chain import Chain
    from neurodecode.streaming.protocol import Ranking

BATCH = 256
"""Windows that the network sees at a time, as when a run is evaluated."""


class ImageDecoder:
    """Ranks candidate pictures from windows of brain activity.

    Parameters
    ----------
    settings : DecoderSettings
    network : ImageNetwork or WindowRidge
        Trained; a participant that is the average of all is appended to it.
    candidates : CandidateBank
        Pictures to choose among.
    viewers : Viewers
        Channels, layout and scaler of each participant.

    Examples
    --------
    >>> decoder = ImageDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.predict(raw, participant="01")  # doctest: +SKIP
    """

    kind = "image"
    noun = "picture"
    first_only = False
    label_columns = ("image", "stim_file")
    cues: tuple[str, ...] = ()

    def __init__(
        self, settings: DecoderSettings, network: Any, candidates: CandidateBank, viewers: Viewers
    ) -> None:
        self.settings, self.candidates, self.viewers = settings, candidates, viewers
        self.network = network.eval()
        self._average = network.add_participant()

    @classmethod
    def load(cls, folder: Path) -> ImageDecoder:
        """Read a decoder's folder; every file must be the one that was written.

        Raises
        ------
        DataFault
            See :func:`~neurodecode.decoder_folder.open_folder`; also if weights and settings
            do not fit together.
        """
        open_folder(folder)
        settings = read_settings(folder, "network", DecoderSettings)
        network = settings.network.build()
        load_weights(folder, network, name="network")
        return cls(settings, network, CandidateBank.load(folder), Viewers.load(folder))

    @property
    def participants(self) -> tuple[str, ...]:
        """Those of the training."""
        return self.viewers.labels

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels of all participants together."""
        return self.viewers.channels

    @cached_property
    def chain(self) -> Chain:
        """Rate, window, unit and filters."""
        return self.settings.chain()

    def anyone(self) -> None:
        """Return None: a scaler has to be fitted on a recording, see :meth:`stranger`."""

    def person(self, label: str) -> Viewer:
        """Return a participant of the training.

        Raises
        ------
        DataFault
            If the label is unknown, with the nearest one.
        """
        return self.viewers.viewer(label)

    def stranger(self, raw: mne.io.BaseRaw, onsets: Sequence[float] | None = None) -> Viewer:
        """Return somebody who was not in the training, from a recording of theirs.

        The network treats them as the average of its participants; the scaler is fitted on the
        windows around the recording's own onsets, whose pictures are not used.

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
        participant: str | Viewer,
        sfreq: float | None = None,
    ) -> torch.Tensor:
        """Return the estimated embeddings of windows cut around picture onsets.

        Parameters
        ----------
        windows : ndarray, shape (n, C, T)
            In the decoder's unit (uV, fT), from ``tmin`` to ``tmax``, no baseline subtracted.
        channels : sequence of str, shape (C,)
            Names of the rows, in any order.
        participant : str or Viewer
            A participant of the training, or of :meth:`stranger`.
        sfreq : float, optional
            Sampling rate of the windows, Hz; refused where it is not the decoder's.

        Returns
        -------
        Tensor of float32, shape (n, F)

        Raises
        ------
        DataFault
            Channels are missing, unknown or there twice; another sampling rate or length; NaN
            or infinite values; amplitudes in another unit.
        """
        person = self.person(participant) if isinstance(participant, str) else participant
        check_windows(windows, channels, self.chain, sfreq)
        ordered = windows[:, match_channels(person.channels, channels)]
        self.check_unit(ordered, person)
        return self.infer(self.scale(ordered, person), person)

    def check_unit(self, windows: NDArray[Any], person: Viewer, *, where: str = "") -> None:
        """Raise DataFault if the spread of windows lies a hundredfold beside the scaler's."""
        check_amplitude(windows, person, self.settings, where=where)

    def scale(self, windows: NDArray[Any], person: Viewer) -> NDArray[np.float32]:
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
    def infer(self, scaled: NDArray[np.float32], person: Viewer) -> torch.Tensor:
        """Return estimates (n, F) of :meth:`scale`'s windows."""
        parts = [
            self.network(person.batch(torch.from_numpy(scaled[first : first + BATCH])))
            for first in range(0, len(scaled), BATCH)
        ]
        return torch.cat(parts) if parts else torch.zeros(0, self.settings.network.n_features)

    def rank(
        self,
        estimates: torch.Tensor,
        *,
        top: int = 5,
        true: Sequence[str] | None = None,
        among: str | None = None,
    ) -> Ranking:
        """Return the best candidates of each estimate.

        Parameters
        ----------
        estimates : Tensor, shape (n, F)
        top : int, default=5
            Candidates returned.
        true : sequence of str, shape (n,), optional
            Pictures that were seen; "" where unknown.
        among : {"small", "large"}, optional
            Candidates to choose among; default: small, where there is such a set.
        """
        return self.candidates.rank(estimates, top=top, true=true, among=among)

    def predict(
        self,
        raw: mne.io.BaseRaw,
        onsets: Sequence[float] | None = None,
        *,
        participant: str | None = None,
        true: Sequence[str] | None = None,
        top: int = 5,
        among: str | None = None,
        extra: Extra = "stop",
    ) -> pd.DataFrame:
        """Rank pictures for every onset of a recording, as the run's own evaluation does.

        Parameters
        ----------
        raw : Raw
            Any sampling rate; left as it is.
        onsets : sequence of float, optional
            In s after the first sample; default: the recording's annotations, whose descriptions
            are then taken for ``true``.
        participant : str, optional
            One of the training. None: somebody else, see :meth:`stranger`.
        true, top, among
            See :meth:`rank`.
        extra : {"stop", "drop"}, default="stop"
            What to do with channels that the decoder does not know.

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
            raise DataFault(f"{len(true)} pictures for {len(onsets)} onsets")
        known = None if participant is None else self.person(participant)
        read = self._read(raw, known, extra)
        windows, inside = cut_recording(read, onsets, self.chain)
        person = known or self._stranger(read, windows)
        self.check_unit(windows, person, where=recording_name(raw))
        estimates = self.infer(self.scale(windows, person), person)
        seen = None if true is None else [true[k] for k in inside]
        ranking = self.rank(estimates, top=top, true=seen, among=among)
        return ranking.table([onsets[k] for k in inside], seen).assign(note=person.note)

    def _read(self, raw: mne.io.BaseRaw, known: Viewer | None, extra: Extra) -> Continuous:
        """Return a recording at the decoder's rate on the channels of a person."""
        if known is not None:
            return read_recording(raw, self.settings, known.channels, extra=extra, layout=False)
        where = recording_name(raw)
        present = channels_of_kind(raw, self.settings.kind, where)
        wanted = self.viewers.channels_for(present, where=where)
        return read_recording(raw, self.settings, wanted, extra=extra)

    def _stranger(self, read: Continuous, windows: NDArray[np.float32]) -> Viewer:
        base = subtract_baseline(windows, self.settings.signals.n_baseline)
        return self.viewers.stranger(
            base, read.channels, read.positions, self._average, self.settings
        )
