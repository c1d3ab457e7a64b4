r"""From rated clips to the store: the last seconds of every clip, normalised per channel.

Published (Kuang et al. 2024): with :math:`\mu, \sigma` the mean and the population standard
deviation of the middle 10 s of the trial's baseline, the last 60 s :math:`x` of the clip become

.. math:: z = (x - \mu) / \sigma, \qquad y = z / \max_t |z|.

The second step looks at the whole clip, so a window is scaled by what comes after it;
``scaling="baseline"`` divides by the largest absolute value of the normalised baseline instead.
A channel that is constant where its spread or largest value is taken is not divided.

References
----------
Kuang, Song, Michoski 2024, arXiv 2408.15255, and the preprocessing of its code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.channels import resolve_channels
from neurodecode.faults import DataFault
from neurodecode.signals.resampling import resample_exactly
from neurodecode.signals.store import Store, write_store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.datasets.rated.recording import Rated
    from neurodecode.emotion.config_signals import PreparationSettings

    Array = NDArray[np.float64]

COLUMNS = ("subject", "session", "trial", "clip")


def prepare_subject(
    folder: Path, recordings: Sequence[Rated], settings: PreparationSettings
) -> Store:
    """Write one subject's store: (n_trials, n_channels, n_samples), its table, ``store.json``.

    Parameters
    ----------
    folder : Path
        Where the store is written.
    recordings : sequence of Rated
        All sessions of the subject.
    settings : PreparationSettings

    Returns
    -------
    Store
        The table has subject, session, trial, clip (text but for the trial) and a column of
        integers per rating; ``info`` has channels, sfreq (Hz), ratings (scale by
        name), normalisation (the settings, and whether it looks ahead), constant and notes.

    Raises
    ------
    DataFault
        A channel is missing (with the nearest one); a clip or a baseline is shorter than asked
        for, with subject, trial and seconds; there is no baseline; sessions differ in channels or
        scales, or a trial of a session stands twice.
    """
    if not recordings:
        raise DataFault("no recording", where=folder.name)
    _check_same(recordings, settings)
    names = list(settings.channels or recordings[0].channel_names)
    trials, constant = [], []
    for recording in recordings:
        normalised, lines = _normalise_session(recording, names, settings)
        trials += normalised
        constant += lines
    table = pd.concat([_table(recording) for recording in recordings], ignore_index=True)
    info: dict[str, Any] = {
        "channels": names,
        "sfreq": settings.sampling_rate,
        "ratings": {name: list(scale) for name, scale in recordings[0].ratings.items()},
        "normalisation": {
            "baseline": settings.baseline,
            "baseline_seconds": settings.baseline_seconds,
            "scaling": settings.scaling,
            "seconds": settings.seconds,
            "looks_ahead": settings.looks_ahead,
        },
        "mended": {"clips": [*constant, *(note for each in recordings for note in each.notes)]},
    }
    return write_store(folder, np.stack(trials), table, info)


def normalise_trial(
    signals: Array, baseline: Array | None, settings: PreparationSettings
) -> tuple[Array, NDArray[np.bool_]]:
    """Normalise the kept seconds of one trial.

    Parameters
    ----------
    signals : ndarray, shape (n_channels, n_samples)
        The kept seconds.
    baseline : ndarray, shape (n_channels, n_baseline), or None
        The middle seconds of the baseline; None where ``settings.baseline`` is false.

    Returns
    -------
    normalised : ndarray, shape (n_channels, n_samples)
    constant : ndarray of bool, shape (n_channels,)
        Channels that a step left undivided, because they are constant there.
    """
    if baseline is None:
        normalised, constant = signals - _mean(signals), np.zeros(len(signals), dtype=bool)
        rest, still = normalised, _is_constant(signals)
    else:
        constant, spread = _is_constant(baseline), baseline.std(axis=1, keepdims=True)
        normalised = _divided(signals - _mean(baseline), spread, constant)
        rest = _divided(baseline - _mean(baseline), spread, constant)
        still = constant if settings.scaling == "baseline" else _is_constant(signals)
    if settings.scaling == "none":
        return normalised, constant
    if settings.scaling == "z-score":
        normalised = normalised - _mean(normalised)
        size = normalised.std(axis=1, keepdims=True)
    else:
        seen = normalised if settings.scaling == "max-abs" else rest
        size = np.abs(seen).max(axis=1, keepdims=True)
    return _divided(normalised, size, still), constant | still


def _normalise_session(
    recording: Rated, names: Sequence[str], settings: PreparationSettings
) -> tuple[list[Array], list[str]]:
    """Return the normalised trials of a session, and a line for each constant channel."""
    own = resolve_channels(names, recording.channel_names, where=recording.label)
    rows = [recording.channel_names.index(name) for name in own]
    rests = recording.baselines if settings.baseline else None
    trials, lines = [], []
    for place, trial in enumerate(recording.table["trial"]):
        where = f"subject {recording.subject}, session {recording.session}, trial {trial}"
        clip = _last(
            resampled(recording.signals[place][rows], recording.sampling_rate, settings),
            settings,
            where,
        )
        rest = None
        if rests is not None:
            rest = _middle(
                resampled(rests[place][rows], recording.sampling_rate, settings), settings, where
            )
        normalised, constant = normalise_trial(clip, rest, settings)
        trials.append(normalised)
        flat = [name for name, still in zip(names, constant, strict=True) if still]
        lines += [f"{where}: {', '.join(flat)} constant, not divided"] if flat else []
    return trials, lines


def resampled(array: Array, measured: float, settings: PreparationSettings) -> Array:
    """Resample around the mean: the filter's ripple would turn an offset of mV into uV of noise.

    Parameters
    ----------
    array : ndarray, shape (n_channels, n_samples)
    measured : float
        Its sampling rate, Hz.
    """
    mean = _mean(array)
    changed: Array = resample_exactly(array - mean, measured, settings.sampling_rate) + mean
    return changed


def _last(clip: Array, settings: PreparationSettings, where: str) -> Array:
    """Return the last seconds of a clip."""
    wanted = round(settings.seconds * settings.sampling_rate)
    if clip.shape[1] < wanted:
        seconds = clip.shape[1] / settings.sampling_rate
        raise DataFault(
            f"the clip lasts {seconds:.2f} s, {settings.seconds:g} s are wanted",
            where=where,
            fix=f"set signals.seconds={int(seconds) or round(seconds, 2):g} or less",
        )
    return clip[:, -wanted:]


def _middle(baseline: Array, settings: PreparationSettings, where: str) -> Array:
    """Return the middle seconds of a baseline."""
    wanted = round(settings.baseline_seconds * settings.sampling_rate)
    if baseline.shape[1] < wanted:
        seconds = baseline.shape[1] / settings.sampling_rate
        raise DataFault(
            f"the baseline lasts {seconds:.2f} s, {settings.baseline_seconds:g} s are wanted",
            where=where,
            fix=f"set signals.baseline_seconds={int(seconds) or round(seconds, 2):g} or less",
        )
    start = (baseline.shape[1] - wanted) // 2
    return baseline[:, start : start + wanted]


def _mean(array: Array) -> Array:
    mean: Array = array.mean(axis=1, keepdims=True)
    return mean


def _is_constant(array: Array) -> NDArray[np.bool_]:
    """Return which channels are constant."""
    constant: NDArray[np.bool_] = np.ptp(array, axis=1) == 0
    return constant


def _divided(array: Array, size: Array, still: NDArray[np.bool_]) -> Array:
    """Divide channels by their size (n_channels, 1), but those that are constant."""
    divided: Array = array / np.where(still[:, None], 1.0, size)
    return divided


def _table(recording: Rated) -> pd.DataFrame:
    table = recording.table[["trial", "clip", *recording.ratings]].copy()
    for name in recording.ratings:
        table[name] = table[name].astype(int)
    table["trial"] = table["trial"].astype(int)
    return table.assign(subject=recording.subject, session=recording.session)[
        [*COLUMNS, *recording.ratings]
    ]


def _check_same(recordings: Sequence[Rated], settings: PreparationSettings) -> None:
    """Raise unless sessions are distinct, of one subject, and have what the settings ask for."""
    first = recordings[0]
    seen: set[tuple[str, int]] = set()
    for recording in recordings:
        trials = {(recording.session, int(trial)) for trial in recording.table["trial"]}
        if trials & seen:
            raise DataFault(f"trial {min(trials & seen)[1]} stands twice", where=recording.label)
        seen |= trials
        if settings.baseline and recording.baselines is None:
            raise DataFault("no baselines", where=recording.label, fix="set signals.baseline=false")
        if dict(recording.ratings) != dict(first.ratings):
            what = f"ratings {dict(recording.ratings)} here, {dict(first.ratings)} in the first"
            raise DataFault(what, where=recording.label, fix="give all sessions the same scales")
