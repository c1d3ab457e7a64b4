"""A trained emotion decoder that left its run: from new clips to a rating per window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.decoder_folder import SavedDecoder, describe_folder, read_settings
from neurodecode.emotion.decoder_settings import DecoderSettings
from neurodecode.emotion.loading import network_answer
from neurodecode.emotion.onnx import NetworkWithTarget
from neurodecode.emotion.preparation import normalise_trial, resampled
from neurodecode.faults import DataFault, unknown
from neurodecode.onnx_network import NetworkInput, OnnxNetwork
from neurodecode.persistence import ESTIMATORS, load_weights
from neurodecode.signals.amplitudes import require_finite
from neurodecode.signals.checks import check_unit
from neurodecode.signals.markers import annotated_onsets, spelled
from neurodecode.signals.matching import channels_of_kind, match_channels, recording_name
from neurodecode.streaming.chain import ordered_windows
from neurodecode.streaming.protocol import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import mne
    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.targets import Target
    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.chain import Chain


@dataclass(frozen=True)
class Rested:
    """Somebody whose rest was recorded.

    Attributes
    ----------
    channels : tuple of str
    rest : ndarray, shape (n_channels, n_samples)
        At the decoder's rate, uV.
    label, note : str
    """

    channels: tuple[str, ...]
    rest: NDArray[np.float64]
    label: str = ""
    note: str = "normalised by the rest before the first onset of the calibration recording"


class EmotionDecoder(SavedDecoder):
    """Gives windows of a clip a probability for each value of a rating.

    Parameters
    ----------
    settings : DecoderSettings
    network : EmotionNetwork
        Trained.
    target : Target
        Reads the network's outputs.

    Examples
    --------
    >>> decoder = EmotionDecoder.load(folder)  # doctest: +SKIP
    >>> decoder.decode_clip(signals, rest, channels=names, sfreq=128.0)  # doctest: +SKIP
    """

    kind = "emotion"
    noun = "rating"
    first_only = True
    trial_types: tuple[str, ...] = ()

    def __init__(self, settings: DecoderSettings, network: EmotionNetwork, target: Target) -> None:
        self.settings, self.network, self.target = settings, network.eval(), target

    @classmethod
    def opened(cls, folder: Path) -> EmotionDecoder:
        """Read settings and network.

        Where there is none, the decoder is a
        :class:`~neurodecode.emotion.classical_decoder.ClassicalDecoder`.
        """
        if ESTIMATORS in describe_folder(folder).files:
            from neurodecode.emotion.classical_decoder import ClassicalDecoder

            return ClassicalDecoder.opened(folder)
        settings = read_settings(folder, "network", DecoderSettings)
        network, target = settings.build()
        return cls(settings, load_weights(folder, network, name="network"), target)

    @property
    def participants(self) -> tuple[str, ...]:
        """Those of the training."""
        return self.settings.participants

    @property
    def channels(self) -> tuple[str, ...]:
        """Electrodes needed."""
        return self.settings.channels

    @property
    def cues(self) -> tuple[str, ...]:
        """Values of the rating, lowest first: rows of a table without a rating are no clips."""
        return self.settings.levels

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The column of the rating."""
        return (self.settings.label,)

    @cached_property
    def chain(self) -> Chain:
        """Rate, window and unit."""
        return self.settings.chain()

    def anyone(self) -> None:
        """Return None: a rest of the person is needed, see :meth:`stranger`."""

    def person(self, label: str) -> Rested:
        """Raise DataFault: a participant's rest is not kept, it is another one in each trial."""
        self._require_known(label)
        raise DataFault(
            "no rest of a participant is kept",
            fix="--calibrate FILE in place of --participant: a recording with a rest before a clip",
        )

    def stranger(self, raw: mne.io.BaseRaw, onsets: Sequence[float] | None = None) -> Rested:
        """Return somebody by the rest before the first onset of a recording of theirs.

        Raises
        ------
        DataFault
            If the normalisation looks ahead, so that nothing can be streamed, or the recording
            begins too late for a rest; and what :meth:`predict` refuses of a recording.
        """
        self.settings.require_causal()
        times = annotated_onsets(raw)["onset"].tolist() if onsets is None else onsets
        signals, where = self._signals(raw, "drop")
        return Rested(self.channels, self._rest(signals, raw, min(times), where))

    def check_unit(self, windows: NDArray[Any], person: Any = None, *, where: str = "") -> None:
        """Raise DataFault if windows (n, C, T) in uV cannot be EEG."""
        require_finite(windows, self.channels, where=where)
        check_unit(1e-6 * np.concatenate(list(windows), axis=1), where=where)

    def scale(self, windows: NDArray[Any], person: Rested) -> NDArray[np.float32]:
        """Return windows (n, C, T) in uV normalised by the person's rest, each by itself."""
        scaled = [self._normalised(window, person.rest, "")[None] for window in windows]
        return np.concatenate(scaled).astype(np.float32)

    def infer(self, windows: NDArray[np.float32], person: Any = None) -> NDArray[np.float32]:
        """Return probabilities (n, n_levels) of normalised windows (n, C, T)."""
        return network_answer(self.network, self.target, windows)

    def rank(
        self, answers: NDArray[np.float32], *, top: int = 5, true: Sequence[str] | None = None
    ) -> Ranking:
        """Return the values of the rating, the likeliest first; the lower of two alike.

        Parameters
        ----------
        answers : ndarray, shape (n, n_levels)
        top : int, default=5
            Values returned.
        true : sequence of str, shape (n,), optional
            Ratings that were given, as "4"; "" where unknown.
        """
        order = np.argsort(-answers, axis=1, kind="stable")
        return Ranking.of_classes(
            order, self.cues, answers, answers, top=top, true=true, group=self.settings.label
        )

    def decode_clip(
        self,
        signals: NDArray[np.float64],
        rest: NDArray[np.float64] | None,
        *,
        channels: Sequence[str],
        sfreq: float,
        extra: Extra = "stop",
    ) -> NDArray[np.float32]:
        """Return probabilities (n_windows, n_levels) of the windows of one clip, end to end.

        Parameters
        ----------
        signals : ndarray, shape (C, T)
            While the clip played, uV; all of it is normalised together.
        rest : ndarray, shape (C, B), or None
            Before it, uV; None where ``signals.baseline`` was false.
        channels : sequence of str, shape (C,)
            Names of the rows, in any order.
        sfreq : float
            Of both, Hz.

        Raises
        ------
        DataFault
            Channels are missing, unknown or constant; a rest is missing; NaN or infinite values;
            the clip is shorter than a window.
        """
        rows = match_channels(self.channels, channels, extra=extra)
        if rest is None and self.settings.signals.baseline:
            raise DataFault("no rest before the clip", fix="give what was recorded before it")
        clip = resampled(signals[rows], sfreq, self.settings.signals)
        before = None
        if rest is not None and self.settings.signals.baseline:
            before = resampled(rest[rows], sfreq, self.settings.signals)
        return self.infer(self._windows(self._normalised(clip, before, "")))

    def predict(
        self,
        signals: mne.io.BaseRaw | NDArray[Any],
        onsets: Sequence[float] | None = None,
        *,
        participant: str | None = None,
        true: Sequence[str] | None = None,
        top: int = 5,
        extra: Extra = "stop",
        channels: Sequence[str] | None = None,
        sfreq: float | None = None,
    ) -> pd.DataFrame:
        """Rank the values of the rating for every window of every clip.

        Parameters
        ----------
        signals : Raw, or ndarray of shape (n, C, T)
            A recording, left as it is; or normalised windows as a run's store has them.
        onsets : sequence of float, optional
            Of the ``signals.seconds`` that are decoded, s after the first sample; the
            ``signals.baseline_seconds`` before each are its rest. Default: the annotations.
        participant : str, optional
            One of the training; changes nothing.
        true, top
            See :meth:`rank`; one per onset, or window of an array.
        extra : {"stop", "drop"}, default="stop"
            What to do with channels that the decoder does not know.
        channels : sequence of str, optional
            Of an array: names of its rows, in any order.
        sfreq : float, optional
            Of an array, Hz; refused where it is not the decoder's.

        Returns
        -------
        DataFrame
            See :meth:`Ranking.table`, with a trial per window, ``clip`` (place of its onset) and
            ``note``. Clips that leave the recording, or whose rest does, are left out. The onsets
            of an array are NaN.

        Raises
        ------
        DataFault
            See :meth:`decode_clip`; also if no clip and its rest lie in the recording.
        """
        self._require_known(participant)
        if isinstance(signals, np.ndarray):
            windows = ordered_windows(signals, self.channels, channels, self.chain, sfreq, extra)
            require_finite(windows, self.channels)
            times, clips = [float("nan")] * len(windows), np.arange(len(windows))
        else:
            if onsets is None:
                onsets = annotated_onsets(signals)["onset"].tolist()
            windows, times, clips = self._of_recording(signals, onsets, extra)
        n_clips = len(signals) if onsets is None else len(onsets)
        if true is not None and len(true) != n_clips:
            raise DataFault(f"{len(true)} ratings for {n_clips} clips")
        known = None if true is None else [spelled(true[k]) for k in clips.tolist()]
        ranking = self.rank(self.infer(np.asarray(windows, np.float32)), top=top, true=known)
        table = ranking.table(times, known)
        return table.assign(clip=clips[table["trial"].to_numpy()], note="")

    def onnx_network(self, participant: str | None = None) -> OnnxNetwork:
        """Return the network over normalised windows; it knows no participants.

        Raises
        ------
        DataFault
            If the participant is unknown, with the nearest one.
        """
        self._require_known(participant)
        settings, module = self.settings, NetworkWithTarget(self.network, self.target)
        size = (len(self.channels), settings.n_samples)
        windows = NetworkInput("windows", ("channels", "samples"), size, "normalised, see scaling")
        said = {
            "name": settings.name,
            "rating": settings.label,
            "channels": list(self.channels),
            "participants": list(self.participants),
            "labels": list(settings.levels),
            "sfreq": settings.signals.sampling_rate,
            "scaling": settings.signals.model_dump(mode="json"),
        }
        return OnnxNetwork(module.eval(), (windows,), "probabilities", said)

    def _require_known(self, participant: str | None) -> None:
        if participant is not None and participant not in self.participants:
            raise DataFault(unknown("participant", participant, self.participants))

    def _of_recording(
        self, raw: mne.io.BaseRaw, onsets: Sequence[float], extra: Extra
    ) -> tuple[NDArray[np.float32], list[float], NDArray[np.intp]]:
        """Return windows, their onsets, and which clip each belongs to."""
        read, where = self._signals(raw, extra)
        rate, chosen = float(raw.info["sfreq"]), self.settings.signals
        before = chosen.baseline_seconds if chosen.baseline else 0.0
        edges = [(t - before, t + chosen.seconds) for t in onsets]
        inside = [k for k, edge in enumerate(edges) if _is_inside(read, rate, *edge)]
        found = []
        for k in inside or [0]:  # where none is inside, the first is named
            clip = resampled(_span(read, rate, onsets[k], edges[k][1], where), rate, chosen)
            rest = self._rest(read, raw, onsets[k], where) if chosen.baseline else None
            found.append(self._windows(self._normalised(clip, rest, where)))
        step = self.settings.n_samples / chosen.sampling_rate
        sizes = [len(part) for part in found]
        times = [
            onsets[k] + step * n for k, size in zip(inside, sizes, strict=True) for n in range(size)
        ]
        return np.concatenate(found), times, np.repeat(inside, sizes)

    def _signals(self, raw: mne.io.BaseRaw, extra: Extra) -> tuple[NDArray[np.float64], str]:
        """Return the decoder's channels of a recording in uV, once they can be EEG in volts."""
        where = recording_name(raw)
        present = channels_of_kind(raw, "eeg", where)
        rows = match_channels(self.channels, present, where=where, extra=extra)
        data = raw.get_data(picks=[present[k] for k in rows])
        require_finite(data[None], self.channels, where=where)
        check_unit(data, where=where)
        return 1e6 * data, where

    def _rest(
        self, signals: NDArray[np.float64], raw: mne.io.BaseRaw, onset: float, where: str
    ) -> NDArray[np.float64]:
        chosen, rate = self.settings.signals, float(raw.info["sfreq"])
        before = _span(signals, rate, onset - chosen.baseline_seconds, onset, where)
        return resampled(before, rate, chosen)

    def _normalised(
        self, clip: NDArray[np.float64], rest: NDArray[np.float64] | None, where: str
    ) -> NDArray[np.float64]:
        require_finite(clip[None], self.channels, where=where)
        normalised, constant = normalise_trial(clip, rest, self.settings.signals)
        if constant.any():
            flat = ", ".join(np.asarray(self.channels)[constant])
            raise DataFault(f"constant channels: {flat}", where=where, fix="mend the recording")
        return normalised

    def _windows(self, clip: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the windows (n, C, T) of a normalised clip, end to end."""
        size = self.settings.n_samples
        n_windows = clip.shape[1] // size
        if not n_windows:
            raise DataFault(f"a clip of {clip.shape[1]} samples, windows have {size}")
        cut = clip[:, : n_windows * size].reshape(len(clip), n_windows, size)
        return np.ascontiguousarray(cut.swapaxes(0, 1), dtype=np.float32)


def _is_inside(signals: NDArray[np.float64], rate: float, first: float, last: float) -> bool:
    return round(first * rate) >= 0 and round(last * rate) <= signals.shape[1]


def _span(
    signals: NDArray[np.float64], rate: float, first: float, last: float, where: str
) -> NDArray[np.float64]:
    if not _is_inside(signals, rate, first, last):
        raise DataFault(
            f"{first:.2f} to {last:.2f} s is not inside the recording of "
            f"{signals.shape[1] / rate:.2f} s",
            where=where,
            fix="the rest lies before each onset, the clip after it; give other onsets",
        )
    return signals[:, round(first * rate) : round(last * rate)]
