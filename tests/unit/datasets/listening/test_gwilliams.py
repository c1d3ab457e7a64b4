"""Gwilliams 2022: event dictionaries are read as literals, sentences and lists told apart.

KIT files cannot be written by MNE, so the recordings here are FIF; the events have the true text.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.listening import LISTENING
from neurodecode.datasets.listening.audio import check_audio
from neurodecode.faults import DataFault

read = LISTENING["Gwilliams2022"]
SEQUENCES = [("sentence", "Tara stood stock still"), ("word_list", "roof it's tiny")]


def event(onset, duration, kind, sound, **keys):
    meta = {"story": "lw1", "story_uid": 0.0, "kind": kind, "sound": sound, **keys}
    return {"onset": onset, "duration": duration, "trial_type": repr(meta), "value": 1}


def masc_events(begin=1.0, sounds=("stimuli/audio/LW1_0.0.wav", "stimuli/audio/LW1_1.0.wav")):
    """Return events as the published files have them, phonemes included."""
    rows = []
    for number, sound in enumerate(sounds):
        playback = begin + 4.0 * number
        rows.append(event(playback, 3.0, "sound", sound, start=0.0))
        start = 0.1
        for sequence, (condition, text) in enumerate(SEQUENCES):
            for place, word in enumerate(text.split()):
                keys = {"sequence_id": float(sequence), "condition": condition, "start": start}
                rows.append(event(playback + start, 0.3, "word", sound, word=word,
                                  word_index=float(place), **keys))  # fmt: skip
                for half in (0, 1):
                    keys["start"] = start + 0.15 * half
                    onset = round(playback + keys["start"], 3)
                    rows.append(event(onset, 0.15, "phoneme", sound, phoneme=f"{word[half]}_B",
                                      **keys))  # fmt: skip
                start = round(start + 0.3, 3)
    return pd.DataFrame(rows)


@pytest.fixture
def masc(tmp_path, stories):
    """Write subject 01, two sessions of story 0; return root and the events files."""
    root = tmp_path / "masc"
    for number in (0, 1):
        stories["sine"](root / "stimuli" / "audio" / f"lw1_{number}.wav", 3.0)
    names = ["MEG 001", "MEG 002", "MEG 003"]
    tables = [
        stories["bids"](root, "01", masc_events(1.0 + k), names=names, kind="meg", session=str(k),
                        task="0")
        for k in (0, 1)
    ]  # fmt: skip
    return root, tables


def test_words_times_sentences_and_contexts_are_those_of_the_events(masc):
    root, _ = masc
    first, second = read(root, "01")
    assert [(r.session, r.run) for r in (first, second)] == [("0", "0"), ("1", "0")]
    assert first.story == ("lw1_0.wav", "lw1_1.wav")
    words = first.words
    assert words["word"].tolist()[:7] == ["Tara", "stood", "stock", "still", "roof", "it's", "tiny"]
    assert words["sentence"].tolist()[:5] == ["Tara stood stock still"] * 4 + ["roof it's tiny"]
    assert words["sentence_index"].tolist() == ([0] * 4 + [1] * 3) * 2
    assert words["context"].tolist() == (["sentence"] * 4 + ["list"] * 3) * 2
    assert words["phonemes"].tolist()[:2] == ["T_B a_B", "s_B t_B"]
    np.testing.assert_allclose(words["sound_time"], np.tile(0.1 + 0.3 * np.arange(7), 2))
    np.testing.assert_allclose(words["onset"][7:] - words["sound_time"][7:], 5.0)
    np.testing.assert_allclose(second.words["onset"] - words["onset"], 1.0)
    assert second.words["sound_time"].equals(words["sound_time"])
    assert check_audio(first) == {"lw1_0.wav": 3.0, "lw1_1.wav": 3.0}
    assert first.notes == ()


def test_meg_channels_only(masc):
    raw = read(masc[0], "sub-01", session="1")[0].raw
    assert raw.get_channel_types() == ["mag"] * 3
    assert not raw.preload


def test_word_lists_can_be_left_out(masc):
    words = read(masc[0], "01", word_lists=False)[0].words
    assert set(words["context"]) == {"sentence"}
    assert words["sentence_index"].tolist() == [0] * 8


def test_a_clock_that_drifts_from_the_sound_is_noted(masc, stories):
    root, (table, _) = masc
    events = masc_events()
    events.loc[4:, "onset"] += 0.05
    stories["table"](table, events)
    assert read(root, "01", session="0")[0].notes == (
        "words are up to 50 ms from their place in the sound",
    )


@pytest.mark.parametrize(
    "text", ["__import__('os').system('true')", "{'kind': open('x')}", "[1]", "word", "{'kind'"]
)
def test_an_event_that_is_not_a_plain_dictionary_is_never_evaluated(masc, stories, text):
    root, (table, _) = masc
    events = masc_events()
    events.loc[2, "trial_type"] = text
    stories["table"](table, events)
    with pytest.raises(DataFault, match=r"line 4: the event is not a dictionary.*events\.tsv"):
        read(root, "01")


def test_missing_words_keys_and_sounds_are_named(masc, stories):
    root, (table, _) = masc
    stories["table"](table, masc_events().replace({"trial_type": {"'word'": "'wrd'"}}, regex=True))
    with pytest.raises(DataFault, match=r"no event of kind 'word', found: phoneme \(28\)"):
        read(root, "01")
    stories["table"](
        table, masc_events().replace({"trial_type": {"sequence_id": "id"}}, regex=True)
    )
    with pytest.raises(DataFault, match="a word event lacks 'sequence_id'"):
        read(root, "01")
    stories["table"](table, masc_events())
    (root / "stimuli" / "audio" / "lw1_1.wav").unlink()
    with pytest.raises(DataFault, match=r"sound files not found: lw1_1\.wav"):
        read(root, "01")
