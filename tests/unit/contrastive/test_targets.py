"""Targets are what the encoder says of one block, on the windows' grid, scaled over words."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
import torch

from neurodecode.contrastive.speech.decoders import DECODERS
from neurodecode.contrastive.speech.targets import TargetBank, distinct_segments, encoder_settings
from neurodecode.faults import DataFault
from neurodecode.stimuli import EmbeddingCache, make_encoder, read_audio, to_grid


@pytest.fixture(scope="module")
def bank(study):
    return study.heard.bank(DECODERS["contrastive, Mel"])


@pytest.fixture(scope="module")
def windows(study):
    return study.heard.recordings(["01", "02", "03"]).windows()


def fresh_bank(study, folder, story=None):
    encoder = make_encoder("mel", n_mels=6)
    story = study.story if story is None else story
    return TargetBank(EmbeddingCache(folder, encoder), study.audio, story, study.config.signals)


def test_a_window_is_what_to_grid_makes_of_its_block(study, bank, windows):
    settings = study.config.signals
    blocks = study.story.groupby("block")[["sound", "block_start", "block_stop"]].first()
    chosen = windows.sample(12, random_state=0)
    found = bank.gather(bank.index(chosen))
    for row, target in zip(chosen.itertuples(), found, strict=True):
        sound, start, stop = blocks.loc[row.block]
        samples, rate = read_audio(study.audio / sound, start, stop if np.isfinite(stop) else None)
        features, _ = bank.encoder.encode(samples, rate)
        begin = row.sound_start - start
        expected = to_grid(
            features, features.shape[1] / (len(samples) / rate), begin,
            begin + settings.tmax - settings.tmin, settings.sfreq, bank.default,
        )  # fmt: skip
        np.testing.assert_array_equal(target.numpy(), expected)


def test_outside_its_block_a_window_has_the_encoders_default(bank, windows):
    first = windows[windows["sound_start"] > 0].head(1).assign(sound_start=-100.0)
    found = bank.gather(bank.index(first))
    assert (found == -5).all()


def test_the_scaler_is_one_mean_and_one_unbiased_deviation_over_frames_in_words(
    study, tmp_path, windows
):
    bank = fresh_bank(study, tmp_path)
    train = windows[windows["part"] == "train"]
    raw = bank.gather(bank.index(train)).double()
    inside = torch.from_numpy(bank.in_word(train))
    values = raw.transpose(1, 2)[inside].flatten()
    found = bank.fit_scaler(train, n_windows=10**6, seed=0)
    assert found.mean == pytest.approx(values.mean().item(), rel=1e-9)
    assert found.std == pytest.approx(values.std(unbiased=True).item(), rel=1e-9)
    scaled = bank.gather(bank.index(train)).double().transpose(1, 2)[inside]
    assert scaled.mean().item() == pytest.approx(0, abs=1e-5)
    assert scaled.std().item() == pytest.approx(1, abs=1e-5)


def test_frames_between_words_do_not_count(study, bank, windows):
    row = windows.query("part == 'test'").head(1)
    times = row["sound_start"].iloc[0] + np.arange(study.config.signals.n_samples) / 40
    words = study.story[study.story["block"] == row["block"].iloc[0]]
    expected = [
        any(w.sound_time <= t < w.sound_time + w.duration for w in words.itertuples())
        for t in times
    ]
    assert bank.in_word(row)[0].tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_the_scaler_draws_the_same_windows_for_the_same_seed(study, tmp_path, windows):
    bank = fresh_bank(study, tmp_path)
    train = windows[windows["part"] == "train"]
    first, again, other = (bank.fit_scaler(train, n_windows=9, seed=s) for s in (1, 1, 2))
    assert first == again != other


def test_sound_of_a_test_block_reaches_no_training_target(study, tmp_path, new_sound, windows):
    story = study.story
    audio = tmp_path / "stimuli"
    for seed, name in enumerate(("one.wav", "two.wav")):
        new_sound(audio / name, 30, seed)
        samples, rate = soundfile.read(audio / name)
        changed = samples.copy()
        blocks = story[(story["sound"] == name) & (story["part"] == "test")]
        for _, block in blocks.groupby("block"):
            first = round(block["block_start"].iloc[0] * rate)
            stop = block["block_stop"].iloc[0]
            changed[first : round(stop * rate) if np.isfinite(stop) else None] = 0.4
        assert not np.array_equal(samples, changed)
        soundfile.write(audio / name, changed, rate)
    encoder = make_encoder("mel", n_mels=6)
    spoilt = TargetBank(EmbeddingCache(tmp_path / "c", encoder), audio, story, study.config.signals)
    whole = fresh_bank(study, tmp_path / "d")
    for part, same in (("train", True), ("valid", True), ("test", False)):
        mine = windows[windows["part"] == part]
        pair = [bank.gather(bank.index(mine)) for bank in (whole, spoilt)]
        assert torch.equal(*pair) == same, part


def test_features_that_do_not_vary_are_a_fault(study, tmp_path, windows):
    bank = fresh_bank(study, tmp_path)
    bank.frames = torch.zeros_like(bank.frames)
    with pytest.raises(DataFault, match="do not vary inside words"):
        bank.fit_scaler(windows, n_windows=50, seed=0)


def test_a_window_of_an_unknown_block_is_a_fault(bank, windows):
    with pytest.raises(DataFault, match="block 999 of a window is not in the story"):
        bank.index(windows.head(1).assign(block=999))


def test_candidates_are_the_first_window_of_each_distinct_test_segment(windows):
    found = distinct_segments(windows)
    tested = windows[windows["part"] == "test"]
    assert found["segment"].tolist() == list(dict.fromkeys(tested["segment"]))
    assert set(found["participant"]) == {"01"}  # everybody heard the same
    with pytest.raises(DataFault, match="no test window"):
        distinct_segments(windows[windows["part"] == "train"])


def test_the_settings_of_an_encoder_are_kept_by_name(bank):
    assert encoder_settings(bank.encoder)["name"] == "MelSpectrogram"
    assert encoder_settings(bank.encoder)["n_mels"] == 6


def test_features_larger_than_the_limit_are_refused(study, tmp_path, monkeypatch):
    monkeypatch.setattr("neurodecode.contrastive.speech.targets.BANK_LIMIT_GIB", 1e-6)
    with pytest.raises(DataFault, match=r"features of all sounds would take"):
        fresh_bank(study, tmp_path)


def test_the_story_may_hold_one_sound_only(study, tmp_path):
    bank = fresh_bank(study, tmp_path, study.story[study.story["sound"] == "one.wav"])
    assert len(bank.chunks) == 20
