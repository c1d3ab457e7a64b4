"""Words as files tell them, and their sentences where nobody wrote these down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

SILENCES = frozenset({"", "sp", "sil", "<sil>", "<eps>", "<p:>", "#"})
"""Labels of aligners, in lower case, that stand for no word."""
SENTENCE_GAP = 0.5
"""Seconds of silence that end a sentence where there is no punctuation."""
_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_ABBREVIATIONS = frozenset({"mr.", "mrs.", "ms.", "dr.", "st.", "prof.", "vs.", "e.g.", "i.e."})


class SpokenWord(NamedTuple):
    """A word as a file tells it.

    Attributes
    ----------
    word, token : str
        Without and with its punctuation, where the file knows both.
    onset, duration : float
        Seconds.
    line : int
        Line of the file, 0 where it has none.
    sentence : str or None
        Text of its sentence, None where not written.
    group : str or None
        Mark that changes with the sentence, None where not written.
    """

    word: str
    onset: float
    duration: float
    line: int
    token: str
    sentence: str | None = None
    group: str | None = None


def ends_sentence(token: str) -> bool:
    """Return whether a word with its punctuation closes a sentence.

    Examples
    --------
    >>> [ends_sentence(token) for token in ("river.", 'said?"', "Mr.", "king,")]
    [True, True, False, False]
    """
    return _END.search(token) is not None and token.lower() not in _ABBREVIATIONS


def assemble_sentences(
    tokens: Sequence[str],
    onsets: Sequence[float],
    durations: Sequence[float],
    *,
    gap: float = SENTENCE_GAP,
) -> list[int]:
    """Return the number of the sentence, from 0, of each word.

    Where any word ends in ``.``, ``!``, ``?`` or an ellipsis (abbreviations such as "Mr." aside),
    punctuation alone ends sentences; else a pause longer than ``gap`` does.

    Parameters
    ----------
    tokens : sequence of str
        Words with their punctuation, in the order of their onsets.
    onsets, durations : sequence of float
        Seconds.
    gap : float, default=0.5
        Seconds.
    """
    punctuated = any(ends_sentence(token) for token in tokens)
    numbers, number = [], 0
    for index, token in enumerate(tokens):
        numbers.append(number)
        if index + 1 == len(tokens):
            break
        if punctuated:
            number += ends_sentence(token)
        else:
            number += onsets[index + 1] - onsets[index] - durations[index] > gap
    return numbers
