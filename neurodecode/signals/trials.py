"""Trials from any MOABB data set object, through MOABB's own paradigms."""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault, nearest, unknown
from neurodecode.signals.checks import check_recordings, eeg_names
from neurodecode.signals.memory import require_memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.signals.config import SignalsSection


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
    reader = _CheckedReader(dataset, settings, classes)
    dataset._get_single_subject_data = reader
    try:
        signals, labels, table = cut_trials(cutting_paradigm(classes, settings), dataset, subject)
    finally:
        dataset._get_single_subject_data = reader.read
    if not len(labels):
        start, end = window(dataset.interval, settings)
        raise DataFault(
            f"none of {sum(reader.cues.values())} trials of {start:g} to {end:g} s fits into the "
            "recordings",
            where=f"{dataset.code}, subject {subject}",
            fix="shorten signals.tmax, and check the onsets of the events",
        )
    reader.count_lost(subject, table)
    info = {
        "channels": row_names(reader.channels, settings.bands),
        "sfreq": settings.resample or reader.sfreq,
        "window": list(window(dataset.interval, settings)),
        "interval": list(dataset.interval),
        "classes": classes,
        "unit": "uV",
        "mended": reader.mended,
    }
    return Trials(signals, _table(table, labels), info)


class _CheckedReader:
    """Reads a subject once, checks the recordings, and hands out copies for each band."""

    def __init__(self, dataset: Any, settings: SignalsSection, classes: Sequence[str]) -> None:
        self.dataset, self.settings, self.classes = dataset, settings, classes
        self.read = dataset._get_single_subject_data
        self.kept: dict[Any, dict[str, dict[str, Any]]] = {}
        self.mended: dict[str, list[str]] = {}
        self.cues: dict[tuple[str, str], int] = {}
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
        where = f"{self.dataset.code}, subject {subject}"
        sessions = self._with_cues(self.read(subject), where)
        recordings = {
            self._name(subject, session, run): raw
            for session, runs in sessions.items()
            for run, raw in runs.items()
        }
        self.mended = check_recordings(recordings, self.settings)
        for name, cues in zip(recordings, self.cues.values(), strict=True):
            check_window(recordings[name], cues, self.dataset.interval, self.settings, where=name)
        raw = next(iter(recordings.values()))
        self.channels, self.sfreq = eeg_names(raw), float(raw.info["sfreq"])
        return sessions

    def _name(self, subject: Any, session: str, run: str) -> str:
        return f"{self.dataset.code}, subject {subject}, session {session}, run {run}"

    def _with_cues(
        self, sessions: dict[str, dict[str, Any]], where: str
    ) -> dict[str, dict[str, Any]]:
        """Leave out runs without a wanted event (rest, other tasks), which MOABB cannot read."""
        found: Counter[str] = Counter()
        for session, runs in sessions.items():
            for run, raw in runs.items():
                counts = count_events(raw, self.dataset.event_id)
                found.update(counts)
                wanted = sum(counts[name] for name in self.classes)
                if wanted:
                    self.cues[session, run] = wanted
        if not found and not any(sessions.values()):
            raise DataFault("no recording", where=where)
        absent = [name for name in self.classes if not found[name]]
        if absent:
            shown = ", ".join(f"{key} ({n})" for key, n in sorted(found.items())) or "none"
            guess = nearest(absent[0], [key for key in found if key not in self.classes])
            raise DataFault(
                f"no event {', '.join(absent)}, found: {shown}",
                where=where,
                fix=f"did you mean '{guess}'?" if guess else "set data.events",
            )
        kept: dict[str, dict[str, Any]] = {}
        for session, run in self.cues:
            kept.setdefault(session, {})[run] = sessions[session][run]
        return kept

    def count_lost(self, subject: Any, table: pd.DataFrame) -> None:
        """Add a line for each recording of which trials were left out by MNE."""
        cut = table.groupby(["session", "run"]).size().to_dict()
        for (session, run), cues in self.cues.items():
            lost = cues - cut.get((session, run), 0)
            if lost:
                line = (
                    f"{lost} of {cues} trials left out: cut by the recording's end, or marked bad"
                )
                self.mended.setdefault(self._name(subject, session, run), []).append(line)


