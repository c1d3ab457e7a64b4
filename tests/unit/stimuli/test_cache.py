"""The cache returns what the encoder would, once computed, and never anything damaged."""

from __future__ import annotations

import inspect
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from neurodecode.faults import ConfigFault, DataFault, DiskFault
from neurodecode.stimuli import EmbeddingCache, Envelope, MelSpectrogram, read_audio


class Counting(Envelope):
    """An encoder that counts its calls and can scale its output."""

    scale = 1.0
    calls = 0

    def encode(self, samples, sfreq):
        self.calls += 1
        features, times = super().encode(samples, sfreq)
        return features * np.float32(self.scale), times


@pytest.fixture
def audio(tmp_path):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "story.wav", rng.uniform(-0.5, 0.5, 48_000), 16_000)
    return tmp_path / "story.wav"


@pytest.fixture
def cache(tmp_path):
    return EmbeddingCache(tmp_path / "cache", Counting())


def entry(cache):
    (path,) = cache.folder.glob("*.npy")
    return path


def test_the_second_request_is_read_not_computed(cache, audio):
    first, rate = cache.get(audio, 0.5, 2.0)
    again, rate_again = cache.get(audio, 0.5, 2.0)
    expected, _ = Envelope().encode(*read_audio(audio, 0.5, 2.0))
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(again, expected)
    assert isinstance(again, np.memmap)
    assert not again.flags.writeable
    assert rate == rate_again == 180 / 1.5
    assert cache.encoder.calls == 1


def test_the_frame_rate_is_frames_over_duration(tmp_path, audio):
    _, rate = EmbeddingCache(tmp_path / "cache", MelSpectrogram()).get(audio, 0.0, 1.0)
    assert rate == 126  # centred frames: one more than 125


def test_audio_bounds_encoder_and_number_type_each_make_another_entry(tmp_path, cache, audio):
    cache.get(audio)
    cache.get(audio, 0.5)
    cache.get(audio, 0.5, 2.5)
    EmbeddingCache(cache.folder, Envelope(100)).get(audio)
    EmbeddingCache(cache.folder, Envelope(), "float16").get(audio)
    soundfile.write(audio, np.random.default_rng(1).uniform(-0.5, 0.5, 50_000), 16_000)
    cache.get(audio)
    assert len(list(cache.folder.glob("*.npy"))) == 6


def test_edited_code_of_the_encoder_makes_another_entry(cache, audio, monkeypatch):
    cache.get(audio)
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda module: source(module) + "# edited")
    EmbeddingCache(cache.folder, cache.encoder).get(audio)
    assert cache.encoder.calls == 2


def test_the_same_audio_under_another_name_is_the_same_entry(cache, audio):
    cache.get(audio)
    copy = audio.with_name("copy.wav")
    copy.write_bytes(audio.read_bytes())
    cache.get(copy)
    assert cache.encoder.calls == 1


@pytest.mark.parametrize("fresh", [True, False])
def test_a_truncated_entry_is_computed_again(cache, audio, fresh):
    whole = np.array(cache.get(audio)[0])
    path = entry(cache)
    path.write_bytes(path.read_bytes()[:-100])
    reader = EmbeddingCache(cache.folder, cache.encoder) if fresh else cache
    np.testing.assert_array_equal(reader.get(audio)[0], whole)
    assert cache.encoder.calls == 2


def test_a_flipped_byte_is_noticed_by_the_next_process(cache, audio):
    whole = np.array(cache.get(audio)[0])
    path = entry(cache)
    content = bytearray(path.read_bytes())
    content[-10] ^= 0xFF
    path.write_bytes(content)
    np.testing.assert_array_equal(EmbeddingCache(cache.folder, Envelope()).get(audio)[0], whole)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_description_is_written_again(cache, audio, content):
    cache.get(audio)
    entry(cache).with_suffix(".json").write_text(content)
    cache.get(audio)
    cache.get(audio)
    assert cache.encoder.calls == 2


def test_float16_is_within_its_precision_and_refuses_what_does_not_fit(tmp_path, audio):
    exact, _ = EmbeddingCache(tmp_path / "a", Envelope()).get(audio)
    half, _ = EmbeddingCache(tmp_path / "a", Envelope(), "float16").get(audio)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, exact, rtol=1e-3, atol=1e-6)
    large = Counting()
    large.scale = 1e6
    with pytest.raises(DataFault, match=r"not finite as float16.*float32"):
        EmbeddingCache(tmp_path / "b", large, "float16").get(audio)
    assert not list((tmp_path / "b").glob("*.npy"))


FILL = """
import sys
from neurodecode.stimuli import EmbeddingCache, MelSpectrogram
for start in (0.0, 0.5, 1.0):
    EmbeddingCache(sys.argv[1], MelSpectrogram()).get(sys.argv[2], start)
"""


def test_two_processes_at_once_leave_whole_entries(tmp_path, audio):
    folder = tmp_path / "cache"
    command = [sys.executable, "-c", FILL, str(folder), str(audio)]
    workers = [subprocess.Popen(command) for _ in range(2)]
    assert [worker.wait(120) for worker in workers] == [0, 0]
    assert len(list(folder.glob("*.npy"))) == 3
    assert not list(folder.glob("*.part"))
    expected, _ = MelSpectrogram().encode(*read_audio(audio, 0.5))
    found, _ = EmbeddingCache(folder, MelSpectrogram()).get(audio, 0.5)
    np.testing.assert_array_equal(found, expected)


def test_faults_of_file_folder_and_settings_are_named(tmp_path, audio):
    with pytest.raises(DataFault, match=r"not found \[.*nowhere.wav"):
        EmbeddingCache(tmp_path, Envelope()).get(tmp_path / "nowhere.wav")
    with pytest.raises(ConfigFault, match="did you mean 'float32'"):
        EmbeddingCache(tmp_path, Envelope(), "float23")
    with pytest.raises(DiskFault, match="cannot write"):
        EmbeddingCache(audio / "below", Envelope()).get(audio)
