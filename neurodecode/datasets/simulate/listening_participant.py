"""One simulated listener: a head, a timeline of sounds, a recording and its truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.datasets.simulate.listening_files import story_events, write_recording
from neurodecode.datasets.simulate.listening_noise import (
    draw_background,
    draw_pops,
    line_waves,
    pink_coefficients,
)
from neurodecode.datasets.simulate.listening_sources import (
    Person,
    Weights,
    acoustic_kernels,
    convolve,
    draw_head,
    lexical_kernels,
)
from neurodecode.datasets.simulate.listening_story import Chapter
from neurodecode.datasets.simulate.listening_truth import Latents, Truth, write_truth
from neurodecode.datasets.simulate.sphere import electrode_info

# 10-10 system; any first few of them cover the head.
CHANNELS = (
    "T7", "T8", "Fz", "Cz", "Pz", "FC5", "FC6", "Oz",
    "F3", "F4", "C3", "C4", "P3", "P4", "P7", "P8",
    "F7", "F8", "FC1", "FC2", "CP1", "CP2", "CP5", "CP6",
    "Fp1", "Fp2", "O1", "O2", "FT9", "FT10", "TP9", "TP10",
    "AF3", "AF4", "F1", "F2", "F5", "F6", "FC3", "FC4",
    "FT7", "FT8", "C1", "C2", "C5", "C6", "CP3", "CP4",
    "TP7", "TP8", "P1", "P2", "P5", "P6", "PO3", "PO4",
    "PO7", "PO8", "AF7", "AF8", "FCz", "CPz", "POz", "AFz",
)  # fmt: skip
LEAD_IN_S, GAP_S = 3.0, 3.0  # silence before the first sound, and after every sound
NOISE_UV, LINE_UV = 10.0, 4.0
POP_UV = (1e3, 1e4)
MAX_DROPPED = 3
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
    signals += draw_background(truth.coefficients, truth.covariance, n_samples, rng)
    line = LINE_UV * rng.standard_normal((len(truth.channels), 2))
    signals += line @ line_waves(n_samples, settings.sfreq)
    signals += truth.pop_signal(n_samples)
    events = story_events(chapters, onsets, settings.sfreq)
    write_recording(folder, subject, signals, truth.channels, settings.sfreq, events)
    write_truth(folder, truth)
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
) -> Truth:
    names = CHANNELS[: settings.n_channels]
    info = electrode_info(names, settings.sfreq)
    gains, covariance = draw_head(info, rng, common=settings.common_head)
    person = Person.draw(rng)
    most = min(MAX_DROPPED, len(names) - 1)
    dropped = set(rng.permutation(len(names))[: rng.integers(0, most + 1)].tolist())
    kept = [i for i in range(len(names)) if i not in dropped]
    pops = draw_pops(
        [names[i] for i in kept],
        n_samples / settings.sfreq,
        per_minute=settings.pops_per_minute,
        amplitude=POP_UV,
        rng=rng,
    )
    return Truth(
        subject=subject,
        sfreq=settings.sfreq,
        channels=tuple(names[i] for i in kept),
        dropped=tuple(names[i] for i in sorted(dropped)),
        gains=gains[kept],
        acoustic=acoustic_kernels(weights, person, settings.sfreq),
        lexical=lexical_kernels(weights, person, settings.sfreq),
        covariance=NOISE_UV**2 * covariance[np.ix_(kept, kept)],
        coefficients=pink_coefficients(),
        onsets=onsets,
        pops=pops,
    )


def _shares(truth: Truth, story: dict[str, Latents]) -> dict[str, Any]:
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
