"""Trials of one recording around given onsets, filtered and cut as those of a run are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault
from neurodecode.signals.checks import check_recordings, eeg_names
from neurodecode.signals.trials import check_window, cut_trials, cutting_paradigm, window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import mne
    from numpy.typing import NDArray

    from neurodecode.signals.config import SignalsSection


def cut_onsets(
    raw: mne.io.BaseRaw,
    onsets: Sequence[float],
    settings: SignalsSection,
    interval: tuple[float, float],
    *,
    where: str = "",
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Check, filter and cut a recording as :func:`read_trials` does, whatever its labels are.

    At the onsets of a run's own recording the trials are the run's, to the last bit.

    Parameters
    ----------
    raw : Raw
        Left as it is. Onsets in stretches annotated as bad are left out.
    onsets : sequence of float
        In s after the first sample.
    settings : SignalsSection
        ``channels`` names the rows of a trial, in their order.
    interval : (float, float)
        Task window of the data set after the onset, s; ``settings`` move it.
    where : str
        Names the recording in faults.

    Returns
    -------
    signals : ndarray, shape (n, n_channels * n_bands, n_samples)
        In microvolts, by onset.
    inside : ndarray of int, shape (n,)
        Places of their onsets.

    Raises
    ------
    DataFault
        See :func:`~neurodecode.signals.checks.check_recordings`; two onsets at one sample; no
        window lies inside the recording.
    """
    own = raw.copy()
    check_recordings({where: own}, settings)
    own.pick(eeg_names(own), verbose="error")
    check_window(own, len(onsets), interval, settings, where=where)
    inside = _inside(own, onsets, window(interval, settings), where)
    names = {f"onset {place}": code for code, place in enumerate(inside.tolist(), start=1)}
    _mark(own, np.asarray(onsets)[inside], list(names))
    dataset = _one_recording(own, names, interval)
    signals, labels, _ = cut_trials(cutting_paradigm(list(names), settings), dataset, 1)
    places = np.array([int(str(label).split()[1]) for label in labels], dtype=np.intp)
    order = np.argsort(places)
    return signals[order], places[order]


def _inside(
    raw: mne.io.BaseRaw, onsets: Sequence[float], limits: tuple[float, float], where: str
) -> NDArray[np.intp]:
    """Return which onsets have their window in the recording."""
    sfreq, times = raw.info["sfreq"], np.asarray(onsets, dtype=float)
    samples = np.round(times * sfreq).astype(int)
    if len(np.unique(samples)) < len(samples):
        raise DataFault("two onsets at one sample", where=where, fix="give each onset once")
    edges = [np.round(edge * sfreq).astype(int) for edge in limits]
    inside = np.flatnonzero((samples + edges[0] >= 0) & (samples + edges[1] < raw.n_times))
    if not inside.size:
        raise DataFault(
            f"none of {len(onsets)} windows of {limits[1] - limits[0]:.2f} s lies in the recording "
            f"of {raw.n_times / sfreq:.2f} s",
            where=where,
            fix="give a longer recording, or check that onsets are in s",
        )
    return inside


def _mark(raw: mne.io.BaseRaw, onsets: NDArray[np.floating], names: Sequence[str]) -> None:
    """Replace a recording's annotations, but those of bad data, by one for each onset."""
    import mne

    kept = raw.annotations
    bad = [k for k, text in enumerate(kept.description) if str(text).upper().startswith("BAD")]
    shift = 0.0 if kept.orig_time is None else float(raw.first_time)
    marks = mne.Annotations(onsets + shift, 0.0, list(names), orig_time=kept.orig_time)
    raw.set_annotations(kept[bad] + marks, verbose="error")


def _one_recording(
    raw: mne.io.BaseRaw, events: dict[str, int], interval: tuple[float, float]
) -> Any:
    """Return a MOABB data set of one recording."""
    from moabb.datasets.base import BaseDataset

    class OneRecording(BaseDataset):
        def _get_single_subject_data(self, subject: Any) -> dict[str, dict[str, Any]]:
            return {"0": {"0": raw}}

        def data_path(self, subject: Any, *options: Any, **named: Any) -> list[str]:
            return []

    return OneRecording(
        subjects=[1],
        sessions_per_subject=1,
        events=events,
        code="OneRecording",
        interval=list(interval),
        paradigm="imagery",
    )
