"""Speech-like sound from text: a source-filter synthesiser that needs no recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault, unknown
from neurodecode.stimuli.grammar import Story, word_table
from neurodecode.stimuli.lexicon import LEXICON
from neurodecode.stimuli.prosody import Voice, find_voice, pitch_contour, time_phonemes
from neurodecode.stimuli.source_filter import HOP, SFREQ, phoneme_tracks, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LOUDNESS = 0.07
"""Root mean square of the sounding parts, relative to full scale: about -23 dB."""
PAUSE = (0.4, 0.8)
"""Range of the silence between two sentences in seconds."""
_PEAK = 0.95
_FLOOR = 1e-4  # background noise, so that no sample sequence is exactly silent
_LEAD = 0.25


def synthesise_speech(
    text: str | Sequence[str] | Story,
    voice: str | Voice = "man",
    random_state: int | None = 0,
) -> tuple[NDArray[np.float32], float, pd.DataFrame]:
    """Say a text made of the lexicon's words.

    A word has the same phonemes wherever it occurs; durations, pitch and the neighbours' formants
    vary. Pulses at the pitch and noise pass through formants that move between the phonemes'
    targets. Sentences are separated by pauses, and each is scaled to the same loudness.

    Parameters
    ----------
    text : str, sequence of str, or Story
        A text, or its words; a word that ends in ``.``, ``!`` or ``?`` closes a sentence. Case
        and other punctuation are ignored.
    voice : str or Voice, default="man"
        "man", "woman", "child", or a voice of your own.
    random_state : int or None, default=0
        Seed of all variation; None varies each time.

    Returns
    -------
    samples : ndarray of float32, shape (n_samples,)
        Between -0.95 and 0.95.
    sfreq : float
        16000 Hz.
    words : DataFrame
        One row per word: word, onset and duration in seconds, sentence, sentence_index,
        word_index, pos, phonemes.

    Raises
    ------
    DataFault
        If the text is empty or a word is not in the lexicon, with the nearest one.
    ConfigFault
        If the voice is unknown.

    References
    ----------
    Klatt 1980, J. Acoust. Soc. Am. 67, 971-995: source, cascade of formants, frication.
    """
    speaker = find_voice(voice)
    rng = np.random.default_rng(random_state)
    table = text.words if isinstance(text, Story) else word_table(split_sentences(text))
    pieces, spoken, position = [_silence(_LEAD)], [], len(_silence(_LEAD))
    for _, sentence in table.groupby("sentence_index", sort=True):
        timed = time_phonemes(sentence, speaker, rng)
        sound = _say(timed, sentence, speaker, rng)
        spoken.append(_with_times(sentence, timed, position / SFREQ))
        pause = _silence(rng.uniform(*PAUSE))
        pieces += [sound, pause]
        position += len(sound) + len(pause)
    samples = np.concatenate(pieces)
    samples += _FLOOR * rng.standard_normal(len(samples), dtype=np.float32)
    words = pd.concat(spoken, ignore_index=True)
    first = ["word", "onset", "duration", "sentence", "sentence_index", "word_index"]
    return samples, SFREQ, words[[*first, "pos", "phonemes"]]


def split_sentences(text: str | Sequence[str]) -> list[list[str]]:
    """Split a text, or its words, into sentences of lexicon words in lower case.

    Raises
    ------
    DataFault
        If there is no word, or one is not in the lexicon.
    """
    sentences: list[list[str]] = [[]]
    for token in text.split() if isinstance(text, str) else text:
        word = token.strip().strip(".,;:!?\"'()").lower()
        if word:
            if word not in LEXICON:
                fix = "use the words of neurodecode.stimuli.lexicon.LEXICON"
                raise DataFault(unknown("word", word, LEXICON), fix=fix)
            sentences[-1].append(word)
        if token.rstrip("\"')").endswith((".", "!", "?")):
            sentences.append([])
    spoken = [sentence for sentence in sentences if sentence]
    if not spoken:
        raise DataFault("a text without a word", fix="give one word or more")
    return spoken


def _say(
    timed: pd.DataFrame, sentence: pd.DataFrame, voice: Voice, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Render one sentence at the common loudness."""
    tracks = phoneme_tracks(timed, tract=voice.tract, breath=voice.breath)
    times = np.arange(len(tracks.voicing)) * HOP / SFREQ
    pitch = pitch_contour(timed, sentence, voice, times, rng)
    sound = render(tracks, pitch, rng)
    level = np.sqrt(np.mean(np.square(sound, dtype=np.float64)))
    gain = min(LOUDNESS / level, _PEAK / np.abs(sound).max())
    return (gain * sound).astype(np.float32)


def _with_times(sentence: pd.DataFrame, timed: pd.DataFrame, offset: float) -> pd.DataFrame:
    spans: Any = timed.groupby("row").agg(onset=("onset", "min"), duration=("duration", "sum"))
    onsets = spans["onset"].to_numpy() + offset
    return sentence.assign(onset=onsets, duration=spans["duration"].to_numpy())


def _silence(seconds: float) -> NDArray[np.float32]:
    return np.zeros(round(seconds * SFREQ), dtype=np.float32)
