r"""The best a decoder can do on the simulated listeners: the exact likelihood of each segment.

For a window :math:`X` of a recording and the true response :math:`G S_c` of the participant to
candidate :math:`c`,

.. math::

    \log p(X \mid c) = \mathrm{tr}\big(G^\top \Sigma^{-1} X\, V\, S_c^\top\big)
        - \tfrac{1}{2} \mathrm{tr}\big(G^\top \Sigma^{-1} G\; S_c V S_c^\top\big) + \text{const},

with :math:`V = W^\top P W`, :math:`W` the whitener of the background in time and :math:`P` the
projection away from the mains line. Everything runs through the few sources, not the channels.

It is an upper bound for any decoder that sees the window and the candidates' sound: it knows the
participant's kernels and head, the response in a window includes what the sound evoked before
the window began, and the electrode pops are taken out of the recording first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from neurodecode.datasets.simulate.listening_files import read_signals
from neurodecode.datasets.simulate.listening_noise import time_whitener, without_line
from neurodecode.datasets.simulate.listening_truth import Truth, read_story, read_truth
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
    truth = read_truth(folder, subject)
    n_samples = round(duration * truth.sfreq)
    whitener = without_line(time_whitener(truth.coefficients, n_samples), truth.sfreq)
    weighted = np.linalg.solve(truth.covariance, truth.gains)
    segments = _segments(folder, truth, candidates, n_samples) @ whitener.T
    windows = _windows(folder, truth, weighted, starts, n_samples) @ whitener.T
    match: Array = windows.reshape(len(windows), -1) @ segments.reshape(len(segments), -1).T
    energy = np.einsum("cst,su,cut->c", segments, truth.gains.T @ weighted, segments, optimize=True)
    return match - energy / 2


def ranks_of(scores: Array, answers: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Rank each row's answer by descending score; ties count as their average, rounded up.

    Parameters
    ----------
    scores : ndarray, shape (n_queries, n_candidates)
    answers : ndarray of int, shape (n_queries,)
        Column of the true candidate.
    """
    own = scores[np.arange(len(scores)), answers][:, None]
    better, equal = (scores > own).sum(axis=1), (scores == own).sum(axis=1)
    return (1 + better + equal // 2).astype(np.int64)


def _segments(folder: Path, truth: Truth, candidates: pd.DataFrame, n_samples: int) -> Array:
    """Source activity (n_candidates, n_sources, n_samples) that each segment evokes."""
    story = read_story(folder)
    segments = np.empty((len(candidates), truth.gains.shape[1], n_samples))
    sounds = candidates["sound"].to_numpy()
    first = _samples(candidates["start"].to_numpy(float), truth.sfreq)
    for sound in pd.unique(sounds):
        if sound not in story:
            raise DataFault(unknown("sound", sound, story), where="candidates")
        rows = np.flatnonzero(sounds == sound)
        driven = np.pad(truth.sources(story[sound]), ((0, 0), (n_samples, n_samples)))
        at = np.clip(first[rows] + n_samples, 0, driven.shape[1] - n_samples)
        segments[rows] = _cut(driven, at, n_samples)
    return segments


def _windows(folder: Path, truth: Truth, weighted: Array, starts: Array, n_samples: int) -> Array:
    """Return windows of the recording without pops, seen by the sources."""
    signals = read_signals(folder, truth.subject)
    total = signals.shape[1]
    first = _samples(starts, truth.sfreq)
    outside = (first < 0) | (first + n_samples > total)
    if outside.any():
        raise DataFault(
            f"window at {starts[outside][0]:.3f} s leaves the recording of "
            f"{total / truth.sfreq:.3f} s",
            where=f"subject {truth.subject}",
        )
    return _cut(weighted.T @ (signals - truth.pop_signal(total)), first, n_samples)


def _samples(seconds: Array, sfreq: float) -> NDArray[np.int64]:
    # Halves always go up: a window and its segment must be cut at the same distance.
    return np.floor(seconds * sfreq + 0.5).astype(np.int64)


def _cut(signals: Array, first: NDArray[np.int64], n_samples: int) -> Array:
    """Return windows (n_windows, n_rows, n_samples) of signals (n_rows, n_times)."""
    windows: Array = sliding_window_view(signals, n_samples, axis=-1)[:, first]
    return np.moveaxis(windows, 1, 0)
