r"""Simulated listeners: EEG of people who hear one story, and the best any decoder could do.

Generative model
    :math:`x_p(t) = G_p\, s_p(t) + n_p(t) + \text{line} + \text{pops}` in participant :math:`p`.

    *Latents.* Acoustic: broadband envelope, its onsets and four band envelopes, which a Mel
    spectrogram shows. Lexical: every lexicon entry has a fixed random vector of six numbers,
    released at the word's onset, which no linear function of a Mel spectrogram shows, but a
    representation of words does.

    *Sources.* Eight dipoles in auditory, temporal and inferior frontal cortex, both sides. Source
    :math:`j` is :math:`s_j = \sum_f k_{jf} * \ell_f` with kernels of 0 to 0.6 s: acoustic ones
    biphasic, 60 to 230 ms late, lexical ones 220 to 380 ms late. Kernels are common to all up to
    a shift (10 ms) and a gain (15 %) per source and participant.

    *Heads.* :math:`G_p` is MNE's three-shell sphere model. Sources move between participants
    (8 mm) and turn widely, so that no spatial filter fits all, while what they do is shared.

    *Noise.* Stationary Gaussian, separable: 1/f in time by an autoregressive process, a
    covariance over channels from 40 dipoles that differ between participants and from the sensors.
    Besides: a 50 Hz line, rare electrode pops of 1 to 10 mV, and 0 to 3 channels missing per
    participant.
Ceiling
    The noise's likelihood is exact, so the optimal decoder is known:
    :func:`neurodecode.datasets.simulate.listening_optimal.optimal_ranks`.
Truth
    ``derivatives/truth/`` holds latents (``story.npz``), forward models (``sub-LABEL.npz``, with
    dropped channels, sound onsets and pops in ``sub-LABEL.json``) and ``shares.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path
from neurodecode.datasets.simulate.listening_files import (
    AUDIO,
    story_events,
    write_recording,
)
from neurodecode.datasets.simulate.listening_latents import acoustic_latents, lexical_latents
from neurodecode.datasets.simulate.listening_noise import (
    LINE_HZ,
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
from neurodecode.datasets.simulate.listening_story import (
    Chapter,
    recorded_chapters,
    synthetic_chapters,
    write_sound,
)
from neurodecode.datasets.simulate.listening_truth import (
    TRUTH,
    Latents,
    Truth,
    write_story,
    write_truth,
)
from neurodecode.datasets.simulate.sphere import electrode_info
from neurodecode.faults import ConfigFault

Array = NDArray[np.floating[Any]]

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
_STORY, _PERSON = 1, 2  # streams of random numbers


@dataclass(frozen=True)
class Settings:
    """Options of :func:`simulate_listening` that shape a recording."""

    n_channels: int
    sfreq: float
    snr: float
    lexical_share: float
    common_head: bool
    pops_per_minute: float
    random_state: int


def simulate_listening(
    folder: Path,
    *,
    n_participants: int = 8,
    n_sentences: int = 180,
    n_channels: int = 32,
    sfreq: float = 128.0,
    snr: float = 0.1,
    lexical_share: float = 0.5,
    common_head: bool = False,
    pops_per_minute: float = 1.0,
    audio: Path | str | None = None,
    random_state: int = 42,
) -> list[Path]:
    """Write a BIDS data set (BrainVision) of simulated listeners, its sounds and its truth.

    Parameters
    ----------
    n_participants : int, default=8
        Further ones leave the first ones as they are.
    n_sentences : int, default=180
        Of the synthetic story, about 3 s each; 0 for recorded speech only.
    n_channels : int, default=32
        Electrodes, at most 64, before some are dropped.
    sfreq : float, default=128.0
        Above 100 Hz, so that the line is below Nyquist.
    snr : float, default=0.1
        Amplitude of the response relative to the background noise, over all channels, in a head
        of average gain.
    lexical_share : float, default=0.5
        Share of the sources' variance that is lexical, in [0, 1]: 0 and 1 leave one part out.
    common_head : bool, default=False
        Give all participants the same speech sources in the same places.
    pops_per_minute : float, default=1.0
        Mean rate of electrode pops over all channels.
    audio : path, default None
        A folder with recorded speech and ``transcripts.csv``, told before the synthetic story;
        see :func:`neurodecode.datasets.simulate.listening_story.recorded_chapters`.
    random_state : int, default=42
        Seed of the story, the latents and the participants.

    Returns
    -------
    list of Path
        All files written.

    Raises
    ------
    ConfigFault
        If an option is out of its range, or there is nothing to hear.
    DataFault
        If recorded speech or its transcript cannot be used.
    """
    settings = Settings(
        n_channels, sfreq, snr, lexical_share, common_head, pops_per_minute, random_state
    )
    _check(settings, n_participants, n_sentences, audio)
    chapters = recorded_chapters(Path(audio)) if audio is not None else []
    chapters += synthetic_chapters(n_sentences, random_state)
    story = _story_latents(chapters, settings)
    weights = _weights(story, settings)
    write_story(folder, story)
    for chapter in chapters:
        write_sound(folder / AUDIO, chapter)
    shares = [
        _listen(folder, f"{number:02d}", number, chapters, story, weights, settings)
        for number in range(1, n_participants + 1)
    ]
    with atomic_path(folder / TRUTH / "shares.csv") as path:
        pd.DataFrame(shares).to_csv(path, index=False)
    return sorted(file.resolve() for file in folder.rglob("*") if file.is_file())


def _check(settings: Settings, n_participants: int, n_sentences: int, audio: Any) -> None:
    if n_participants < 1:
        raise ConfigFault(f"{n_participants} participants", fix="give 1 or more")
    if n_sentences < 0 or (n_sentences == 0 and audio is None):
        raise ConfigFault(
            f"a story of {n_sentences} sentences", fix="give 1 or more, or recorded speech (audio)"
        )
    if not 1 <= settings.n_channels <= len(CHANNELS):
        raise ConfigFault(f"{settings.n_channels} channels", fix=f"give 1 to {len(CHANNELS)}")
    if settings.sfreq <= 2 * LINE_HZ:
        raise ConfigFault(
            f"sfreq {settings.sfreq:g} Hz cannot hold the {LINE_HZ:g} Hz line",
            fix=f"give more than {2 * LINE_HZ:g}",
        )
    if not 0 <= settings.lexical_share <= 1:
        raise ConfigFault(f"lexical_share {settings.lexical_share:g}", fix="give 0 to 1")
    if settings.snr < 0 or settings.pops_per_minute < 0:
        raise ConfigFault("snr and pops_per_minute must not be negative")


def _story_latents(chapters: list[Chapter], settings: Settings) -> dict[str, Latents]:
    """Latents of every sound; each acoustic one is scaled to variance 1 over the story."""
    acoustic = [acoustic_latents(chapter.samples, settings.sfreq) for chapter in chapters]
    spread = np.concatenate(acoustic, axis=1).std(axis=1, keepdims=True)
    return {
        chapter.sound: Latents(
            latents / spread,
            lexical_latents(
                chapter.words, latents.shape[1], settings.sfreq, settings.random_state
            ),
        )
        for chapter, latents in zip(chapters, acoustic, strict=True)
    }


def _weights(story: dict[str, Latents], settings: Settings) -> Weights:
    """Draw weights, scaled so that the typical person's sources have the wanted variances in uV."""
    weights = Weights.draw(np.random.default_rng([settings.random_state, _STORY]))
    typical = Person.typical()
    power = settings.snr**2 * NOISE_UV**2
    acoustic = acoustic_kernels(weights, typical, settings.sfreq)
    lexical = lexical_kernels(weights, typical, settings.sfreq)
    heard = [convolve(latents.acoustic, acoustic) for latents in story.values()]
    understood = [convolve(latents.lexical, lexical) for latents in story.values()]
    return Weights(
        weights.acoustic * np.sqrt(power * (1 - settings.lexical_share) / _variance(heard)),
        weights.lexical * np.sqrt(power * settings.lexical_share / _variance(understood)),
    )


def _variance(signals: list[Array]) -> float:
    """Sum over rows of the variance over the time of all signals."""
    return float(np.concatenate(signals, axis=1).var(axis=1).sum())


def _listen(
    folder: Path,
    subject: str,
    number: int,
    chapters: list[Chapter],
    story: dict[str, Latents],
    weights: Weights,
    settings: Settings,
) -> dict[str, Any]:
    """Simulate and write one participant; return the row of ``shares.csv``."""
    rng = np.random.default_rng([settings.random_state, _PERSON, number])
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


def _timeline(chapters: list[Chapter], sfreq: float) -> tuple[dict[str, int], int]:
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
