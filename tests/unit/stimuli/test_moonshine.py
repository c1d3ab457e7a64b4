"""Moonshine's encoder is found in its package, repeatable, and robust to noise."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli import Moonshine, make_encoder, read_audio, synthesise_speech


@pytest.fixture(scope="module")
def encoder():
    pytest.importorskip("onnxruntime")
    try:
        metadata.version("moonshine-voice")
    except metadata.PackageNotFoundError:
        pytest.skip("moonshine-voice is not installed")
    return Moonshine()


def with_noise(samples, *, snr_db, seed=0):
    noise = np.random.default_rng(seed).standard_normal(len(samples))
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-snr_db / 20)
    return (samples + level * noise).astype(np.float32)


def similarity(one, other):
    """Return the correlation of two embeddings, each frame centred on the mean of both."""
    n = min(one.shape[1], other.shape[1])
    centre = np.concatenate([one, other], axis=1).mean(axis=1, keepdims=True)
    return np.corrcoef((one[:, :n] - centre).ravel(), (other[:, :n] - centre).ravel())[0, 1]


def assert_nearer_to_itself(encoder, sentence, other):
    clean, _ = encoder.encode(sentence, 16_000)
    noisy, _ = encoder.encode(with_noise(sentence, snr_db=20), 16_000)
    different, _ = encoder.encode(other, 16_000)
    assert similarity(clean, noisy) > similarity(clean, different) + 0.2


@pytest.mark.parametrize(("n_samples", "n_frames"), [(16_000, 40), (160_000, 415), (895, 1)])
def test_there_are_288_features_at_about_41_frames_per_second(encoder, n_samples, n_frames):
    samples = with_noise(np.ones(n_samples), snr_db=0) * 0.1
    features, times = encoder.encode(samples, 16_000)
    assert features.shape == (encoder.n_features, n_frames) == (288, n_frames)
    assert features.dtype == np.float32
    assert encoder.frame_rate == pytest.approx(41.67, abs=0.01)
    assert times[0] == pytest.approx(0.028, abs=0.001)
    assert times[-1] <= n_samples / 16_000


def test_synthetic_sentences_are_nearer_to_themselves_in_noise_than_to_each_other(encoder):
    sentence, *_ = synthesise_speech("The old king found the river.", random_state=0)
    other, *_ = synthesise_speech("She slept in my small garden.", random_state=1)
    assert_nearer_to_itself(encoder, sentence, other)


PROGRAM = """
import hashlib, numpy as np
from neurodecode.stimuli import Moonshine, synthesise_speech
samples, sfreq, _ = synthesise_speech("The old king found the river.")
print(hashlib.sha256(Moonshine().encode(samples, sfreq)[0].tobytes()).hexdigest())
"""


def test_one_thread_gives_the_same_bits_in_every_process(encoder):
    command = [sys.executable, "-c", PROGRAM]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout.strip()) == 64


def test_other_rates_are_resampled_and_too_short_sound_is_refused(encoder):
    samples = with_noise(np.zeros(44_100) + 1, snr_db=0) * 0.1
    features, _ = encoder.encode(samples, 44_100)
    assert features.shape == (288, 40)
    with pytest.raises(DataFault, match=r"at least 0\.0559 s"):
        encoder.encode(samples[:894], 16_000)


def test_a_chunk_too_large_for_memory_is_refused_before_it_is_computed(encoder):
    with pytest.raises(DataFault, match=r"chunk of 120 s would take about 1\.5 GiB"):
        Moonshine(limit_gib=1.0).encode(np.ones(120 * 16_000), 16_000)


def test_settings_name_the_weights(encoder):
    settings = make_encoder("moonshine").settings()
    assert settings == encoder.settings()
    assert len(settings["weights"]) == 64


def test_a_missing_package_is_one_line_with_the_extra_to_install(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("neurodecode.stimuli.moonshine.metadata.files", absent)
    with pytest.raises(ConfigFault, match=r"needs moonshine-voice -> .*neurodecode\[speech\]"):
        Moonshine()
    with pytest.raises(ConfigFault, match="0 threads"):
        Moonshine(n_threads=0)


@pytest.mark.realdata
def test_real_clips_are_nearer_to_themselves_in_noise_than_to_each_other(encoder, realdata):
    folder = realdata / "speech_audio"
    sentence, _ = read_audio(folder / "two_cities.wav", 0.0, 8.0, 16_000)
    other, _ = read_audio(folder / "beckett.wav", 0.0, 8.0, 16_000)
    assert_nearer_to_itself(encoder, sentence, other)
    assert_nearer_to_itself(encoder, other, sentence)
    features, _ = encoder.encode(sentence, 16_000)
    again, _ = encoder.encode(sentence, 16_000)
    assert features.shape == (288, 332)
    np.testing.assert_array_equal(features, again)
