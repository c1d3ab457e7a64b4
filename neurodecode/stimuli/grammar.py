"""Stories of distinct sentences from a small grammar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.faults import ConfigFault
from neurodecode.stimuli.lexicon import LEXICON, PARTS_OF_SPEECH

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each symbol is rewritten by one of its alternatives, drawn with the weight in front.
_GRAMMAR: Mapping[str, tuple[tuple[float, str], ...]] = {
    "sentence": ((0.7, "clause"), (0.3, "clause conjunction clause")),
    "clause": (
        (0.45, "subject transitive object"),
        (0.2, "subject transitive object place"),
        (0.2, "subject intransitive adverb"),
        (0.15, "subject intransitive place"),
        (0.15, "subject copula adjective"),
    ),
    "subject": ((0.35, "pronoun"), (0.65, "object")),
    "object": ((0.55, "determiner noun"), (0.45, "determiner adjective noun")),
    "place": ((1.0, "preposition object"),),
}
_TRIES = 50  # draws per wanted sentence before the grammar counts as exhausted


@dataclass(frozen=True)
class Story:
    """Sentences and their words.

    Attributes
    ----------
    sentences : tuple of str
        Each in lower case without punctuation, no two alike.
    words : DataFrame
        One row per word: sentence_index, sentence, word_index, word, pos, phonemes (joined by
        spaces).
    """

    sentences: tuple[str, ...]
    words: pd.DataFrame

    @property
    def text(self) -> str:
        """The story as it would be printed."""
        return " ".join(f"{sentence.capitalize()}." for sentence in self.sentences)


def story(n_sentences: int = 100, random_state: int | None = 0) -> Story:
    r"""Draw a story of distinct sentences of 3 to 23 words.

    A sentence is a clause or two with subject, verb and object or place. Within a role (noun,
    transitive verb, ...) the word of rank :math:`r` is drawn with probability proportional to
    :math:`1 / r` (Zipf's law), so that a few words are frequent and many are rare.

    Parameters
    ----------
    n_sentences : int, default=100
    random_state : int or None, default=0
        Seed; None draws a new story each time.

    Raises
    ------
    ConfigFault
        If fewer than 1 sentence is wanted, or more than the grammar yields.
    """
    if n_sentences < 1:
        raise ConfigFault(f"a story of {n_sentences} sentences", fix="ask for 1 or more")
    rng = np.random.default_rng(random_state)
    ranked = _ranked_words()
    sentences: dict[str, None] = {}
    for _ in range(_TRIES * n_sentences):
        sentences[" ".join(_rewrite("sentence", ranked, rng))] = None
        if len(sentences) == n_sentences:
            return Story(tuple(sentences), word_table([s.split() for s in sentences]))
    raise ConfigFault(
        f"the grammar gave {len(sentences)} distinct sentences of {n_sentences}", fix="ask for less"
    )


def word_table(sentences: list[list[str]]) -> pd.DataFrame:
    """Return one row per word of sentences whose words are in the lexicon."""
    rows = []
    for index, sentence in enumerate(sentences):
        text = " ".join(sentence)
        for position, word in enumerate(sentence):
            entry = LEXICON[word]
            rows.append((index, text, position, word, entry.pos, " ".join(entry.phonemes)))
    columns = ["sentence_index", "sentence", "word_index", "word", "pos", "phonemes"]
    return pd.DataFrame(rows, columns=columns)


def _ranked_words() -> dict[str, list[str]]:
    ranked: dict[str, list[str]] = {role: [] for role in PARTS_OF_SPEECH}
    for entry in LEXICON.values():
        ranked[entry.role].append(entry.word)
    return ranked


def _rewrite(symbol: str, ranked: Mapping[str, list[str]], rng: np.random.Generator) -> list[str]:
    if symbol in ranked:
        words = ranked[symbol]
        weights = 1 / np.arange(1, len(words) + 1)
        return [words[int(rng.choice(len(words), p=weights / weights.sum()))]]
    alternatives = _GRAMMAR[symbol]
    weights = np.array([weight for weight, _ in alternatives])
    chosen = alternatives[int(rng.choice(len(alternatives), p=weights / weights.sum()))][1]
    return [word for part in chosen.split() for word in _rewrite(part, ranked, rng)]
