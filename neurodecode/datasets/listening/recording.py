"""One recording of somebody who listened to speech, with a row per word that was heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodecode.datasets.recording import Recording, TableCheck
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

NUMBERS = ("onset", "duration", "sentence_index", "sound_time")
TEXTS = ("word", "sentence", "sound")
REQUIRED = ("onset", "duration", "word", "sentence", "sentence_index", "sound", "sound_time")
OPTIONAL = ("part_of_speech", "phonemes", "context")
CONTEXTS = ("sentence", "list")


@dataclass(frozen=True)
class Listening(Recording):
    """A recording, not loaded, and the words heard during it.

    The words table is checked by :func:`check_words` when the object is made.

    Attributes
    ----------
    subject, session, run : str
        Labels; together they name a recording of the data set.
    raw : mne.io.BaseRaw
        EEG or MEG channels only, signals still on disk where the format allows it.
    words : DataFrame
        One row per spoken word, sorted by ``onset``:

        ================== ===== =========================================================
        ``onset``          float s after the first sample of the recording
        ``duration``       float s
        ``word``           str   as spelled by the transcript
        ``sentence``       str   text of the whole sentence
        ``sentence_index`` int   place of the sentence in its sound, from 0
        ``sound``          str   audio file, relative to ``audio``
        ``sound_time``     float onset within the audio file, s
        ================== ===== =========================================================

        and, where known, ``part_of_speech``, ``phonemes`` (separated by spaces) and ``context``
        ("sentence" or "list").
    audio : Path
        Folder of the sound files.
    story : tuple of str
        Sound files in the order of the story, as ``words.sound`` spells them.
    notes : tuple of str, default ()
        What the loader found remarkable, one line each; they belong in the report.
    """

    words: pd.DataFrame
    audio: Path
    story: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_words(self.words, where=self.label, stop=self.seconds)
        strange = sorted(set(self.words["sound"]) - set(self.story))
        if strange:
            raise DataFault(f"sounds outside the story: {', '.join(strange)}", where=self.label)


def check_words(words: pd.DataFrame, *, where: str, stop: float) -> None:
    """Check a words table against the form that :class:`Listening` states.

    Parameters
    ----------
    words : DataFrame
        One row per word.
    where : str
        File that the table belongs to, for messages.
    stop : float
        End of the recording in s; no word may begin later.

    Raises
    ------
    DataFault
        A column is missing (with the nearest one), a value is not finite, negative or empty, the
        onsets are not sorted, or a word lies outside the recording; rows count from 0.
    """
    check = TableCheck(words, "words", "word", where)
    check.columns(REQUIRED)
    if words.empty:
        raise DataFault("no word was heard in this recording", where=where)
    for column in NUMBERS:
        check.numbers(column)
    for column in TEXTS:
        check.texts(column)
    if "context" in words:
        check.choices("context", CONTEXTS)
    check.onsets(stop)


def sentence_places(words: pd.DataFrame) -> pd.Series[int]:
    """Return the place of each word's sentence in its sound, from 0.

    Within a sound, in the order of ``sound_time``, a new sentence begins where the text of
    ``sentence`` changes; the same sentence twice in a row counts as one.

    Parameters
    ----------
    words : DataFrame
        Columns ``sound``, ``sound_time`` and ``sentence``.
    """
    ordered = words.sort_values(["sound", "sound_time"], kind="stable")
    changed = ordered["sentence"].ne(ordered["sentence"].shift())
    began = ordered["sound"].ne(ordered["sound"].shift())
    place = (changed & ~began).groupby(ordered["sound"]).cumsum()
    return place.astype(int).reindex(words.index)


def sounds_in_order(words: pd.DataFrame) -> tuple[str, ...]:
    """Return the sounds of a words table in the order in which they were first heard."""
    return tuple(dict.fromkeys(words.sort_values("onset", kind="stable")["sound"]))
