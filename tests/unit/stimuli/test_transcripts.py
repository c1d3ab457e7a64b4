"""Words keep their spelling, their times and their sentences, whichever program aligned them."""

from __future__ import annotations

import json

import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli import read_words, story, synthesise_speech
from neurodecode.stimuli.sentences import assemble_sentences
from neurodecode.stimuli.textgrid import Interval, Tier, write_textgrid


@pytest.fixture
def file(tmp_path):
    """Return a writer of a small file."""

    def write(name, text, encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return write


def rows(table):
    return list(table[["word", "onset", "duration", "sentence"]].itertuples(index=False, name=None))


def test_a_table_with_onset_and_duration_is_read_as_it_is(file):
    table = read_words(
        file("a.csv", "word,onset,duration,sentence\nnull,0.5,0.25,null is\nis,1,0.5,null is\n")
    )
    assert rows(table) == [("null", 0.5, 0.25, "null is"), ("is", 1.0, 0.5, "null is")]
    assert table["sentence_index"].tolist() == [0, 0]
    assert table["word_index"].tolist() == [0, 1]


def test_start_and_end_and_tabs_and_any_case_and_order_are_understood(file):
    table = read_words(file("a.tsv", "End\tWORD\tStart\n0.75\thello\t0.5\n2\tyou.\t1.5\n"))
    assert rows(table) == [("hello", 0.5, 0.25, "hello you."), ("you.", 1.5, 0.5, "hello you.")]


def test_only_the_kind_asked_for_is_read(file):
    text = (
        "kind,onset,duration,word,phoneme,sequence_id\nsound,0,9,,,\nword,0.5,0.3,hi,,1\n"
        "phoneme,0.5,0.1,hi,hh,1\nphoneme,0.6,0.2,hi,ay,1\nword,1.0,0.3,hi,,2\n"
    )
    words = read_words(file("a.csv", text))
    assert words["word"].tolist() == ["hi", "hi"]
    assert words["sentence_index"].tolist() == [0, 1]  # the same text, but another sequence
    assert words["sentence"].tolist() == ["hi", "hi"]
    phonemes = read_words(file("a.csv", text), kind="phoneme")
    assert phonemes["word"].tolist() == ["hh", "ay"]
    with pytest.raises(DataFault, match="no column kind or type"):
        read_words(file("b.csv", "word,onset,duration\nhi,1,1\n"), kind="phoneme")


def test_a_cell_is_never_evaluated(file, tmp_path):
    text = f"word,onset,duration\n\"open('{tmp_path}/ran', 'w')\",0,1\n"
    assert read_words(file("a.csv", text))["word"][0].startswith("open(")
    with pytest.raises(DataFault, match=r"onset is .__import__.*line 2"):
        read_words(file("b.csv", "word,onset,duration\nhi,__import__('os').getcwd(),1\n"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("word,onset\nhi,1\n", r"no column duration or length or end.*line 1"),
        ("words,onset,duration\nhi,1,1\n", r"no column word or text.*rename 'words'\?"),
        ("word,onset,duration\nhi,1,1\nyou,x,1\n", r"onset is 'x', not a number.*a.csv, line 3"),
        ("word,onset,duration\nhi,1,1\nyou,nan,1\n", r"'you' has onset nan s.*line 3"),
        ("word,onset,end\nhi,1,0.5\n", r"'hi' has onset 1 s and duration -0.5 s.*line 2"),
        ("word,onset,duration\nhi,1,1\nyou,0.5,1\n", r"'you' at 0.5 s comes after.*line 3"),
        ('word,onset,duration\n"hi,1,1\n', r"not a whole table"),
        ("word,onset,duration\n", r"without a word"),
        ("", r"no column word"),
    ],
)
def test_faults_of_a_table_name_file_and_line(file, text, message):
    with pytest.raises(DataFault, match=message):
        read_words(file("a.csv", text))


def test_a_textgrid_gives_words_without_silences(tmp_path):
    words = [(0.0, 0.5, ""), (0.5, 0.75, "the"), (0.75, 1.0, "king"), (1.0, 2.0, "sp")]
    words += [(2.0, 2.25, "slept"), (2.25, 3.0, "<eps>")]
    phones = Tier("phones", (Interval(0.5, 0.6, "DH"), Interval(0.6, 0.75, "AX")))
    tiers = [phones, Tier("Words", tuple(Interval(*entry) for entry in words))]
    write_textgrid(tmp_path / "a.TextGrid", tiers, short=True, encoding="utf-16")
    table = read_words(tmp_path / "a.TextGrid")
    assert rows(table) == [  # no punctuation: the pause of 1 s ends the sentence
        ("the", 0.5, 0.25, "the king"),
        ("king", 0.75, 0.25, "the king"),
        ("slept", 2.0, 0.25, "slept"),
    ]
    assert read_words(tmp_path / "a.TextGrid", tier="PHONES")["word"].tolist() == ["DH", "AX"]
    assert read_words(tmp_path / "a.TextGrid", sentence_gap=1.5)["sentence_index"].max() == 0
    with pytest.raises(DataFault, match="did you mean 'Words'"):
        read_words(tmp_path / "a.TextGrid", tier="wrods")


def test_a_sentence_tier_tells_the_sentences(tmp_path):
    words = Tier(
        "words", (Interval(0.0, 0.5, "go"), Interval(0.5, 1.0, "go"), Interval(1.1, 2, "on"))
    )
    sentences = Tier("sentences", (Interval(0.0, 0.5, "Go!"), Interval(0.5, 2.0, "Go on.")))
    write_textgrid(tmp_path / "a.TextGrid", [words, sentences])
    table = read_words(tmp_path / "a.TextGrid")
    assert table["sentence"].tolist() == ["Go!", "Go on.", "Go on."]
    assert table["sentence_index"].tolist() == [0, 1, 1]
    assert table["word_index"].tolist() == [0, 0, 1]


def gentle():
    transcript = "The king slept. He, uh, woke!"
    words, position = [], 0
    for number, word in enumerate(["The", "king", "slept", "He", "uh", "woke"]):
        start = transcript.index(word, position)
        position = start + len(word)
        entry = {"word": word, "startOffset": start, "endOffset": position, "case": "success"}
        words.append({**entry, "start": number * 0.5, "end": number * 0.5 + 0.25})
    words[4] = {key: words[4][key] for key in ("word", "startOffset", "endOffset")}
    words[4]["case"] = "not-found-in-audio"
    return {"transcript": transcript, "words": words}


def test_gentle_words_not_found_have_no_row_but_belong_to_the_sentence(file):
    table = read_words(file("a.json", json.dumps(gentle())))
    assert table["word"].tolist() == ["The", "king", "slept", "He", "woke"]
    assert table["sentence"].unique().tolist() == ["The king slept", "He uh woke"]
    assert table["onset"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.5]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"words": [', r"not a whole JSON file.*line 1"),
        ("[]", "not a Gentle alignment"),
        ('{"words": [{"word": "a", "case": "success"}]}', "KeyError 'start'"),
        ('{"words": [3]}', "not a Gentle alignment"),
        ("[" * 100_000, "nested too deeply|not a whole JSON"),
        ('{"words": [{"word": "a", "start": NaN, "end": 1}]}', "'a' has onset nan"),
    ],
)
def test_faults_of_json_are_one_line(file, text, message):
    with pytest.raises(DataFault, match=message):
        read_words(file("a.json", text))


