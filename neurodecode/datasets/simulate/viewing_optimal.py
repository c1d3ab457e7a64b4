"""The best a decoder can do on the simulated viewers: the exact likelihood of each picture.

The likelihood is that of :mod:`neurodecode.datasets.simulate.optimal`, with what the participant's
sources do after each candidate. It is an upper bound for any decoder that sees the window and the
candidate pictures: it knows the participant's kernels and head and the pictures' features, the
electrode pops are taken out of the recording first, and so is what other trials evoke in the
window, where responses overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.simulate.optimal import (
    cut_windows,
    nearest_sample,
    ranks_of,
    seen_by_sources,
    window_log_likelihood,
)
from neurodecode.datasets.simulate.recording_files import read_signals
from neurodecode.datasets.simulate.viewing_features import Features
from neurodecode.datasets.simulate.viewing_participant import viewing_path
from neurodecode.datasets.simulate.viewing_truth import Viewer
from neurodecode.faults import ConfigFault, DataFault, unknown

Array = NDArray[np.floating[Any]]


def optimal_scores(
    folder: Path,
    subject: str,
    trials: pd.DataFrame,
    candidates: Sequence[str],
    *,
    tmin: float = -0.5,
    tmax: float = 1.0,
) -> Array:
    """Return the log-likelihood (n_trials, n_candidates) of windows round the onsets of pictures.

    Up to a constant per trial. The sum over several trials of one picture, of one or of several
    participants, is the log-likelihood of all of them: see :func:`sum_by_image`.

    Parameters
    ----------
    folder : Path
        Root of a simulated data set.
    subject : str
        Label, such as ``"01"``.
    trials : DataFrame
        With ``onset`` (s in the recording) and ``image``, as the events have them.
    candidates : sequence of str
        Pictures to tell apart.
    tmin, tmax : float, default=-0.5, 1.0
        First and last sample of the windows, s after the onset.

    Raises
    ------
    ConfigFault
        If ``tmax`` is before ``tmin``.
    DataFault
        If a window leaves the recording, no such trial begins at an onset, or a participant or
        a candidate is unknown.
    """
    if tmax < tmin:
        raise ConfigFault(f"window from {tmin:g} to {tmax:g} s", fix="give tmin <= tmax")
    viewer, features = Viewer.read(folder, subject), Features.read(folder)
    _require_trials(viewer, trials)
    onsets = trials["onset"].to_numpy(float)
    n_samples = round((tmax - tmin) * viewer.sfreq) + 1

    def evoked(images: Sequence[str]) -> Array:
        first = int(nearest_sample(np.array(tmin), viewer.sfreq))
        return _window_of(viewer.sources(features.rows(images)), first, n_samples)

    signals = read_signals(viewing_path(folder, subject))
    signals -= viewer.pop_signal(signals.shape[1])
    rest = signals - viewer.gains @ viewer.activity(features, signals.shape[1])
    windows = cut_windows(viewer, seen_by_sources(viewer, rest), onsets + tmin, n_samples)
    windows = windows + seen_by_sources(viewer, viewer.gains) @ evoked(list(trials["image"]))
    return window_log_likelihood(viewer, windows, evoked(candidates))


def sum_by_image(scores: Array, images: Sequence[str]) -> tuple[Array, list[str]]:
    """Sum the scores of all trials of each picture: the likelihood of its repetitions together.

    Parameters
    ----------
    scores : ndarray, shape (n_trials, n_candidates)
    images : sequence of str
        Picture of each trial.

    Returns
    -------
    sums : ndarray, shape (n_images, n_candidates)
    images : list of str
        In the order of their first trial.
    """
    codes, unique = pd.factorize(np.asarray(images, dtype=object))
    sums = np.zeros((len(unique), scores.shape[1]))
    np.add.at(sums, codes, scores)
    return sums, list(unique)


def optimal_ranks(
    scores: Array, images: Sequence[str], candidates: Sequence[str]
) -> NDArray[np.int64]:
    """Rank each picture among the candidates; 1 is best, ties count as their average, rounded up.

    Parameters
    ----------
    scores : ndarray, shape (n, n_candidates)
        Of :func:`optimal_scores` or :func:`sum_by_image`.
    images : sequence of str
        Picture of each row.

    Raises
    ------
    DataFault
        If a picture is not among the candidates.
    """
    places = {image: place for place, image in enumerate(candidates)}
    for image in images:
        if image not in places:
            raise DataFault(unknown("candidate", image, candidates))
    return ranks_of(scores, np.array([places[image] for image in images]))


def _require_trials(viewer: Viewer, trials: pd.DataFrame) -> None:
    shown = dict(zip(viewer.onsets, viewer.images, strict=True))
    starts = nearest_sample(trials["onset"].to_numpy(float), viewer.sfreq)
    for start, onset, image in zip(starts, trials["onset"], trials["image"], strict=True):
        if shown.get(int(start)) != image:
            raise DataFault(
                f"picture '{image}' does not appear at {onset:.3f} s",
                where=f"subject {viewer.subject}",
                fix="take onsets and images of trials from the recording's events",
            )


def _window_of(evoked: Array, first: int, n_samples: int) -> Array:
    """Cut or pad responses (n, n_sources, n_lags) to the samples from ``first`` after onset on."""
    window = np.zeros((*evoked.shape[:2], n_samples))
    start, stop = max(first, 0), min(first + n_samples, evoked.shape[2])
    if stop > start:
        window[..., start - first : stop - first] = evoked[..., start:stop]
    return window
