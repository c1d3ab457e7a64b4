"""One simulated listener: a head, a timeline of sounds, a recording and its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.datasets.simulate.background import NOISE_UV, draw_pops, pink_coefficients
from neurodecode.datasets.simulate.heads import Person, draw_head, draw_kept
from neurodecode.datasets.simulate.listening_files import (
    EVENT_COLUMNS,
    listening_path,
    story_events,
)
from neurodecode.datasets.simulate.listening_sources import (
    POSITIONS,
    SOURCES,
    Weights,
    acoustic_kernels,
    convolve,
    lexical_kernels,
)
from neurodecode.datasets.simulate.listening_story import Chapter
from neurodecode.datasets.simulate.listening_truth import Latents, Listener
from neurodecode.datasets.simulate.recording_files import write_recording
from neurodecode.datasets.simulate.sphere import CHANNELS, electrode_info

LEAD_IN_S, GAP_S = 3.0, 3.0  # silence before the first sound, and after every sound
_STREAM = 2  # of random numbers; the story has another


@dataclass(frozen=True)
class Settings:
    """Options of ``simulate_listening`` that shape a recording; stated there."""

    n_channels: int
    sfreq: float
    snr: float
    lexical_share: float
    common_head: bool
    pops_per_minute: float
    random_state: int


def record_listener(
    folder: Path,
    number: int,
    chapters: Sequence[Chapter],
    story: dict[str, Latents],
    weights: Weights,
    settings: Settings,
) -> dict[str, Any]:
    """Simulate and write one participant, numbered from 1.

    Returns
    -------
    dict
        The row of ``shares.csv``: subject; acoustic, lexical, response and noise, variances in
        uV^2; and lexical_share, of the sum of both parts.
    """
    subject = f"{number:02d}"
    rng = np.random.default_rng([settings.random_state, _STREAM, number])
    onsets, n_samples = _timeline(chapters, settings.sfreq)
    truth = _draw_truth(subject, onsets, n_samples, weights, settings, rng)
    signals = truth.response(story, n_samples)
    signals += truth.noise(n_samples, rng)
    events = story_events(chapters, onsets, settings.sfreq)
    path = listening_path(folder, subject)
    write_recording(path, signals, truth.channels, settings.sfreq, events, EVENT_COLUMNS)
    truth.write(folder)
    return _shares(truth, story)


def _timeline(chapters: Sequence[Chapter], sfreq: float) -> tuple[dict[str, int], int]:
    """First sample of every sound, and the number of samples of the recording."""
    onsets, now = {}, round(LEAD_IN_S * sfreq)
    for chapter in chapters:
        onsets[chapter.sound] = now
        now += int(np.ceil((chapter.duration + GAP_S) * sfreq))
    return onsets, now


def _draw_truth(
    subject: str,
    onsets: dict[str, int],
    n_samples: int,
    weights: Weights,
    settings: Settings,
    rng: np.random.Generator,
) -> Listener:
    names = CHANNELS[: settings.n_channels]
    info = electrode_info(names, settings.sfreq)
    gains, covariance = draw_head(info, POSITIONS, rng, common=settings.common_head)
    person = Person.draw(len(SOURCES), rng)
    kept = draw_kept(len(names), rng)
    pops = draw_pops(
        [names[i] for i in kept],
        n_samples / settings.sfreq,
        per_minute=settings.pops_per_minute,
        rng=rng,
    )
    return Listener(
        subject=subject,
        sfreq=settings.sfreq,
        channels=tuple(names[i] for i in kept),
        dropped=tuple(name for i, name in enumerate(names) if i not in kept),
        gains=gains[kept],
        acoustic=acoustic_kernels(weights, person, settings.sfreq),
        lexical=lexical_kernels(weights, person, settings.sfreq),
        covariance=NOISE_UV**2 * covariance[np.ix_(kept, kept)],
        coefficients=pink_coefficients(),
        onsets=onsets,
        pops=pops,
    )


def _shares(truth: Listener, story: dict[str, Latents]) -> dict[str, Any]:
    """Variances in uV^2, mean over channels, while the story is told."""
    parts = {"acoustic": truth.acoustic, "lexical": truth.lexical}
    driven = {
        part: np.concatenate(
            [convolve(getattr(latents, part), kernels) for latents in story.values()], axis=1
        )
        for part, kernels in parts.items()
    }
    driven["response"] = driven["acoustic"] + driven["lexical"]
    power = {part: (truth.gains @ sources).var(axis=1).mean() for part, sources in driven.items()}
    total = power["acoustic"] + power["lexical"]
    return {
        "subject": truth.subject,
        **power,
        "noise": np.diag(truth.covariance).mean(),
        "lexical_share": power["lexical"] / total if total else np.nan,
    }
