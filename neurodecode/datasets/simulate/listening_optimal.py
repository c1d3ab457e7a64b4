"""The best a decoder can do on the simulated listeners: the exact likelihood of each segment.

The likelihood is that of :mod:`neurodecode.datasets.simulate.optimal`, with what the participant's
sources do while a candidate is heard. It is an upper bound for any decoder that sees the window and
the candidates' sound: it knows the participant's kernels and head, the response in a window
includes what the sound evoked before the window began, and the electrode pops are taken out of the
recording first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.simulate.listening_files import listening_path
from neurodecode.datasets.simulate.listening_truth import Listener, read_story
from neurodecode.datasets.simulate.optimal import (
    cut,
    cut_windows,
    nearest_sample,
    ranks_of,
    seen_by_sources,
    window_log_likelihood,
)
from neurodecode.datasets.simulate.recording_files import read_signals
from neurodecode.faults import DataFault, unknown

Array = NDArray[np.floating[Any]]

WINDOW_S = 3.0


def optimal_ranks(
    folder: Path,
    subject: str,
    queries: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    duration: float = WINDOW_S,
) -> NDArray[np.int64]:
    """Rank the true segment of each window among the candidates with the true forward model.

    Parameters
    ----------
    folder : Path
        Root of a simulated data set.
    subject : str
        Label, such as ``"01"``.
    queries : DataFrame
        Per window: ``start`` (s in the recording) and ``candidate`` (row number of the segment
        that was heard).
    candidates : DataFrame
        Per segment: ``sound`` and ``start`` (s in the sound; may be negative).
    duration : float, default=3.0
        Of windows and segments, s.

    Returns
    -------
    ndarray of int, shape (n_queries,)
        1 is best; ties count as their average, rounded up.

    Raises
    ------
    DataFault
        If a window leaves the recording, or a sound or participant is unknown.
    """
    scores = optimal_log_likelihood(
        folder, subject, queries["start"].to_numpy(float), candidates, duration=duration
    )
    return ranks_of(scores, queries["candidate"].to_numpy(int))


def optimal_log_likelihood(
    folder: Path,
    subject: str,
    starts: Array,
    candidates: pd.DataFrame,
    *,
    duration: float = WINDOW_S,
) -> Array:
    """Return the log-likelihood (n_queries, n_candidates) of windows beginning at ``starts``.

    Up to a constant per window. Parameters and faults are those of :func:`optimal_ranks`.
    """
    truth = Listener.read(folder, subject)
    n_samples = round(duration * truth.sfreq)
    signals = read_signals(listening_path(folder, subject))
    seen = seen_by_sources(truth, signals - truth.pop_signal(signals.shape[1]))
    windows = cut_windows(truth, seen, starts, n_samples)
    return window_log_likelihood(truth, windows, _segments(folder, truth, candidates, n_samples))


def _segments(folder: Path, truth: Listener, candidates: pd.DataFrame, n_samples: int) -> Array:
    """Source activity (n_candidates, n_sources, n_samples) that each segment evokes."""
    story = read_story(folder)
    segments = np.empty((len(candidates), truth.gains.shape[1], n_samples))
    sounds = candidates["sound"].to_numpy()
    first = nearest_sample(candidates["start"].to_numpy(float), truth.sfreq)
    for sound in pd.unique(sounds):
        if sound not in story:
            raise DataFault(unknown("sound", sound, story), where="candidates")
        rows = np.flatnonzero(sounds == sound)
        driven = np.pad(truth.sources(story[sound]), ((0, 0), (n_samples, n_samples)))
        at = np.clip(first[rows] + n_samples, 0, driven.shape[1] - n_samples)
        segments[rows] = cut(driven, at, n_samples)
    return segments
