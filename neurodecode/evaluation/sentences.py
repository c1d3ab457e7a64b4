r"""The split of heard speech: blocks of whole sentences, drawn by a hash of their text.

A block is one or more consecutive sentences of one sound file, merged until longer than
``min_duration``. Its key is its sentences' texts joined by commas; a uniform draw seeded with the
key decides its part, so that a sentence is in the same part for everybody, on every machine.

Key rule, version 1: the text of a sentence as the words table has it, with single spaces;
sentences joined by ","; UTF-8. Published splits need the key bytes of their own tables.

References
----------
Défossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.evaluation.audit import PART_FOLDS, AuditRow, audit_parts
from neurodecode.evaluation.draws import draw_of_key
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY_RULE = 1
PARTS = ("train", "valid", "test")


def part_of_key(key: str, *, test: float = 0.2, valid: float = 0.1) -> str:
    """Return "test", "valid" or "train" for a block's key.

    Parameters
    ----------
    test, valid : float
        Expected shares: a draw below ``test`` is test, below ``test + valid`` validation.
    """
    draw = draw_of_key(key)
    return "test" if draw < test else "valid" if draw < test + valid else "train"


def story_table(recordings: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the words of every sound once, from the words tables of all recordings.

    Timing differs a little between recordings, and blocks merged by each one's own timing could
    put a sentence into two parts; so the recording with the most words of a sound stands for it
    (the first of several).

    Parameters
    ----------
    recordings : sequence of DataFrame
        With columns ``sound, sound_time, duration, word, sentence, sentence_index``.

    Returns
    -------
    DataFrame
        ``sound, word_index, sound_time, duration, word, sentence, sentence_index`` and further
        columns of the input but ``onset``, sorted by sound and time.
    """
    best: dict[str, pd.DataFrame] = {}
    for words in recordings:
        for sound, part in words.groupby("sound", sort=False):
            if str(sound) not in best or len(part) > len(best[str(sound)]):
                best[str(sound)] = part
    if not best:
        raise DataFault("no recording has a word", fix="check the events of the data set")
    tables = []
    for sound in sorted(best):
        table = best[sound].drop(columns="onset", errors="ignore")
        table = table.sort_values("sound_time", kind="stable")
        texts = table["sentence"].str.split().str.join(" ")  # spaces make no other sentence
        tables.append(table.assign(sentence=texts, word_index=np.arange(len(table))))
    return pd.concat(tables, ignore_index=True)


def add_blocks(
    story: pd.DataFrame,
    *,
    min_duration: float = 6.0,
    test: float = 0.2,
    valid: float = 0.1,
) -> pd.DataFrame:
    """Add the block of every word, its bounds, and its part.

    A sentence lasts from its first word to the first word of the next one, the last one of a sound
    for ever. Consecutive sentences are merged, from time 0 on, until longer than ``min_duration``.

    Parameters
    ----------
    story : DataFrame
        From :func:`story_table`.
    min_duration : float, default=6.0
        Seconds; 0 keeps every sentence by itself.

    Returns
    -------
    DataFrame
        ``story`` with ``block`` (number over all sounds), ``block_start``, ``block_stop`` (s in
        the sound), ``key`` and ``part``.
    """
    found = []
    for _, words in story.groupby("sound", sort=False):
        blocks = _merged(words, min_duration)
        blocks["part"] = [part_of_key(key, test=test, valid=valid) for key in blocks["key"]]
        found.append(words.merge(blocks, on="sentence_index", how="left"))
    joined = pd.concat(found, ignore_index=True)
    joined["block"] = joined.groupby(["sound", "block_start"], sort=False).ngroup()
    return joined


def _merged(words: pd.DataFrame, min_duration: float) -> pd.DataFrame:
    """Return one row per sentence of one sound: its block's bounds and key."""
    first = words.drop_duplicates("sentence_index")
    starts = first["sound_time"].to_numpy(float)
    stops = np.append(starts[1:], np.inf)
    rows: list[dict[str, Any]] = []
    members: list[int] = []
    for i, stop in enumerate(stops):
        members.append(i)
        if stop - starts[members[0]] > min_duration or i == len(stops) - 1:
            texts = first["sentence"].iloc[members]
            bounds = {"block_start": starts[members[0]], "block_stop": stop}
            key = ",".join(texts)
            rows += [
                {"sentence_index": first["sentence_index"].iloc[m], **bounds, "key": key}
                for m in members
            ]
            members = []
    return pd.DataFrame(rows)


def repeated_sentences(story: pd.DataFrame) -> pd.DataFrame:
    """Return the sentences whose text stands in more than one part.

    The same words may truly be said twice. Such sentences are kept in the test part, or else in
    the validation part, and must be left out of the others (see :func:`mark_repeats`).

    Returns
    -------
    DataFrame
        ``sentence, parts`` (joined by ", "), one row per text.
    """
    parts = story.groupby("sentence", sort=True)["part"].agg(lambda p: ", ".join(sorted(set(p))))
    several = parts[parts.str.contains(",")]
    return pd.DataFrame({"sentence": several.index, "parts": several.to_numpy()})


def mark_repeats(story: pd.DataFrame) -> pd.DataFrame:
    """Add ``usable``: False for words of a sentence whose text a later part claims.

    Test claims before validation, validation before training.
    """
    rank = story["part"].map({part: i for i, part in enumerate(PARTS)})
    claimed = rank.groupby(story["sentence"]).transform("max")
    return story.assign(usable=rank == claimed)


def audit_sentences(windows: pd.DataFrame, *, split: str = "sentence_hash") -> list[AuditRow]:
    """Count the sentence texts that windows of two parts touch.

    Parameters
    ----------
    windows : DataFrame
        ``part`` and ``sentences`` (a tuple or list of the texts each window touches).

    Returns
    -------
    list of AuditRow
        Training with validation against test, and training against validation; ``overlap`` must
        be 0.
    """
    exploded = windows[["part", "sentences"]].explode("sentences")
    texts = {part: set(rows["sentences"]) for part, rows in exploded.groupby("part")}
    counts = windows["part"].value_counts().to_dict()
    return [
        audit_parts(texts, counts, fold, split=split, unit="sentence text") for fold in PART_FOLDS
    ]
