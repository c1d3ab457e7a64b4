"""One simulated viewer of clips: a head, a session of trials, its files and its truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

from neurodecode.datasets.rated.arrays import write_subject
from neurodecode.datasets.rated.epoc import CHANNELS, SAMPLING_RATE
from neurodecode.datasets.simulate.background import (
    NOISE_UV,
    draw_background,
    draw_processes,
    pink_coefficients,
)
from neurodecode.datasets.simulate.forward_model import POP_COLUMNS
from neurodecode.datasets.simulate.heads import draw_head
from neurodecode.datasets.simulate.rated_latents import Clips, draw_felt, rate
from neurodecode.datasets.simulate.rated_sources import (
    AMPLITUDES,
    BANDS,
    LOADINGS,
    RATINGS,
    SOURCES,
    band_coefficients,
    places_of,
)
from neurodecode.datasets.simulate.rated_truth import RatedViewer
from neurodecode.datasets.simulate.sphere import electrode_info

Array = NDArray[np.floating[Any]]

DRIFT_S = 300.0  # time after which the drift's correlation has fallen to 1/e
OFFSET_UV, OFFSET_SPREAD_UV = 4200.0, 100.0  # of the amplifier, as in EPOC files
_STREAM = 2  # of random numbers; clips have another


@dataclass(frozen=True)
class Settings:
    """Options of ``simulate_rated`` that shape a recording; stated there."""

    seconds: float
    baseline_seconds: float
    effect: float
    deviation: float
    identity: float
    drift: float
    subject_gain: float
    common_head: bool
    random_state: int


def record_viewer(folder: Path, number: int, clips: Clips, settings: Settings) -> None:
    """Write the files and the truth of one viewer.

    Parameters
    ----------
    folder : Path
        Root of the data set.
    number : int
        From 1; viewers have random numbers of their own, so that further ones change no other.
    """
    rng = np.random.default_rng([settings.random_state, _STREAM, number])
    viewer = _draw_viewer(f"{number:02d}", clips, settings, rng)
    signals, baselines = _record(viewer, settings, rng)
    table = pd.DataFrame({"trial": np.arange(1, len(viewer.clips) + 1), "clip": viewer.clips})
    table[list(RATINGS)] = rate(viewer.felt)
    write_subject(folder, viewer.subject, table, signals, baselines)
    viewer.write(folder)


def _draw_viewer(
    subject: str, clips: Clips, settings: Settings, rng: np.random.Generator
) -> RatedViewer:
    positions = np.array([source.position for source in SOURCES])
    gains, covariance = draw_head(
        electrode_info(CHANNELS, SAMPLING_RATE), positions, rng, common=settings.common_head
    )
    offsets = settings.subject_gain * rng.standard_normal(len(SOURCES))
    order = rng.permutation(len(clips.names))
    felt = draw_felt(clips.latents, settings.deviation, rng)[order]
    evoked = settings.effect * felt @ LOADINGS.T + clips.signatures[order]
    session_s = len(order) * (settings.seconds + settings.baseline_seconds)
    return RatedViewer(
        subject=subject,
        sfreq=SAMPLING_RATE,
        channels=CHANNELS,
        dropped=(),
        gains=gains * AMPLITUDES,
        covariance=NOISE_UV**2 * covariance,
        coefficients=pink_coefficients(),
        pops=pd.DataFrame(columns=list(POP_COLUMNS)),
        offsets=offsets,
        felt=felt,
        log_power=offsets + evoked,
        drift=settings.drift * _draw_drift(int(np.ceil(session_s)) + 1, rng),
        clips=tuple(clips.names[place] for place in order),
        effect=settings.effect,
        identity=settings.identity,
    )


def _draw_drift(n_seconds: int, rng: np.random.Generator) -> Array:
    """Draw Ornstein-Uhlenbeck processes of unit variance, one per source, at every second."""
    decay = np.exp(-1 / DRIFT_S)
    steps = np.sqrt(1 - decay**2) * rng.standard_normal((n_seconds, len(SOURCES)))
    steps[0] /= np.sqrt(1 - decay**2)
    drift: Array = lfilter([1.0], [1.0, -decay], steps, axis=0)
    return drift


def _record(
    viewer: RatedViewer, settings: Settings, rng: np.random.Generator
) -> tuple[list[Array], list[Array]]:
    """Return the clips and the baselines of a session, (n_channels, n_samples) each, uV."""
    rest, clip = (round(s * SAMPLING_RATE) for s in (settings.baseline_seconds, settings.seconds))
    n_samples = len(viewer.clips) * (rest + clip)
    log_power = _drift_at(viewer.drift, n_samples) + viewer.offsets[:, None]
    by_trial = log_power.reshape(len(SOURCES), len(viewer.clips), rest + clip)
    by_trial[..., rest:] += (viewer.log_power - viewer.offsets).T[..., None]
    sources = draw_sources(log_power, rng)
    signals = viewer.gains @ sources
    signals += draw_background(viewer.coefficients, viewer.covariance, n_samples, rng)
    signals += OFFSET_UV + OFFSET_SPREAD_UV * rng.standard_normal((len(CHANNELS), 1))
    trials = np.split(signals, len(viewer.clips), axis=1)
    return [trial[:, rest:] for trial in trials], [trial[:, :rest] for trial in trials if rest]


def draw_sources(log_power: Array, rng: np.random.Generator) -> Array:
    """Draw the rhythms with this log power, both (n_sources, n_samples); 0 is unit variance."""
    sources = np.empty_like(log_power)
    for band in BANDS:
        places = places_of(band)
        coefficients = band_coefficients(band, SAMPLING_RATE)
        sources[places] = draw_processes(coefficients, len(places), log_power.shape[1], rng)
    drawn: Array = sources * np.exp(log_power / 2)
    return drawn


def _drift_at(drift: Array, n_samples: int) -> Array:
    """Return the drift at every sample, (n_sources, n_samples), between the seconds linearly."""
    times = np.arange(n_samples) / SAMPLING_RATE
    seconds = np.arange(len(drift))
    return np.stack([np.interp(times, seconds, course) for course in drift.T])
