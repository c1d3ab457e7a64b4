"""One simulated viewer: a head, a random order of pictures, a recording and its truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.simulate.background import (
    NOISE_UV,
    alpha_coefficients,
    draw_pops,
    pink_coefficients,
)
from neurodecode.datasets.simulate.heads import Person, draw_head, draw_kept
from neurodecode.datasets.simulate.recording_files import recording_path, write_recording
from neurodecode.datasets.simulate.sphere import CHANNELS, electrode_info
from neurodecode.datasets.simulate.viewing_features import LEVELS, Features
from neurodecode.datasets.simulate.viewing_sources import (
    POSITIONS,
    SOURCES,
    Weights,
    response_seconds,
)
from neurodecode.datasets.simulate.viewing_truth import Viewer

Array = NDArray[np.floating[Any]]

TASK = "viewing"
LEAD_IN_S, LEAD_OUT_S = 2.0, 2.0  # before the first picture, and after the last has been answered
EVENT_COLUMNS = {
    "trial_type": "image: a picture is shown",
    "image": "Picture file, below stimuli/",
    "category": "What the picture shows",
    "part": "train: shown once; test: shown repeatedly, from a category kept for testing",
}
ALPHA_POSITIONS = ((-0.018, -0.055, 0.065), (0.018, -0.055, 0.065))  # parieto-occipital, m
ALPHA_HZ, ALPHA_HZ_SPREAD = 10.0, 0.8
ALPHA_SPREAD = 0.5  # of the logarithm of its amplitude
_STREAM = 5  # of random numbers; pictures and weights have others


@dataclass(frozen=True)
class Settings:
    """Options of ``simulate_viewing`` that shape a recording; stated there."""

    test_repetitions: int
    n_channels: int
    sfreq: float
    snr: float
    low_level_share: float
    soa: float
    jitter: float
    duration: float
    common_head: bool
    alpha_uv: float
    pops_per_minute: float
    random_state: int


def viewing_path(folder: Path, subject: str) -> Any:
    """Return the ``mne_bids.BIDSPath`` of a simulated viewer's recording."""
    return recording_path(folder, subject, TASK)


def record_viewer(
    folder: Path,
    number: int,
    table: pd.DataFrame,
    features: Features,
    weights: Weights,
    settings: Settings,
) -> dict[str, Any]:
    """Simulate and write one participant, numbered from 1.

    Parameters
    ----------
    table : DataFrame
        What there is to see, with image, category and part.

    Returns
    -------
    dict
        The row of ``shares.csv``: subject; low, high and response, variances over pictures in
        uV^2, mean over channels and the time of the response; and noise, uV^2.
    """
    subject = f"{number:02d}"
    rng = np.random.default_rng([settings.random_state, _STREAM, number])
    repeats = np.where(table["part"] == "test", settings.test_repetitions, 1)
    order = rng.permutation(np.repeat(np.arange(len(table)), repeats))
    onsets, n_samples = _timeline(len(order), settings, rng)
    shown = table.iloc[order]
    viewer = _draw_viewer(subject, onsets, shown["image"], n_samples, weights, settings, rng)
    signals = viewer.gains @ viewer.activity(features, n_samples)
    signals += viewer.noise(n_samples, rng)
    events = _events(shown, onsets, settings)
    path = viewing_path(folder, subject)
    write_recording(path, signals, viewer.channels, settings.sfreq, events, EVENT_COLUMNS)
    viewer.write(folder)
    return _shares(viewer, features)


def _timeline(
    n_trials: int, settings: Settings, rng: np.random.Generator
) -> tuple[NDArray[np.int64], int]:
    """First sample of every trial, and the number of samples of the recording."""
    gaps = settings.soa + settings.jitter * rng.uniform(-1, 1, size=n_trials)
    seconds = LEAD_IN_S + np.concatenate([[0.0], np.cumsum(gaps)[:-1]])
    after = response_seconds(settings.duration) + LEAD_OUT_S
    onsets = np.rint(seconds * settings.sfreq).astype(np.int64)
    return onsets, int(onsets[-1] + np.ceil(after * settings.sfreq))


def _draw_viewer(
    subject: str,
    onsets: NDArray[np.int64],
    images: pd.Series[str],
    n_samples: int,
    weights: Weights,
    settings: Settings,
    rng: np.random.Generator,
) -> Viewer:
    names = CHANNELS[: settings.n_channels]
    info = electrode_info(names, settings.sfreq)
    positions = np.vstack([POSITIONS, ALPHA_POSITIONS])
    gains, covariance = draw_head(info, positions, rng, common=settings.common_head)
    gains, alpha = np.split(gains, [len(POSITIONS)], axis=1)
    alpha *= settings.alpha_uv / np.sqrt(len(ALPHA_POSITIONS))
    alpha_hz = ALPHA_HZ + ALPHA_HZ_SPREAD * rng.standard_normal()
    person = Person.draw(len(SOURCES), rng)
    kept = draw_kept(len(names), rng)
    channels = tuple(names[i] for i in kept)
    seconds = n_samples / settings.sfreq
    return Viewer(
        subject=subject,
        sfreq=settings.sfreq,
        channels=channels,
        dropped=tuple(name for name in names if name not in channels),
        gains=gains[kept],
        covariance=NOISE_UV**2 * covariance[np.ix_(kept, kept)],
        coefficients=pink_coefficients(),
        pops=draw_pops(channels, seconds, per_minute=settings.pops_per_minute, rng=rng),
        alpha=alpha[kept] * np.exp(ALPHA_SPREAD * rng.standard_normal()),
        alpha_coefficients=alpha_coefficients(alpha_hz, settings.sfreq),
        kernels=weights.kernels(person, settings.duration, settings.sfreq),
        onsets=tuple(onsets.tolist()),
        images=tuple(images),
    )


def _events(shown: pd.DataFrame, onsets: NDArray[np.int64], settings: Settings) -> pd.DataFrame:
    """Return the events of a recording: a row per trial."""
    events = shown.assign(
        onset=onsets / settings.sfreq, duration=settings.duration, trial_type="image"
    )
    return events[["onset", "duration", *EVENT_COLUMNS]]


def _shares(viewer: Viewer, features: Features) -> dict[str, Any]:
    """Variances in uV^2 over pictures, mean over channels and the time of the response."""
    rows = features.rows(features.images)
    n_low = features.low.shape[1]
    parts = {level: rows.copy() for level in LEVELS} | {"response": rows}
    parts["low"][:, 1 + n_low :] = 0
    parts["high"][:, 1 : 1 + n_low] = 0
    power = {
        name: np.einsum("cs,nsl->ncl", viewer.gains, viewer.sources(part), optimize=True)
        .var(axis=0)
        .mean()
        for name, part in parts.items()
    }
    return {"subject": viewer.subject, **power, "noise": np.diag(viewer.covariance).mean()}
