"""Words and when they were heard, from the files that aligners write."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.stimuli.alignment_table import words_of_table
from neurodecode.stimuli.gentle import words_of_gentle
from neurodecode.stimuli.sentences import (
    SENTENCE_GAP,
    SILENCES,
    SpokenWord,
    assemble_sentences,
)
from neurodecode.stimuli.textgrid import Tier, read_textgrid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COLUMNS = ("word", "onset", "duration", "sentence", "sentence_index", "word_index")


def read_words(
    path: Path | str,
    *,
    tier: str | None = None,
    kind: str = "word",
    sentence_gap: float = SENTENCE_GAP,
) -> pd.DataFrame:
    """Read the words of one audio file with their times.

    Formats by suffix: ``.TextGrid`` (Praat, long or short), ``.csv`` and ``.tsv``, ``.json``
    (Gentle). A table needs the columns word (or text), onset (or start) and duration (or end, or
    stop), in any case and order. It may have sentence (its text), sentence_index (or sentence_id,
    sequence_id) and kind: then only the rows of the kind asked for are read, their text from a
    column of that name where there is one. Everything is read as a literal; nothing is evaluated.

    A sentence's text is its words joined by spaces. Where the file does not tell sentences, see
    :func:`~neurodecode.stimuli.sentences.assemble_sentences`. A TextGrid tells them if it has a
    tier "sentence" or "sentences", whose interval around the word's middle gives the text; Gentle
    by the punctuation of its transcript, and words it did not find in the audio are part of the
    sentence but have no row.

    Parameters
    ----------
    path : Path or str
    tier : str, default None
        Tier of a TextGrid, whatever its case; default "words" or "word", or the only tier.
    kind : str, default="word"
        Rows of a table with a column kind, such as "phoneme".
    sentence_gap : float, default=0.5
        Pause in seconds that ends a sentence where there is no punctuation.

    Returns
    -------
    DataFrame
        In order of time: word, onset and duration in seconds, sentence, sentence_index and
        word_index (within the sentence), both from 0.

    Raises
    ------
    DataFault
        With file and line, if it cannot be read, a column or tier is missing, a time is no finite
        number, a duration is negative, the order goes back in time, or there is no word.
    ConfigFault
        If the suffix is none of these.
    """
    path = Path(path)
    readers: dict[str, Callable[[], list[SpokenWord]]] = {
        ".textgrid": lambda: _from_textgrid(path, tier),
        ".csv": lambda: words_of_table(path, kind),
        ".tsv": lambda: words_of_table(path, kind),
        ".json": lambda: words_of_gentle(path),
    }
    if path.suffix.lower() not in readers:
        raise ConfigFault(unknown("kind of transcript", path.suffix, readers), where=str(path))
    rows = readers[path.suffix.lower()]()
    if not rows:
        raise DataFault("transcript without a word", where=str(path))
    _check_order(path, rows)
    return _table(rows, sentence_gap)


def _table(rows: Sequence[SpokenWord], gap: float) -> pd.DataFrame:
    """Number the sentences and the words in them."""
    table = pd.DataFrame(rows)
    marks = table[["sentence", "group"]].fillna("")
    if (marks == "").all(axis=None):
        parts = (table[column].tolist() for column in ("token", "onset", "duration"))
        numbers = pd.Series(assemble_sentences(*parts, gap=gap), index=table.index)
    else:
        numbers = (marks != marks.shift()).any(axis=1).cumsum() - 1
    joined = table.groupby(numbers)["word"].transform(" ".join)
    table = table.assign(
        sentence=marks["sentence"].where(marks["sentence"] != "", joined),
        sentence_index=numbers,
        word_index=table.groupby(numbers).cumcount(),
    )
    return table[list(COLUMNS)]


def _check_order(path: Path, rows: Sequence[SpokenWord]) -> None:
    previous = -math.inf
    for row in rows:
        where = f"{path}, line {row.line}" if row.line else str(path)
        if not math.isfinite(row.onset) or not math.isfinite(row.duration) or row.duration < 0:
            raise DataFault(
                f"'{row.word}' has onset {row.onset:g} s and duration {row.duration:g} s",
                where=where,
            )
        if row.onset < previous:
            raise DataFault(
                f"'{row.word}' at {row.onset:g} s comes after a word at {previous:g} s",
                where=where,
                fix="one file per audio file, in order of time",
            )
        previous = row.onset


def _from_textgrid(path: Path, tier: str | None) -> list[SpokenWord]:
    tiers = {entry.name.strip().lower(): entry for entry in read_textgrid(path)}
    words = _choose_tier(path, tiers, tier)
    spoken = tiers.get("sentences", tiers.get("sentence"))
    spoken = None if spoken is words else spoken
    rows = []
    for start, stop, text, line in words.intervals:
        label = text.strip()
        if label.lower() not in SILENCES:
            sentence, group = _label_at(spoken, (start + stop) / 2) if spoken else (None, None)
            rows.append(SpokenWord(label, start, stop - start, line, label, sentence, group))
    return rows


def _choose_tier(path: Path, tiers: dict[str, Tier], tier: str | None) -> Tier:
    if not tiers:
        raise DataFault("TextGrid without a tier", where=str(path))
    wanted = ("words", "word") if tier is None else (tier.strip().lower(),)
    for name in wanted:
        if name in tiers:
            return tiers[name]
    if tier is None and len(tiers) == 1:
        return next(iter(tiers.values()))
    names = [entry.name for entry in tiers.values()]
    raise DataFault(
        unknown("tier", tier or "words", names),
        where=str(path),
        fix=f"name one of the tiers: {', '.join(names)}",
    )


def _label_at(tier: Tier, time: float) -> tuple[str, str]:
    """Return text and number of the interval around a time."""
    for number, (start, stop, text, _) in enumerate(tier.intervals):
        if start <= time < stop:
            return text.strip(), str(number)
    return "", ""
