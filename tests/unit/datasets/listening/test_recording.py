"""The words table of a listening recording is whole, or one line says where it is not."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.listening import LISTENING, listening_loader
from neurodecode.datasets.listening.recording import Listening, check_words, sentence_places
from neurodecode.faults import ConfigFault, DataFault


@pytest.fixture
def words():
    return pd.DataFrame(
        {
            "onset": [0.5, 1.0, 1.5],
            "duration": [0.3, 0.3, 0.3],
            "word": ["so", "it", "goes"],
            "sentence": ["so it goes"] * 3,
            "sentence_index": [0, 0, 0],
            "sound": ["a.wav"] * 3,
            "sound_time": [0.1, 0.6, 1.1],
        }
    )


def test_a_whole_table_passes(words):
    check_words(words, where="here", stop=2.0)


def test_a_missing_column_is_named_with_the_nearest_one(words):
    with pytest.raises(DataFault, match=r"no column 'sentence'.*here.*'sentense' meant"):
        check_words(words.rename(columns={"sentence": "sentense"}), where="here", stop=2.0)
    with pytest.raises(DataFault, match=r"no column 'sound_time'.*it has onset"):
        check_words(words.drop(columns="sound_time"), where="here", stop=2.0)


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("onset", 1, np.nan, r"row 1 \('it'\): onset nan is not a finite number"),
        ("sound_time", 2, np.inf, r"row 2 \('goes'\): sound_time inf is not a finite"),
        ("duration", 0, -0.1, r"row 0 \('so'\): duration -0.100 is negative"),
        ("onset", 2, 2.5, r"onset 2.500 lies after the end of the recording, 2.000 s"),
        ("onset", 1, 0.2, r"row 1 \('it'\): onset 0.200 is earlier than the row before"),
        ("sentence", 1, " ", r"row 1 \('it'\): sentence ' ' is empty or not text"),
    ],
)
def test_a_wrong_value_is_named_with_file_row_and_word(words, column, row, value, message):
    words.loc[row, column] = value
    with pytest.raises(DataFault, match=rf"{message}.*\[here\]"):
        check_words(words, where="here", stop=2.0)


def test_an_unknown_context_is_refused(words):
    with pytest.raises(DataFault, match="context 'lists' is none of sentence, list"):
        check_words(words.assign(context=["list", "lists", "list"]), where="here", stop=2.0)


def test_an_empty_table_is_refused(words):
    with pytest.raises(DataFault, match="no word was heard"):
        check_words(words[:0], where="here", stop=2.0)


def test_sentences_are_counted_within_each_sound_in_its_own_time():
    words = pd.DataFrame(
        {
            "sound": ["b", "b", "a", "a", "a", "a"],
            "sound_time": [2.0, 1.0, 0.0, 1.0, 2.0, 3.0],
            "sentence": ["late", "early", "x", "x", "y", "x"],
        }
    )
    assert sentence_places(words).tolist() == [1, 0, 0, 0, 1, 2]


def test_a_recording_checks_its_words_and_story(words, tmp_path):
    raw = mne.io.RawArray(np.zeros((1, 200)), mne.create_info(1, 100.0, "eeg"), verbose="ERROR")
    made = Listening("1", "0", "a", raw, words, tmp_path, ("a.wav",))
    assert (made.seconds, made.notes) == (2.0, ())
    with pytest.raises(DataFault, match=r"sounds outside the story: a\.wav"):
        Listening("1", "0", "a", raw, words, tmp_path, ("b.wav",))
    with pytest.raises(DataFault, match=r"after the end of the recording.*subject 1, 0, a"):
        Listening("1", "0", "a", raw, words.assign(onset=[0, 1, 2.0]), tmp_path, ("a.wav",))


def test_an_unknown_data_set_or_option_gets_the_nearest_name(tmp_path):
    with pytest.raises(ConfigFault, match="did you mean 'local'"):
        listening_loader("locl")
    with pytest.raises(ConfigFault, match="did you mean 'montage'"):
        LISTENING["local"](tmp_path, "01", montag="standard_1020")
