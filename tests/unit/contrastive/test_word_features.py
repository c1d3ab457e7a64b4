"""Features that explain the decoder's errors are found, and none where there is no relation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.contrastive.speech.word_features import explain_probabilities, word_features

WORDS = ("a", "the", "cat", "house", "elephant", "mountain", "it", "was", "remarkable", "so")
CLASSES = ("x", "y", "z")


def story_of(n=400, *, extra=True):
    rng = np.random.default_rng(0)
    share = 0.5 ** np.arange(len(WORDS))  # a few words are frequent
    story = pd.DataFrame(
        {
            "sound": "a.wav",
            "word_index": range(n),
            "word": rng.choice(WORDS, n, p=share / share.sum()),
            "duration": rng.uniform(0.1, 0.6, n),
            "sentence": [f"s{i // 8}" for i in range(n)],
        }
    )
    if not extra:
        return story
    return story.assign(
        part_of_speech=rng.choice(CLASSES, n), phonemes=rng.choice(["k ae t", "t uh", "s"], n)
    )


def predictions_of(story, log_probability, *, participants=6, noise=0.5, seed=1):
    rng = np.random.default_rng(seed)
    tables = [
        story[["sound", "word_index", "word", "sentence"]].assign(
            participant=f"{p:02d}",
            word_probability=np.exp(log_probability + noise * rng.standard_normal(len(story)) - 5),
        )
        for p in range(participants)
    ]
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize(
    ("planted", "make"),
    [
        ("length", lambda s: -4 * s["duration"]),
        ("frequency", lambda s: np.log(s["word"].map(s["word"].value_counts()))),
        ("part of speech", lambda s: s["part_of_speech"].map({"x": 0.0, "y": 1.0, "z": -1.0})),
        ("phonemes", lambda s: 1.0 * s["phonemes"].str.contains("ae")),
    ],
)
def test_a_planted_relation_is_found_in_its_features(planted, make):
    story = story_of()
    found = explain_probabilities(predictions_of(story, make(story)), story).set_index("features")
    assert found.loc[planted, "r"] == found["r"].max()
    assert found.loc[planted, "ci_low"] > 0.3
    assert found.loc[planted, "p"] < 0.05
    assert set(found["n"]) == {6}


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_explained_by_nothing(seed):
    story = story_of()
    rng = np.random.default_rng(seed)
    tables = [predictions_of(story, rng.standard_normal(len(story)), participants=1, seed=seed + s)
              .assign(participant=str(s)) for s in range(6)]  # fmt: skip
    found = explain_probabilities(pd.concat(tables), story)
    assert found["r"].abs().max() < 0.15


def test_what_the_story_does_not_know_is_left_out():
    story = story_of(extra=False)
    found = explain_probabilities(predictions_of(story, 0 * story["duration"]), story)
    assert found["features"].tolist() == ["length", "frequency"]


@pytest.mark.parametrize("value", ["", None])
def test_columns_that_say_nothing_are_left_out(value):
    story = story_of().assign(part_of_speech=None, phonemes=value)
    found = explain_probabilities(predictions_of(story, -4 * story["duration"]), story)
    assert found["features"].tolist() == ["length", "frequency"]


def test_too_few_words_or_sentences_give_an_empty_table_with_its_columns():
    story = story_of(20)
    found = explain_probabilities(predictions_of(story, -4 * story["duration"]), story)
    assert found.empty
    assert "r" in found
    story = story_of(32)  # four sentences
    assert explain_probabilities(predictions_of(story, -4 * story["duration"]), story).empty


def test_a_constant_probability_has_no_correlation():
    story = story_of()
    found = explain_probabilities(predictions_of(story, 0 * story["duration"], noise=0), story)
    assert (found["r"] == 0).all()


def test_features_are_counts_and_shares():
    story = pd.DataFrame({"word": ["The", "the", "cat."]})
    words = pd.DataFrame(
        {"word": ["the", "cat"], "duration": [0.2, 0.4], "part_of_speech": ["d", "n"],
         "phonemes": ["dh ah", "k ae t"]}
    )  # fmt: skip
    found = word_features(words, story)
    assert found["length"].tolist() == [[3, 0.2], [3, 0.4]]
    np.testing.assert_allclose(found["frequency"][:, 0], np.log([2 / 3, 1 / 3]))
    assert found["part of speech"].tolist() == [[1, 0], [0, 1]]
    assert found["phonemes"].shape == (2, 5)
    assert found["phonemes"].sum(axis=1).tolist() == [2, 3]
