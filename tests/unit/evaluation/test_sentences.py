"""A sentence is in the same part for everybody, and in one part only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation import assert_no_leak
from neurodecode.evaluation.draws import draw_of_key
from neurodecode.evaluation.sentences import (
    add_blocks,
    audit_sentences,
    mark_repeats,
    part_of_key,
    repeated_sentences,
    story_table,
)
from neurodecode.faults import DataFault, LeakFault

# First draws of Python's Mersenne Twister seeded with SHA-256 + 12, as the released code has them.
REFERENCE_DRAWS = {
    "hello world": 0.196072,
    "the cat sat on the mat": 0.421853,
    "Alice": 0.185586,
    "1": 0.514929,
    "42": 0.099999,
}


def words_of(sentences, *, sound="a.wav", seconds=1.0, start=0.5, jitter=0.0, seed=0):
    """Return a words table: words every half a second, each sentence of ``seconds`` or more."""
    rng = np.random.default_rng(seed)
    rows, time = [], start
    for number, text in enumerate(sentences):
        words = text.split()
        step = seconds / len(words)
        for word in words:
            at = time + rng.uniform(0, jitter) if jitter else time
            rows.append((at + 3.0, at, 0.2, word, text, number, sound))
            time += step
    columns = ["onset", "sound_time", "duration", "word", "sentence", "sentence_index", "sound"]
    return pd.DataFrame(rows, columns=columns)


def sentences_in(part, n, *, seed=0):
    """Return sentences of two words whose own text is drawn into a part."""
    found = (f"word{seed} {i}" for i in range(10_000))
    return [text for text in found if part_of_key(text) == part][:n]


@pytest.mark.parametrize(("key", "draw"), REFERENCE_DRAWS.items())
def test_draws_are_those_of_the_released_code(key, draw):
    assert draw_of_key(key) == pytest.approx(draw, abs=5e-7)


def test_parts_have_the_expected_shares_and_their_bounds_are_the_draws():
    parts = pd.Series([part_of_key(f"sentence {i}") for i in range(4000)])
    shares = parts.value_counts(normalize=True)
    # 4 standard deviations of a share of 4,000 draws are below 0.026
    assert shares["test"] == pytest.approx(0.2, abs=0.026)
    assert shares["valid"] == pytest.approx(0.1, abs=0.02)
    assert part_of_key("hello world", test=0.196) == "valid"
    assert part_of_key("hello world", test=0.197) == "test"
    assert part_of_key("hello world", test=0.1, valid=0.05) == "train"


def test_the_recording_with_most_words_stands_for_a_sound():
    whole, cut = words_of(["one two", "three four"]), words_of(["one two"])
    other = words_of(["five six"], sound="b.wav")
    story = story_table([pd.concat([cut, other]), whole])
    assert story["word"].tolist() == ["one", "two", "three", "four", "five", "six"]
    assert story["word_index"].tolist() == [0, 1, 2, 3, 0, 1]
    assert "onset" not in story


def test_spaces_do_not_make_another_sentence():
    story = story_table([words_of(["the  cat sat ", "the cat sat"])])
    assert set(story["sentence"]) == {"the cat sat"}


def test_a_story_without_words_is_a_fault():
    with pytest.raises(DataFault, match="no recording has a word"):
        story_table([])


def test_sentences_are_merged_until_longer_than_six_seconds():
    story = add_blocks(story_table([words_of([f"s{i} x" for i in range(7)], seconds=2.5)]))
    blocks = story.drop_duplicates("sentence_index")
    assert blocks["block"].tolist() == [0, 0, 0, 1, 1, 1, 2]
    assert blocks["key"].iloc[0] == "s0 x,s1 x,s2 x"
    assert blocks["block_start"].tolist() == [0.5] * 3 + [8.0] * 3 + [15.5]
    assert blocks["block_stop"].tolist() == [8.0] * 3 + [15.5] * 3 + [np.inf]
    assert [part_of_key(key) for key in blocks["key"]] == blocks["part"].tolist()


def test_exactly_six_seconds_are_not_longer():
    story = add_blocks(story_table([words_of(["a b"] * 4, seconds=3.0)]))
    assert story.drop_duplicates("sentence_index")["block"].tolist() == [0, 0, 0, 1]


def test_without_a_shortest_duration_every_sentence_is_a_block():
    story = add_blocks(story_table([words_of(["a b", "c d", "e f"])]), min_duration=0)
    assert story.groupby("block")["key"].first().tolist() == ["a b", "c d", "e f"]


def test_blocks_do_not_span_sounds():
    sounds = [words_of(["a b", "c d"], sound=name) for name in ("x.wav", "y.wav")]
    story = add_blocks(story_table([pd.concat(sounds)]))
    assert story.groupby("block")["sound"].nunique().eq(1).all()
    assert story["block"].nunique() == 2


def test_jitter_of_a_participant_moves_no_sentence_to_another_part():
    texts = [f"sentence number {i}" for i in range(40)]
    exact = words_of(texts, seconds=2.99)  # close to six seconds for two
    story = add_blocks(story_table([exact]))
    for seed in range(5):
        jittered = words_of(texts, seconds=2.99, jitter=0.05, seed=seed)
        with_it = add_blocks(story_table([exact, jittered]))
        pd.testing.assert_frame_equal(with_it, story)
    own = [add_blocks(story_table([words_of(texts, seconds=2.99, jitter=0.05, seed=s)]))
           for s in range(5)]  # fmt: skip
    assert len({tuple(one["block"]) for one in own}) > 1  # by its own timing each would differ


def test_repeats_are_claimed_by_the_latest_part_and_listed():
    train, test = sentences_in("train", 2), sentences_in("test", 1)
    story = add_blocks(story_table([words_of([*train, *test])]), min_duration=0)
    assert mark_repeats(story)["usable"].all()
    assert repeated_sentences(story).empty
    # The training sentence is said again within a block whose text is drawn into test.
    again = story.assign(part=np.where(story["sentence_index"] == 1, "test", story["part"]))
    again["sentence"] = again["sentence"].replace(train[1], train[0])
    marked = mark_repeats(again)
    usable = marked.groupby("sentence_index")["usable"].first().tolist()
    assert usable == [False, True, True]
    listed = repeated_sentences(again)
    assert listed.to_numpy().tolist() == [[train[0], "test, train"]]


@pytest.mark.parametrize(
    ("crossing", "fold", "overlap"),
    [
        (("train", "test"), "train and valid / test", [1, 0]),
        (("valid", "test"), "train and valid / test", [1, 0]),
        (("train", "valid"), "train / valid", [0, 1]),
    ],
)
def test_a_text_in_two_parts_stops_the_run_and_is_named(crossing, fold, overlap):
    windows = pd.DataFrame(
        {
            "part": ["train", "valid", "test", *crossing],
            "sentences": [["a"], ["b"], ["c", "d"], ["x", "y"], ["y", "z"]],
        }
    )
    clean = audit_sentences(windows[:3])
    assert [row.overlap for row in clean] == [0, 0]
    assert (clean[0].n_units_train, clean[0].n_units_test) == (2, 2)
    assert_no_leak(clean)
    rows = audit_sentences(windows)
    assert [row.overlap for row in rows] == overlap
    wrong = next(row for row in rows if row.overlap)
    assert (wrong.fold, wrong.examples) == (fold, ("y",))
    with pytest.raises(LeakFault, match="y"):
        assert_no_leak(rows)
