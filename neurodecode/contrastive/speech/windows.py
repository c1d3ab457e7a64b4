"""The windows of one recording of somebody listening: where they lie, what is heard in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.signals.continuous import ContinuousSection

STRIDE_S = 0.5
"""Distance of training and validation anchors, s (published)."""
SAME_WORD_S = 0.1
"""A recording's word is the story's word of the same text at most so far away in the sound."""
COLUMNS = ("part", "anchor", "start", "block", "sound", "sound_start", "sentences", "word_index",
           "word", "sentence", "segment")  # fmt: skip


def align_to_story(words: pd.DataFrame, story: pd.DataFrame, *, where: str = "") -> pd.DataFrame:
    """Give the words of a recording their place, block and part in the story.

    Parameters
    ----------
    words : DataFrame
        Of one recording: ``onset`` (s in the recording), ``sound``, ``sound_time``, ``word``.
    story : DataFrame
        From :func:`neurodecode.evaluation.sentences.add_blocks`.

    Returns
    -------
    DataFrame
        The story's rows that the recording has, with the recording's ``onset``, by onset;
        ``story_time`` (s in the sound) and ``place`` (of the word in its sentence, from 0).

    Raises
    ------
    DataFault
        If none of the words is found in the story.
    """
    left = words[["onset", "sound", "sound_time", "word"]].sort_values("sound_time")
    right = story.assign(
        story_time=story["sound_time"],
        place=story.groupby(["sound", "sentence_index"]).cumcount(),
    ).sort_values("sound_time")
    found = pd.merge_asof(
        left.astype({"sound_time": float}),
        right.astype({"sound_time": float}),
        on="sound_time",
        by=["sound", "word"],
        direction="nearest",
        tolerance=SAME_WORD_S,  # type: ignore[arg-type]
    ).dropna(subset=["word_index"])
    if found.empty:
        raise DataFault("no word of the recording is in the story", where=where)
    numbers = {"word_index": int, "block": int, "place": int}
    return found.astype(numbers).sort_values("onset", ignore_index=True)


def make_windows(
    words: pd.DataFrame, story: pd.DataFrame, n_samples: int, settings: ContinuousSection
) -> pd.DataFrame:
    """List the windows of a recording.

    Training and validation anchors lie on a regular grid, every 0.5 s from 0; test anchors are
    word onsets. A window is kept if it lies in one block (half a sample's tolerance) and in the
    recording, and touches no sentence that a later part claims.

    Parameters
    ----------
    words : DataFrame
        From :func:`align_to_story`.
    story : DataFrame
        From :func:`neurodecode.evaluation.sentences.mark_repeats`. It tells which sentences a
        window touches, also where the recording lacks words of them.
    n_samples : int
        Length of the recording at ``settings.sfreq``.

    Returns
    -------
    DataFrame
        ``part``; ``anchor`` (s in the recording); ``start`` (first sample); ``block``; ``sound``;
        ``sound_start`` (s in the sound of the first sample); ``sentences`` touched;
        and of the word at a test anchor ``word_index, word, sentence, segment``. A segment is
        identified by the text of its sentence and the place of the word in it.
    """
    rows: list[dict[str, Any]] = []
    sentences = story.drop_duplicates(["sound", "sentence_index"]).groupby("block")
    for block, stop in _blocks_with_end(words, n_samples / settings.sfreq):
        offset = float(np.median(block["onset"] - block["story_time"]))
        start = float(block["block_start"].iloc[0]) + offset
        bounds = (start, min(stop, float(block["block_stop"].iloc[0]) + offset))
        spans = _sentence_spans(sentences.get_group(block["block"].iloc[0]), offset)
        for word, anchor in _anchors(block, bounds):
            row = _window(block, word, anchor, bounds, spans, settings)
            last = row["start"] + settings.n_samples if row else 0
            if row and row["start"] >= 0 and last <= n_samples:
                rows.append({**row, "sound_start": row["start"] / settings.sfreq - offset})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _blocks_with_end(words: pd.DataFrame, duration: float) -> Iterator[tuple[pd.DataFrame, float]]:
    """Yield each block's words, and where the next sound begins in the recording.

    The same sound may be played again at once: its time then goes back.
    """
    other = words["sound"] != words["sound"].shift()
    runs = (other | (words["story_time"] < words["story_time"].shift())).cumsum()
    first, last = words.groupby(runs).first(), words.groupby(runs).last()
    begins = (first["onset"] - first["story_time"]).to_numpy(float)[1:]
    ends = np.append(np.maximum(begins, last["onset"].to_numpy(float)[:-1]), duration)
    for (_, part), end in zip(words.groupby(runs), ends, strict=True):
        for _, block in part.groupby("block", sort=False):
            yield block, float(end)


def _sentence_spans(sentences: pd.DataFrame, offset: float) -> list[tuple[float, str, bool]]:
    """Return start in the recording, text, and usability of each sentence of a block."""
    starts = sentences["sound_time"].to_numpy(float) + offset
    usable = sentences["usable"].astype(bool)
    return list(zip(starts, sentences["sentence"].astype(str), usable, strict=True))


def _anchors(block: pd.DataFrame, bounds: tuple[float, float]) -> Iterator[tuple[Any, float]]:
    if block["part"].iloc[0] == "test":
        yield from (
            (word, float(onset))
            for word, onset in zip(block.itertuples(), block["onset"], strict=True)
        )
        return
    first = int(np.ceil(max(0.0, bounds[0]) / STRIDE_S))
    for k in range(first, int(bounds[1] / STRIDE_S) + 1):
        yield None, k * STRIDE_S


def _window(
    block: pd.DataFrame,
    word: Any,
    anchor: float,
    bounds: tuple[float, float],
    spans: list[tuple[float, str, bool]],
    settings: ContinuousSection,
) -> dict[str, Any] | None:
    begin, end = anchor + settings.tmin, anchor + settings.tmax
    slack = 0.5 / settings.sfreq
    if begin < bounds[0] - slack or end > bounds[1] + slack:
        return None
    stops = [*(start for start, _, _ in spans[1:]), np.inf]
    touched = [s for s, stop in zip(spans, stops, strict=True) if s[0] < end and stop > begin]
    if not all(usable for _, _, usable in touched):
        return None
    return {
        "part": block["part"].iloc[0],
        "anchor": anchor,
        "start": round(begin * settings.sfreq),
        "block": int(block["block"].iloc[0]),
        "sound": block["sound"].iloc[0],
        "sentences": [text for _, text, _ in touched],
        **_identity(word),
    }


def _identity(word: Any) -> dict[str, Any]:
    if word is None:
        return {"word_index": -1, "word": "", "sentence": "", "segment": ""}
    return {
        "word_index": int(word.word_index),
        "word": normalise_word(str(word.word)),
        "sentence": str(word.sentence),
        "segment": segment_name(word.place, word.sentence),
    }


def segment_name(place: int, sentence: str) -> str:
    """Return the identity of a segment: the place of its first word in the sentence, the text."""
    return f"{place}|{sentence}"


def segments_of_words(words: pd.DataFrame) -> pd.Series[str]:
    """Return the segment that begins at each word of a recording.

    Parameters
    ----------
    words : DataFrame
        ``sound, sound_time, sentence, sentence_index``, see
        :class:`~neurodecode.datasets.listening.recording.Listening`.
    """
    ordered = words.sort_values("sound_time", kind="stable")
    places = ordered.groupby(["sound", "sentence_index"]).cumcount().reindex(words.index)
    texts = words["sentence"].str.split().str.join(" ")
    found = map(segment_name, places.tolist(), texts.tolist())
    return pd.Series(list(found), index=words.index)


def normalise_word(word: str) -> str:
    """Lower case, without dots at either end: the vocabulary's spelling."""
    return word.lower().strip(".")
