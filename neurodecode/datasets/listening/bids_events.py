"""Words heard during a BIDS recording, from its ``events.tsv``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.bids_tables import nearest_column
from neurodecode.datasets.listening.recording import OPTIONAL, REQUIRED, sentence_places
from neurodecode.datasets.stimulus_files import relative_stimulus
from neurodecode.faults import DataFault
from neurodecode.stimuli.sentences import assemble_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WORD = "word"
"""The ``trial_type`` of words."""
_BESIDE = (
    "write words as events with trial_type 'word' and columns word, sentence and sound, or name "
    "their own (data.events)"
)


def words_of_events(
    events: pd.DataFrame, path: Path, trial_type: str | Sequence[str] = WORD
) -> pd.DataFrame:
    """Return the words table of one recording.

    Rows with such a ``trial_type`` are words; rows with "sound" mark the start of playback of
    the file in their ``sound`` column. Where ``sound_time`` is not given it is the word's onset
    minus the latest such start of its sound at or before the word. Without a column
    ``sentence_index``, sentences are counted by :func:`~.recording.sentence_places`; without a
    column ``sentence`` they are put together from the words of each sound by
    :func:`~neurodecode.stimuli.sentences.assemble_sentences`.

    Parameters
    ----------
    events : DataFrame
        As :func:`~neurodecode.datasets.bids_tables.read_events` returns it.
    path : Path
        Where it was read, for messages.
    trial_type : str or sequence of str, default "word"
        Of words.

    Raises
    ------
    DataFault
        No row is a word (with the trial types found), or a needed column or start is missing.
    """
    wanted = (trial_type,) if isinstance(trial_type, str) else tuple(trial_type)
    words = _word_rows(events, path, wanted)
    for column, meaning in (("word", "the word"), ("sound", "the audio file of each word")):
        if column not in words:
            hint = f"it names {meaning}; {nearest_column(column, words)}"
            raise DataFault(f"no column '{column}' in the events", where=str(path), fix=hint)
        empty = words.index[words[column].isna()]
        if len(empty):
            what = f"line {empty[0] + 2}: a word event without its {column}"
            raise DataFault(what, where=str(path), fix="give it, or remove the row")
    words["sound"] = words["sound"].map(relative_stimulus, na_action="ignore")
    words["duration"] = words.get("duration", pd.Series(0.0, words.index)).fillna(0.0)
    words["sound_time"] = _sound_times(words, events, path)
    if "sentence" not in words:
        words["sentence"] = _assembled(words)
    if "sentence_index" in words and words["sentence_index"].notna().all():
        words["sentence_index"] = words["sentence_index"].astype(int)
    else:
        words["sentence_index"] = sentence_places(words)
    kept = [*REQUIRED, *(name for name in OPTIONAL if name in words)]
    return words[kept].sort_values("onset", kind="stable").reset_index(drop=True)


def _word_rows(events: pd.DataFrame, path: Path, wanted: tuple[str, ...]) -> pd.DataFrame:
    if "trial_type" not in events:
        raise DataFault("no column 'trial_type'", where=str(path), fix=_BESIDE)
    words = events[events["trial_type"].isin(wanted)].copy()
    if words.empty:
        counts = events["trial_type"].value_counts()
        found = ", ".join(f"{name} ({count})" for name, count in counts.head(20).items())
        what = f"no event with trial_type '{', '.join(wanted)}', found: {found or 'none'}"
        raise DataFault(what, where=str(path), fix=_BESIDE)
    return words


def _sound_times(words: pd.DataFrame, events: pd.DataFrame, path: Path) -> pd.Series[float]:
    times = words.get("sound_time", pd.Series(np.nan, words.index)).astype(float)
    starts = events[events["trial_type"] == "sound"].dropna(subset=["onset"])
    if "sound" in starts:
        names = starts["sound"].map(relative_stimulus, na_action="ignore")
        by_sound = {name: np.sort(group) for name, group in starts["onset"].groupby(names)}
        for row in words.index[times.isna()]:
            begun = by_sound.get(words["sound"][row], np.empty(0))
            begun = begun[begun <= words["onset"][row]]
            if begun.size:
                times[row] = words["onset"][row] - begun[-1]
    if times.isna().any():
        first = words.loc[times.isna()].iloc[0]
        raise DataFault(
            f"no start of sound '{first['sound']}' at or before the word '{first['word']}' at "
            f"{first['onset']:.3f} s",
            where=str(path),
            fix="add a row with trial_type 'sound', or a column sound_time",
        )
    return times


def _assembled(words: pd.DataFrame) -> pd.Series[str]:
    """Return the sentence of each word where nobody wrote it down, sound by sound."""
    ordered = words.sort_values(["sound", "sound_time"], kind="stable")
    sentences = []
    for _, group in ordered.groupby("sound", sort=False):
        times = (group["sound_time"].tolist(), group["duration"].tolist())
        numbers = assemble_sentences(group["word"].tolist(), *times)
        sentences.append(group["word"].groupby(np.array(numbers)).transform(" ".join))
    return pd.concat(sentences).reindex(words.index)