def row_names(channels: Sequence[str], bands: Sequence[tuple[float, float]]) -> list[str]:
    """Return the names of the rows of a trial: channels, with the band where several are."""
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


def cutting_paradigm(classes: list[str], settings: SignalsSection) -> Any:
    """Return the MOABB paradigm that cuts these classes, whatever the data set's own one is."""
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


def cut_trials(paradigm: Any, dataset: Any, subject: Any) -> tuple[Any, Any, pd.DataFrame]:
    """Let MOABB filter and cut; trials that do not fit are left out without a warning.

    Returns
    -------
    signals : ndarray, shape (n_trials, n_channels * n_bands, n_samples)
        In microvolts, band after band.
    labels : ndarray of str, shape (n_trials,)
    table : DataFrame
        ``subject, session, run``.

    Raises
    ------
    DataFault
        If no trial of a recording fits into it.
    """
    with warnings.catch_warnings():
        for words in ("Limited .* annotation", "All epochs were", ".*Epochs-object is empty"):
            warnings.filterwarnings("ignore", words, RuntimeWarning)
        try:
            signals, labels, table = paradigm.get_data(dataset, subjects=[subject])
        except RuntimeError as error:
            if "Epochs-object is empty" not in str(error):
                raise
            raise DataFault(
                "no trial of one of the recordings fits into it",
                where=f"{dataset.code}, subject {subject}",
                fix="shorten signals.tmax, or read without signals.resample to see which",
            ) from error
    if signals.ndim == 4:  # (n_trials, n_channels, n_samples, n_bands)
        signals = np.concatenate(np.moveaxis(signals, -1, 0), axis=1)
    return signals, labels, table


def window(interval: Sequence[float], settings: SignalsSection) -> tuple[float, float]:
    """Return start and end of the trials in s after the cue."""
    end = interval[0] + settings.tmax if settings.tmax is not None else interval[1]
    return float(interval[0] + settings.tmin), float(end)


def trials_shape(
    n_trials: int,
    n_channels: int,
    sfreq: float,
    interval: Sequence[float],
    settings: SignalsSection,
) -> tuple[int, int, int]:
    """Return the shape of cut trials: trials, channels times bands, samples (end included)."""
    start, end = window(interval, settings)
    rate = settings.resample or sfreq
    return n_trials, n_channels * len(settings.bands), int((end - start) * rate) + 1


def check_window(
    raw: Any, n_trials: int, interval: Sequence[float], settings: SignalsSection, *, where: str
) -> None:
    """Raise before any allocation if the window does not fit, or the trials are too large."""
    start, end = window(interval, settings)
    length, duration = end - start, raw.times[-1]
    if length <= 0:
        raise DataFault(f"window of {start:g} to {end:g} s is empty", fix="mend signals.tmin/tmax")
    if length > duration:
        raise DataFault(
            f"trials of {length:g} s are longer than the recording of {duration:g} s",
            where=where,
            fix="shorten signals.tmax",
        )
    require_memory(
        trials_shape(n_trials, len(eeg_names(raw)), raw.info["sfreq"], interval, settings),
        dtype="float64",
        limit_gib=settings.memory_limit_gib,
        what=f"trials of {where}",
        fix="shorten signals.tmax, lower signals.resample, or raise signals.memory_limit_gib",
    )


def count_events(raw: Any, event_id: Mapping[str, Any]) -> Counter[str]:
    """Count the events of a recording: known ones by name, others by code or description.

    As MOABB does, a stimulus channel is read where there is one, else the annotations.
    """
    import mne

    if "stim" not in raw.get_channel_types():
        return Counter(map(str, raw.annotations.description))
    names = {int(code): name for name, codes in event_id.items() for code in np.atleast_1d(codes)}
    events = mne.find_events(raw, shortest_event=0, verbose="error")
    return Counter(names.get(int(code), str(code)) for code in events[:, 2])


def _table(metadata: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    table = metadata[["subject", "session", "run"]].astype(str).reset_index(drop=True)
    table["trial"] = np.arange(len(table))
    table["label"] = np.asarray(labels, dtype=str)
    return table
