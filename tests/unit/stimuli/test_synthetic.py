"""Synthetic speech is deterministic, clean, and a word sounds like itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli import (
    LEXICON,
    VOICES,
    MelSpectrogram,
    Voice,
    story,
    synthesise_speech,
    to_grid,
)
from neurodecode.stimuli.grammar import word_table
from neurodecode.stimuli.phonemes import PHONEMES
from neurodecode.stimuli.prosody import time_phonemes

TEXT = "The old king found the river. She slept again! My teacher saw the old bridge."


def cut(samples, sfreq, word):
    """Return the samples of one row of the words table."""
    first = round(word.onset * sfreq)
    return samples[first : first + round(word.duration * sfreq)]


def word_shape(samples, sfreq, word):
    """Return the Mel spectrogram of a word on 20 time points, centred per band."""
    features, _ = MelSpectrogram(40).encode(samples, sfreq)
    ends = word.onset, word.onset + word.duration
    shape = to_grid(features, 125.0, *ends, 19 / word.duration)
    return (shape - features.mean(axis=1, keepdims=True)).ravel()


@pytest.mark.parametrize("voice", VOICES)
def test_a_word_is_more_like_itself_than_like_any_other_word(voice):
    names = ["river", "king", "window", "music", "horse", "forest", "machine"]
    words = [f"{name}." for name in names] * 2
    samples, sfreq, table = synthesise_speech(words, voice, 3)
    shapes = [word_shape(samples, sfreq, word) for word in table.itertuples()]
    similarity = np.corrcoef(shapes)[: len(names), len(names) :]
    same = np.diag(similarity)
    assert (similarity.argmax(axis=1) == np.arange(len(names))).all()
    assert same.min() > 0.5
    assert same.mean() > similarity[~np.eye(len(names), dtype=bool)].mean() + 0.3


def test_the_same_seed_gives_the_same_sound_and_another_one_does_not():
    first, _, words = synthesise_speech(TEXT, random_state=4)
    again, _, words_again = synthesise_speech(TEXT, random_state=4)
    other, *_ = synthesise_speech(TEXT, random_state=5)
    np.testing.assert_array_equal(first, again)
    assert words.equals(words_again)
    assert len(other) != len(first) or not np.allclose(other, first)


@pytest.mark.parametrize("voice", VOICES)
def test_sentences_are_equally_loud_and_nothing_clips(voice):
    samples, sfreq, words = synthesise_speech(story(12, 1), voice, 1)
    assert samples.dtype == np.float32
    assert np.abs(samples).max() <= 0.96
    levels = []
    for _, sentence in words.groupby("sentence_index"):
        first, last = sentence.iloc[0], sentence.iloc[-1]
        stretch = samples[int(first.onset * sfreq) : int((last.onset + last.duration) * sfreq)]
        levels.append(np.sqrt(np.mean(stretch**2)))
    assert np.ptp(20 * np.log10(levels)) < 1  # dB
    assert 20 * np.log10(np.mean(levels)) == pytest.approx(-23, abs=1)


def test_voiced_sounds_are_periodic_and_unvoiced_ones_are_not():
    voice = Voice(breath=0, melody=0, variability=0)
    samples, sfreq, words = synthesise_speech(["mother.", "sister."], voice, 0)
    mother, sister = (cut(samples, sfreq, word) for word in words.itertuples())
    period = round(sfreq / voice.pitch)
    hiss = sister[: round(0.08 * sfreq)]  # the S of sister lasts 0.11 s
    hum = mother[round(0.1 * sfreq) : round(0.18 * sfreq)]  # its vowel
    for segment, low, high in ((hum, 0.8, 1), (hiss, -0.3, 0.3)):
        lagged = np.corrcoef(segment[:-period], segment[period:])[0, 1]
        assert low < lagged < high
    crossings = [np.mean(np.diff(np.sign(segment)) != 0) for segment in (hum, hiss)]
    assert crossings[1] > 3 * crossings[0]


@pytest.mark.parametrize(("voice", "tract"), [("man", 1.0), ("child", 1.3)])
def test_a_vowel_has_its_formants_scaled_by_the_tract(voice, tract):
    samples, sfreq, words = synthesise_speech("He.", voice, 0)  # HH IY
    (word,) = words.itertuples()
    vowel = cut(samples, sfreq, word)[-round(0.12 * sfreq) : -round(0.03 * sfreq)]
    spectrum = np.abs(np.fft.rfft(vowel * np.hanning(len(vowel)), 4096))
    frequencies = np.fft.rfftfreq(4096, 1 / sfreq)
    region = (frequencies > 1300 * tract) & (frequencies < 2700 * tract)
    peak = frequencies[region][spectrum[region].argmax()]
    assert peak == pytest.approx(tract * PHONEMES["IY"].segments[0].formants[1], rel=0.1)


def test_words_follow_each_other_and_pauses_separate_sentences():
    samples, sfreq, words = synthesise_speech(TEXT, random_state=0)
    assert words["word"].tolist()[:4] == ["the", "old", "king", "found"]
    assert words["sentence"].unique().tolist()[1] == "she slept again"
    gaps = (words["onset"] - (words["onset"] + words["duration"]).shift()).dropna()
    starts = words["word_index"].eq(0)[1:]
    np.testing.assert_allclose(gaps[~starts], 0, atol=1e-9)
    assert gaps[starts].between(0.35, 0.85).all()
    last = words.iloc[-1]
    assert last.onset + last.duration < len(samples) / sfreq
    silence = samples[int((words["onset"][6] - 0.2) * sfreq) : int(words["onset"][6] * sfreq)]
    assert np.abs(silence).max() < 0.01


def test_function_words_are_short_and_the_last_word_is_long():
    table = word_table([["the", "dog", "saw", "the", "dog"]])
    voice = Voice(variability=0)
    timed = time_phonemes(table, voice, np.random.default_rng(0))
    spans = timed.groupby("row")["duration"].sum()
    assert spans[4] == pytest.approx(1.3 * spans[1])
    quicker = time_phonemes(table, Voice(rate=2, variability=0), np.random.default_rng(0))
    assert quicker["duration"].sum() == pytest.approx(timed["duration"].sum() / 2, rel=0.05)


def test_a_story_has_distinct_sentences_and_zipf_like_words():
    tale = story(400, 0)
    assert len(set(tale.sentences)) == 400
    assert story(400, 0).sentences == tale.sentences
    assert story(400, 1).sentences != tale.sentences
    counts = tale.words["word"].value_counts().to_numpy()
    ranks = np.arange(1, len(counts) + 1)
    slope = np.polyfit(np.log(ranks[:80]), np.log(counts[:80]), 1)[0]
    assert -1.4 < slope < -0.6
    assert len(counts) > 120
    assert tale.words["pos"].nunique() == 9


def test_a_storys_text_says_the_same_as_the_story():
    tale = story(5, 2)
    from_text, *_ = synthesise_speech(tale.text, random_state=0)
    from_story, *_ = synthesise_speech(tale, random_state=0)
    np.testing.assert_array_equal(from_text, from_story)


def test_every_word_has_phonemes_of_the_inventory_and_no_two_sound_alike():
    assert {phoneme for entry in LEXICON.values() for phoneme in entry.phonemes} == set(PHONEMES)
    pairs = itertools.combinations(LEXICON.values(), 2)
    assert all(one.phonemes != other.phonemes for one, other in pairs)


def test_unknown_words_and_voices_are_answered_with_the_nearest():
    with pytest.raises(DataFault, match="did you mean 'river'"):
        synthesise_speech("the rivers")
    with pytest.raises(ConfigFault, match="did you mean 'woman'"):
        synthesise_speech(TEXT, "womann")
    with pytest.raises(DataFault, match="without a word"):
        synthesise_speech(" . ")
    with pytest.raises(ConfigFault, match="pitch 30"):
        Voice(pitch=30)
    with pytest.raises(ConfigFault, match="0 sentences"):
        story(0)
