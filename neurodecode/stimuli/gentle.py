"""Words and their times from the alignments of Gentle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from neurodecode.faults import DataFault
from neurodecode.stimuli.sentences import SpokenWord, assemble_sentences, ends_sentence
from neurodecode.stimuli.textgrid import read_text

if TYPE_CHECKING:
    from pathlib import Path


def words_of_gentle(path: Path) -> list[SpokenWord]:
    """Read the words found in the audio; the others are part of their sentence only.

    Raises
    ------
    DataFault
        If it is not JSON (with the line), or not an alignment of Gentle.
    """
    try:
        content = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}"
        raise DataFault(f"not a whole JSON file: {error.msg}", where=where) from error
    except RecursionError as error:
        raise DataFault("JSON nested too deeply", where=str(path)) from error
    try:
        return _aligned(list(content["words"]), str(content.get("transcript", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataFault(
            f"not a Gentle alignment: {type(error).__name__} {error}",
            where=str(path),
            fix="it needs 'words', each with 'word', 'start' and 'end'",
        ) from error


def _aligned(words: list[dict[str, Any]], transcript: str) -> list[SpokenWord]:
    tokens = [_token(transcript, words, number) for number in range(len(words))]
    rows = []
    for word, token, (sentence, group) in zip(
        words, tokens, _sentences(words, tokens), strict=True
    ):
        if word.get("case", "success") == "success":
            onset, stop = float(word["start"]), float(word["end"])
            text = str(word["word"])
            rows.append(SpokenWord(text, onset, stop - onset, 0, token, sentence, group))
    return rows


def _token(transcript: str, words: list[dict[str, Any]], number: int) -> str:
    """Return the word with the punctuation that follows it in the transcript."""
    word = words[number]
    if "endOffset" not in word:
        return str(word["word"])
    following = words[number + 1].get("startOffset") if number + 1 < len(words) else None
    after = transcript[int(word["endOffset"]) : following]
    attached = "" if after[:1].isspace() else "".join(after.split()[:1])
    return str(word["word"]) + attached


def _sentences(
    words: list[dict[str, Any]], tokens: list[str]
) -> list[tuple[str, str] | tuple[None, None]]:
    """Return text and number of each word's sentence, None without any punctuation."""
    if not any(ends_sentence(token) for token in tokens):
        return [(None, None)] * len(tokens)
    numbers = assemble_sentences(tokens, [0.0] * len(tokens), [0.0] * len(tokens))
    texts: dict[int, list[str]] = {}
    for number, word in zip(numbers, words, strict=True):
        texts.setdefault(number, []).append(str(word["word"]))
    return [(" ".join(texts[number]), str(number)) for number in numbers]
