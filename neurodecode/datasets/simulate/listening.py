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
    a shift (10 ms) and a gain (15 %) per source and participant, and people differ in the
    strength of all they answer (log-normal, 0.6), so that the ceiling is low in some.

    *Heads.* :math:`G_p` is MNE's three-shell sphere model. Sources move between participants
    (8 mm) and turn widely, so that a common spatial filter loses, while what they do is shared.

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

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path
from neurodecode.datasets.simulate.background import NOISE_UV
from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.heads import Person
from neurodecode.datasets.simulate.listening_files import AUDIO
from neurodecode.datasets.simulate.listening_latents import acoustic_latents, lexical_latents
from neurodecode.datasets.simulate.listening_participant import Settings, record_listener
from neurodecode.datasets.simulate.listening_recorded import recorded_chapters
from neurodecode.datasets.simulate.listening_sources import (
    SOURCES,
    Weights,
    acoustic_kernels,
    convolve,
    lexical_kernels,
)
from neurodecode.datasets.simulate.listening_story import (
    Chapter,
    synthetic_chapters,
    write_sound,
)
from neurodecode.datasets.simulate.listening_truth import Latents, write_story
from neurodecode.datasets.simulate.recording_files import check_electrodes
from neurodecode.faults import ConfigFault

Array = NDArray[np.floating[Any]]

_STREAM = 1  # of random numbers; participants have another


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
        see :func:`neurodecode.datasets.simulate.listening_recorded.recorded_chapters`.
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
        record_listener(folder, number, chapters, story, weights, settings)
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
    check_electrodes(settings.n_channels, settings.sfreq)
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
            lexical_latents(chapter.words, latents.shape[1], settings.sfreq, settings.random_state),
        )
        for chapter, latents in zip(chapters, acoustic, strict=True)
    }


def _weights(story: dict[str, Latents], settings: Settings) -> Weights:
    """Draw weights, scaled so that the typical person's sources have the wanted variances in uV."""
    weights = Weights.draw(np.random.default_rng([settings.random_state, _STREAM]))
    typical = Person.typical(len(SOURCES))
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