def test_punctuation_ends_sentences_where_there_is_any_and_pauses_where_there_is_none():
    tokens = ["Mr.", "Fox", "ran.", "He", 'hid."', "Gone"]
    onsets = [0.0, 9.0, 18.0, 18.5, 19.0, 19.5]
    assert assemble_sentences(tokens, onsets, [0.4] * 6) == [0, 0, 0, 1, 1, 2]
    bare = [token.strip('."') for token in tokens]
    assert assemble_sentences(bare, onsets, [0.4] * 6) == [0, 1, 2, 2, 2, 2]
    assert assemble_sentences([], [], []) == []


def test_the_words_of_synthetic_speech_survive_a_table(tmp_path):
    *_, words = synthesise_speech(story(3, 0), random_state=0)
    words.to_csv(tmp_path / "words.csv", index=False)
    table = read_words(tmp_path / "words.csv")
    for column in ("word", "sentence", "sentence_index", "word_index"):
        assert table[column].tolist() == words[column].tolist()
    assert table["onset"].tolist() == pytest.approx(words["onset"].tolist())


def test_another_suffix_is_answered_with_those_read(tmp_path):
    with pytest.raises(ConfigFault, match=r"did you mean '\.textgrid'"):
        read_words(tmp_path / "a.textgrib")
    with pytest.raises(DataFault, match=r"transcript not found"):
        read_words(tmp_path / "a.csv")


@pytest.mark.realdata
def test_words_of_real_phrases_are_within_their_audio(realdata, tmp_path):
    table = (realdata / "speech_audio" / "transcripts.csv").read_text()
    lines = [line for line in table.splitlines() if line.startswith(("file", "beckett"))]
    text = "\n".join(lines).replace("start_s", "start").replace("duration_s", "duration")
    (tmp_path / "beckett.csv").write_text(text.replace("machine_text", "text"))
    phrases = read_words(tmp_path / "beckett.csv")
    assert phrases["word"].tolist()[:2] == ["Ever tried.", "Ever failed."]
    assert phrases["sentence_index"].tolist() == list(range(6))
    assert (phrases["onset"] + phrases["duration"]).max() < 10
