"""Windows lie in one block of their recording, and know to the sample what is heard in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.contrastive.data import gather
from neurodecode.contrastive.speech.windows import (
    align_to_story,
    make_windows,
    normalise_word,
)
from neurodecode.evaluation.sentences import add_blocks, mark_repeats, story_table
from neurodecode.faults import DataFault
from neurodecode.signals.continuous import ContinuousSection

SETTINGS = ContinuousSection(sfreq=100.0)
SLACK = 0.005  # half a sample


def told(sentences, sound="a.wav"):
    """Return words from lists of times per sentence; words are called w0, w1, ..."""
    rows = []
    for index, times in enumerate(sentences):
        names = [f"w{i}" for i in range(len(times))]
        text = f"sentence {index} of {sound}"
        rows += [
            (sound, time, 0.1, name, text, index) for name, time in zip(names, times, strict=True)
        ]
    columns = ["sound", "sound_time", "duration", "word", "sentence", "sentence_index"]
    return pd.DataFrame(rows, columns=columns)


def story_of(tables, parts):
    """Return a story with a block per sentence; ``parts`` by block."""
    story = add_blocks(story_table([pd.concat(tables)]), min_duration=0)
    return mark_repeats(story.assign(part=[parts[block] for block in story["block"]]))


def heard(table, offset):
    return table.assign(onset=table["sound_time"] + offset)


def windows_of(words, story, *, seconds=100.0, settings=SETTINGS):
    aligned = align_to_story(words, story)
    return make_windows(aligned, story, round(seconds * settings.sfreq), settings)


def spread(n, start=0.0, step=1.0):
    return (start + step * np.arange(n)).tolist()


def test_training_and_validation_anchors_lie_on_a_half_second_grid_of_the_recording():
    table = told([spread(10, 1.0), spread(10, 11.0), [21.0]])
    story = story_of([table], ["train", "valid", "train"])
    found = windows_of(heard(table, 3.217), story)
    train = found[(found["part"] == "train") & (found["block"] == 0)]
    # Block of 4.217 s to 14.217 s: anchors of windows from 0.5 s before to 2.5 s after.
    assert train["anchor"].tolist() == np.arange(5.0, 11.51, 0.5).tolist()
    valid = found.loc[found["part"] == "valid", "anchor"]
    assert valid.tolist() == np.arange(15.0, 21.51, 0.5).tolist()
    assert (found.loc[found["part"] != "test", ["word", "segment"]] == "").all().all()
    assert (found.loc[found["part"] != "test", "word_index"] == -1).all()


def test_test_anchors_are_word_onsets():
    table = told([spread(10, 1.0), [11.0]])
    story = story_of([table], ["test", "train"])
    found = windows_of(heard(table, 3.2), story).query("part == 'test'")
    onsets = heard(table, 3.2)["onset"].to_numpy()
    # The first begins before the block, the last two of the sentence end after it.
    np.testing.assert_allclose(found["anchor"], onsets[1:8])
    assert found["word"].tolist() == [f"w{i}" for i in range(1, 8)]
    assert found["word_index"].tolist() == list(range(1, 8))


@pytest.mark.parametrize(
    ("early", "late", "kept"),
    [(0, 0, 1), (0.8 * SLACK, 0, 1), (1.2 * SLACK, 0, 0), (0, 0.8 * SLACK, 1), (0, 1.2 * SLACK, 0)],
)
def test_a_window_may_leave_its_block_by_half_a_sample_at_most(early, late, kept):
    # Block from 1 s to 4 s, which the window of a word at 1.5 s fills.
    table = told([[1.0, 1.5 - early + late], [4.0]])
    story = story_of([table], ["test", "train"])
    assert len(windows_of(heard(table, 2.0), story).query("word == 'w1'")) == kept


def test_windows_of_one_block_never_reach_into_the_next_of_the_same_part():
    table = told([spread(5, 1.0), spread(5, 6.0), [11.0]])
    story = story_of([table], ["train"] * 3)
    found = windows_of(heard(table, 0.0), story, seconds=20)
    assert {len(texts) for texts in found["sentences"]} == {1}
    begins, ends = found["anchor"] - 0.5, found["anchor"] + 2.5
    assert not ((begins < 6.0 - SLACK) & (ends > 6.0 + SLACK)).any()


def test_windows_lie_in_the_recording():
    table = told([spread(20, 0.1)])
    story = story_of([table], ["train"])
    found = windows_of(heard(table, 0.0), story, seconds=9.0)
    assert found["start"].min() >= 0
    assert (found["start"] + SETTINGS.n_samples).max() <= 900
    assert found["anchor"].max() == 6.0  # one sample more would be needed for 6.5 s


@pytest.mark.parametrize("offset", [0.0, 3.217, 7.0004])
@pytest.mark.parametrize("part", ["train", "test"])
def test_the_place_in_the_sound_is_that_of_the_first_sample(offset, part):
    table = told([spread(12, 1.0)])
    story = story_of([table], [part])
    found = windows_of(heard(table, offset), story)
    np.testing.assert_allclose(
        found["sound_start"], found["start"] / SETTINGS.sfreq - offset, atol=1e-9
    )
    np.testing.assert_allclose(
        found["sound_start"] + 0.5 + offset, found["anchor"], atol=SLACK + 1e-9
    )


def test_jitter_of_single_words_does_not_move_the_sound():
    table = told([spread(11, 1.0)])
    words = heard(table, 2.0)
    words.loc[3, "onset"] += 0.04
    found = windows_of(words, story_of([table], ["train"]))
    np.testing.assert_allclose(found["sound_start"], found["start"] / 100 - 2.0, atol=1e-9)


def test_a_segment_is_the_same_in_every_recording_also_where_words_are_missing():
    table = told([spread(10, 1.0), spread(8, 11.0)])
    story = story_of([table], ["test", "test"])
    whole = windows_of(heard(table, 0.5), story)
    partly = windows_of(heard(table, 4.0).drop(index=[0, 1, 5]), story)
    assert whole["segment"].is_unique
    by_word = whole.set_index("word_index")["segment"].to_dict()
    assert partly.set_index("word_index")["segment"].to_dict().items() <= by_word.items()
    assert by_word[3] == "3|sentence 0 of a.wav"
    assert by_word[11] == "1|sentence 1 of a.wav"


def test_sentences_that_a_window_touches_are_listed():
    table = told([spread(4, 1.0), spread(4, 5.0)])
    story = add_blocks(story_table([table]), min_duration=6)
    story = mark_repeats(story.assign(part="train"))
    found = windows_of(heard(table, 0.0), story, seconds=12)
    texts = dict(zip(found["anchor"], found["sentences"], strict=True))
    first, second = "sentence 0 of a.wav", "sentence 1 of a.wav"
    assert texts[2.0] == [first]
    assert texts[2.5] == [first]  # ends where the second begins
    assert texts[3.0] == [first, second]
    assert texts[6.0] == [second]


@pytest.mark.parametrize("missing", [[], [4], [4, 5, 6, 7]])
def test_no_window_touches_a_sentence_that_a_later_part_claims(missing):
    table = told([spread(4, 1.0), spread(4, 5.0), spread(4, 9.0)])
    story = add_blocks(story_table([table]), min_duration=60)
    story = mark_repeats(story.assign(part="train"))
    story.loc[story["sentence_index"] == 1, "usable"] = False
    # Also where the recording lacks words of that sentence, or all of them.
    found = windows_of(heard(table, 0.0).drop(index=missing), story, seconds=14)
    begins, ends = found["anchor"] - 0.5, found["anchor"] + 2.5
    assert len(found)
    assert not ((begins < 9.0) & (ends > 5.0)).any()


def test_the_last_block_ends_where_the_next_sound_begins():
    first, second = told([spread(6, 1.0)]), told([spread(6, 2.0)], "b.wav")
    story = story_of([first, second], ["train", "train"])
    words = pd.concat([heard(first, 0.0), heard(second, 10.0)], ignore_index=True)
    found = windows_of(words, story, seconds=18)
    ends = found.loc[found["sound"] == "a.wav", "anchor"] + 2.5
    assert ends.max() == 10.0  # and not at its first word, two seconds later
    assert (found.loc[found["sound"] == "b.wav", "anchor"] - 0.5).min() == 12.0


def test_a_sound_that_is_played_again_at_once_is_another_run():
    table = told([spread(6, 1.0)])
    words = pd.concat([heard(table, 0.0), heard(table, 20.0)], ignore_index=True)
    found = windows_of(words, story_of([table], ["train"]), seconds=30)
    again = found["start"] / 100 >= 20
    assert again.any()
    assert (~again).any()
    offsets = np.where(again, 20.0, 0.0)
    np.testing.assert_allclose(found["sound_start"], found["start"] / 100 - offsets, atol=1e-9)


def test_words_are_those_of_the_story_of_the_same_text_and_time():
    table = told([[1.0, 1.5, 2.0]])
    story = story_of([table], ["train"])
    words = heard(table, 5.0).assign(sound_time=[1.06, 1.5, 2.3])
    aligned = align_to_story(words, story, where="here")
    assert aligned["word_index"].tolist() == [0, 1]  # the third is too far away
    assert aligned["onset"].tolist() == [6.0, 6.5]
    assert aligned["story_time"].tolist() == [1.0, 1.5]
    with pytest.raises(DataFault, match=r"no word of the recording is in the story \[here\]"):
        align_to_story(words.assign(word="other"), story, where="here")


@pytest.mark.parametrize(
    ("spelled", "word"), [("Cat.", "cat"), ("...end", "end"), ("U.S.", "u.s"), ("it's", "it's")]
)
def test_words_are_spelled_in_lower_case_without_outer_dots(spelled, word):
    assert normalise_word(spelled) == word


def test_gathered_windows_are_those_of_the_recording():
    signals = np.arange(40, dtype=np.float32).reshape(2, 20)
    cut = gather(signals, np.array([0, 7, 15]), 5)
    assert cut.shape == (3, 2, 5)
    assert cut[1].tolist() == [[7, 8, 9, 10, 11], [27, 28, 29, 30, 31]]
