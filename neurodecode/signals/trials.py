"""Trials from any MOABB data set object, through MOABB's own paradigms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.faults import DataFault, unknown
from neurodecode.signals.checks import check_recordings, eeg_names
from neurodecode.signals.config import SignalsSection
from neurodecode.signals.memory import require_memory


@dataclass(frozen=True)
class Trials:
    """One subject's trials.

    Attributes
    ----------
    signals : ndarray, shape (n_trials, n_channels * n_bands, n_samples)
        In microvolts.
    table : DataFrame
        ``subject, session, run, trial, label``.
    info : dict
        Channel names, sampling rate in Hz, window in s, and what the checks changed.
    """

    signals: NDArray[np.float64]
    table: pd.DataFrame
    info: dict[str, Any]


def read_trials(
    dataset: Any, subject: Any, settings: SignalsSection, *, events: Sequence[str] | None = None
) -> Trials:
    """Read, check, filter and cut one subject of a MOABB data set object.

    Filter and window are MOABB's (zero-phase Butterworth on the continuous recording, end sample
    included), so the trials equal those of ``moabb.paradigms`` on the same files. Bad channels,
    units, sampling rates and windows are checked before the filter.

    Parameters
    ----------
    dataset : moabb.datasets.base.BaseDataset
    subject : int or str
        As the data set names it.
    events : sequence of str, optional
        Classes to keep; default: all of the data set.

    Raises
    ------
    DataFault
        See :func:`~neurodecode.signals.checks.check_recordings`; also when an event is unknown,
        when no trial fits into the recording, or when the trials would need too much memory.
    """
    classes = _classes(dataset, events)
    reader = _CheckedReader(dataset, settings)
    dataset._get_single_subject_data = reader
    paradigm = _paradigm(classes, settings)
    signals, labels, table = paradigm.get_data(dataset, subjects=[subject])
    if signals.ndim == 4:  # (n_trials, n_channels, n_samples, n_bands)
        signals = np.concatenate(np.moveaxis(signals, -1, 0), axis=1)
    info = {
        "channels": _names(reader.channels, settings.bands),
        "sfreq": settings.resample or reader.sfreq,
        "window": [settings.tmin, settings.tmax or dataset.interval[1] - dataset.interval[0]],
        "classes": classes,
        "unit": "uV",
        "mended": reader.mended,
    }
    return Trials(signals, _table(table, labels), info)


class _CheckedReader:
    """Reads a subject once, checks the recordings, and hands out copies for each band."""

    def __init__(self, dataset: Any, settings: SignalsSection) -> None:
        self.dataset, self.settings = dataset, settings
        self.read = dataset._get_single_subject_data
        self.kept: dict[Any, dict[str, dict[str, Any]]] = {}
        self.mended: dict[str, list[str]] = {}
        self.channels: list[str] = []
        self.sfreq = 0.0

    def __call__(self, subject: Any) -> dict[str, dict[str, Any]]:
        if subject not in self.kept:
            self.kept = {subject: self._checked(subject)}
        return {
            session: {run: raw.copy() for run, raw in runs.items()}
            for session, runs in self.kept[subject].items()
        }

    def _checked(self, subject: Any) -> dict[str, dict[str, Any]]:
        sessions: dict[str, dict[str, Any]] = self.read(subject)
        recordings = {
            f"{self.dataset.code}, subject {subject}, session {session}, run {run}": raw
            for session, runs in sessions.items()
            for run, raw in runs.items()
        }
        if not recordings:
            raise DataFault("no recording", where=f"{self.dataset.code}, subject {subject}")
        self.mended = check_recordings(recordings, self.settings)
        for name, raw in recordings.items():
            check_window(raw, self.dataset.interval, self.settings, where=name)
        self.channels, self.sfreq = eeg_names(raw), float(raw.info["sfreq"])
        return sessions


def _names(channels: Sequence[str], bands: Sequence[tuple[float, float]]) -> list[str]:
    """Channel names, with the band when several are stacked."""
    if len(bands) == 1:
        return list(channels)
    return [f"{name} {low:g}-{high:g} Hz" for low, high in bands for name in channels]


def _classes(dataset: Any, events: Sequence[str] | None) -> list[str]:
    if events is None:
        return list(dataset.event_id)
    for event in events:
        if event not in dataset.event_id:
            raise DataFault(unknown(f"event of {dataset.code}", event, dataset.event_id))
    return list(events)


def _paradigm(classes: list[str], settings: SignalsSection) -> Any:
    """The MOABB paradigm that cuts these classes, whatever the data set's own paradigm is."""
    from moabb.paradigms.base import BaseParadigm

    class Cut(BaseParadigm):
        datasets: list[Any] = []  # noqa: RUF012
        scoring = "roc_auc"

        def is_valid(self, dataset: Any) -> bool:
            return dataset is not None

        def used_events(self, dataset: Any) -> dict[str, int]:
            return {name: dataset.event_id[name] for name in classes}

    return Cut(
        filters=[list(band) for band in settings.bands],
        tmin=settings.tmin,
        tmax=settings.tmax,
        resample=settings.resample,
    )


def check_window(
    raw: Any, interval: Sequence[float], settings: SignalsSection, *, where: str
) -> None:
    """Raise before any allocation if the window does not fit, or the trials are too large."""
    end = interval[0] + settings.tmax if settings.tmax is not None else interval[1]
    start = interval[0] + settings.tmin
    length, duration = end - start, raw.times[-1]
    if length <= 0:
        raise DataFault(f"window of {start:g} to {end:g} s is empty", fix="mend signals.tmin/tmax")
    if length > duration:
        raise DataFault(
            f"trials of {length:g} s are longer than the recording of {duration:g} s",
            where=where,
            fix="shorten signals.tmax",
        )
    events = int(np.sum([kind == "stim" for kind in raw.get_channel_types()]))
    count = max(len(raw.annotations), 1) if not events else _stim_events(raw)
    rate = settings.resample or raw.info["sfreq"]
    require_memory(
        (count, len(raw.ch_names) * len(settings.bands), int(length * rate) + 1),
        dtype="float64",
        limit_gib=settings.memory_limit_gib,
        what=f"trials of {where}",
        fix="shorten signals.tmax, lower signals.resample, or raise signals.memory_limit_gib",
    )


def _stim_events(raw: Any) -> int:
    stim = raw.get_data(picks="stim")
    return max(int((np.diff(stim, axis=1) > 0).sum()), 1)


def _table(metadata: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    table = metadata[["subject", "session", "run"]].astype(str).reset_index(drop=True)
    table["trial"] = np.arange(len(table))
    table["label"] = np.asarray(labels, dtype=str)
    return table
