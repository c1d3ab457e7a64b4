"""One recording of somebody who listened to speech, with a row per word that was heard."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    import mne

NUMBERS = ("onset", "duration", "sentence_index", "sound_time")
TEXTS = ("word", "sentence", "sound")
REQUIRED = ("onset", "duration", "word", "sentence", "sentence_index", "sound", "sound_time")
OPTIONAL = ("part_of_speech", "phonemes", "context")
CONTEXTS = ("sentence", "list")


@dataclass(frozen=True)
class Listening:
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

    subject: str
    session: str
    run: str
    raw: mne.io.BaseRaw
    words: pd.DataFrame
    audio: Path
    story: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_words(self.words, where=self.label, stop=self.seconds)
        strange = sorted(set(self.words["sound"]) - set(self.story))
        if strange:
            raise DataFault(f"sounds outside the story: {', '.join(strange)}", where=self.label)

    @property
    def label(self) -> str:
        """Name of the recording for messages: the file, or subject, session and run."""
        files = [str(file) for file in self.raw.filenames if file is not None]
        return files[0] if files else f"subject {self.subject}, {self.session}, {self.run}"

    @property
    def name(self) -> str:
        """Session and run as a folder name, unique within the subject."""
        parts = [part for part in (self.session, self.run) if part]
        return "_".join(re.sub(r"[^A-Za-z0-9-]+", "-", part) for part in parts) or "0"

    @property
    def seconds(self) -> float:
        """Length of the recording in s."""
        return float(self.raw.n_times / self.raw.info["sfreq"])


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
    _require_columns(words, where)
    if words.empty:
        raise DataFault("no word was heard in this recording", where=where)
    for column in NUMBERS:
        _check_numbers(words, column, where)
    for column in TEXTS:
        _refuse(words, column, ~words[column].map(_is_text), "is empty or not text", where)
    if "context" in words:
        wrong = ~words["context"].isin(CONTEXTS)
        _refuse(words, "context", wrong, f"is none of {', '.join(CONTEXTS)}", where)
    late = words["onset"] >= stop
    _refuse(words, "onset", late, f"lies after the end of the recording, {stop:.3f} s", where)
    _refuse(words, "onset", words["onset"].diff() < 0, "is earlier than the row before", where)


def words_inside(words: pd.DataFrame, raw: mne.io.BaseRaw) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the words that begin during a recording, by onset, and a note if some do not.

    For public data sets, whose recordings may stop early; in a user's own events a word outside
    the recording is a fault.
    """
    inside = words["onset"].between(0, raw.n_times / raw.info["sfreq"], inclusive="left")
    heard = words[inside].sort_values("onset", kind="stable").reset_index(drop=True)
    if inside.all():
        return heard, ()
    return heard, (f"{(~inside).sum()} words lie outside the recording, left out",)


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


def _require_columns(words: pd.DataFrame, where: str) -> None:
    for column in REQUIRED:
        if column not in words:
            present = [str(name) for name in words.columns]
            guess = nearest(column, set(present) - set(REQUIRED))
            hint = f"is '{guess}' meant?" if guess else f"it has {', '.join(present)}"
            raise DataFault(f"the words table has no column '{column}'", where=where, fix=hint)


def _check_numbers(words: pd.DataFrame, column: str, where: str) -> None:
    if not is_numeric_dtype(words[column]):
        raise DataFault(f"column '{column}' of the words table is not numeric", where=where)
    finite = np.isfinite(words[column].to_numpy(float))
    _refuse(words, column, pd.Series(~finite, words.index), "is not a finite number", where)
    _refuse(words, column, words[column] < 0, "is negative", where)


def _refuse(
    words: pd.DataFrame, column: str, wrong: pd.Series[bool], problem: str, where: str
) -> None:
    """Raise for the first row that is wrong, with its place, its word and how many there are."""
    places = np.flatnonzero(wrong.to_numpy(bool))
    if not places.size:
        return
    row = words.iloc[int(places[0])]
    more = f" (and {places.size - 1} more)" if places.size > 1 else ""
    raise DataFault(
        f"words table, row {places[0]} ('{row['word']}'): {column} {_shown(row[column])} "
        f"{problem}{more}",
        where=where,
        fix="mend or remove the row in the events",
    )


def _is_text(value: Hashable) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else repr(value)
