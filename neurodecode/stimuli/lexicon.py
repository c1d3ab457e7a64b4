"""The words the synthesiser can say: their role in a sentence, part of speech and phonemes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Entry(NamedTuple):
    """A word of the lexicon: its role in the grammar, universal part of speech and phonemes."""

    word: str
    role: str
    pos: str
    phonemes: tuple[str, ...]


PARTS_OF_SPEECH: Mapping[str, str] = {
    "determiner": "DET",
    "pronoun": "PRON",
    "noun": "NOUN",
    "transitive": "VERB",
    "intransitive": "VERB",
    "copula": "AUX",
    "adjective": "ADJ",
    "adverb": "ADV",
    "preposition": "ADP",
    "conjunction": "CCONJ",
}
"""Universal part-of-speech tag of each role."""

# Within a role the more frequent words stand first: rank decides how often a story uses them.
_WORDS: Mapping[str, str] = {
    "determiner": """
        the: DH AX / her: HH ER / my: M AY / that: DH AE T / this: DH IH S / one: W AH N
        some: S AH M / every: EH V R IY""",
    "pronoun": """
        he: HH IY / she: SH IY / they: DH EY / we: W IY / someone: S AH M W AH N""",
    "noun": """
        house: HH AW S / water: W AO T ER / child: CH AY L D / night: N AY T / mother: M AH DH ER
        city: S IH T IY / father: F AA DH ER / book: B UH K / door: D AO R / friend: F R EH N D
        road: R OW D / story: S T AO R IY / king: K IH NG / morning: M AO R N IH NG
        letter: L EH T ER / teacher: T IY CH ER / doctor: D AA K T ER / river: R IH V ER
        dog: D AO G / sister: S IH S T ER / voice: V OY S / fire: F AY ER / tree: T R IY
        window: W IH N D OW / music: M Y UW Z IH K / table: T EY B AX L / horse: HH AO R S
        garden: G AA R D AX N / brother: B R AH DH ER / picture: P IH K CH ER / sun: S AH N
        stone: S T OW N / song: S AO NG / ship: SH IH P / island: AY L AX N D / cat: K AE T
        village: V IH L IH JH / winter: W IH N T ER / summer: S AH M ER / bird: B ER D
        mountain: M AW N T AX N / forest: F AO R IH S T / queen: K W IY N / kitchen: K IH CH AX N
        ocean: OW SH AX N / moon: M UW N / bread: B R EH D / bridge: B R IH JH / box: B AA K S
        flower: F L AW ER / machine: M AX SH IY N / apple: AE P AX L / soldier: S OW L JH ER
        treasure: T R EH ZH ER / thief: TH IY F""",
    "transitive": """
        saw: S AO / found: F AW N D / wanted: W AA N T AX D / kept: K EH P T / heard: HH ER D
        needed: N IY D AX D / brought: B R AO T / lost: L AO S T / loved: L AH V D
        followed: F AA L OW D / opened: OW P AX N D / carried: K AE R IY D / watched: W AA CH T
        bought: B AO T / built: B IH L T / remembered: R IH M EH M B ER D / broke: B R OW K
        drew: D R UW / sold: S OW L D / forgot: F ER G AA T / touched: T AH CH T
        visited: V IH Z IH T AX D / painted: P EY N T AX D / lifted: L IH F T AX D
        feared: F IH R D / chased: CH EY S T""",
    "intransitive": """
        walked: W AO K T / ran: R AE N / waited: W EY T AX D / spoke: S P OW K
        returned: R IH T ER N D / arrived: AX R AY V D / laughed: L AE F T / smiled: S M AY L D
        slept: S L EH P T / cried: K R AY D / sang: S AE NG / listened: L IH S AX N D
        danced: D AE N S T / vanished: V AE N IH SH T""",
    "copula": """
        was: W AA Z / seemed: S IY M D / became: B IH K EY M""",
    "adjective": """
        old: OW L D / small: S M AO L / young: Y AH NG / large: L AA R JH / dark: D AA R K
        green: G R IY N / happy: HH AE P IY / bright: B R AY T / quiet: K W AY AX T
        strange: S T R EY N JH / heavy: HH EH V IY / empty: EH M P T IY / broken: B R OW K AX N
        famous: F EY M AX S / angry: AE NG G R IY / tired: T AY ER D / secret: S IY K R AX T
        silver: S IH L V ER / yellow: Y EH L OW / golden: G OW L D AX N / gentle: JH EH N T AX L
        hungry: HH AH NG G R IY / clever: K L EH V ER / distant: D IH S T AX N T
        frozen: F R OW Z AX N""",
    "adverb": """
        again: AX G EH N / away: AX W EY / often: AO F AX N / together: T AX G EH DH ER
        slowly: S L OW L IY / quickly: K W IH K L IY / alone: AX L OW N / outside: AW T S AY D
        yesterday: Y EH S T ER D EY / softly: S AO F T L IY""",
    "preposition": """
        in: IH N / with: W IH DH / on: AO N / through: TH R UW / near: N IH R
        under: AH N D ER / behind: B IH HH AY N D / without: W IH DH AW T / beside: B IH S AY D""",
    "conjunction": """
        and: AE N D / but: B AH T / because: B IH K AO Z / while: W AY L""",
}


def _entries() -> dict[str, Entry]:
    entries = {}
    for role, text in _WORDS.items():
        for item in text.replace("\n", " / ").split("/"):
            word, colon, phonemes = item.partition(":")
            if colon:
                pos = PARTS_OF_SPEECH[role]
                entries[word.strip()] = Entry(word.strip(), role, pos, tuple(phonemes.split()))
    return entries


LEXICON: Mapping[str, Entry] = _entries()
"""Every word by its spelling, in order of role and rank."""
