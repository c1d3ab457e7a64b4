"""Audio files are read whole or refused, in one line that names the file."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from neurodecode.faults import DataFault
from neurodecode.stimuli import read_audio
from neurodecode.stimuli.audio import audio_duration


def tone(seconds=2.0, sfreq=16_000, hertz=440.0):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * sfreq)) / sfreq)


@pytest.fixture
def write(tmp_path):
    """Return a writer of audio files."""

    def writer(samples, name="story.wav", sfreq=16_000, **options):
        soundfile.write(tmp_path / name, samples, sfreq, **options)
        return tmp_path / name

    return writer


@pytest.mark.parametrize("name", ["story.wav", "story.flac"])
def test_channels_are_averaged_to_float32(write, name):
    path = write(np.stack([tone(), -tone() * 0.5], axis=1), name)
    samples, rate = read_audio(path)
    assert (samples.dtype, rate) == (np.float32, 16_000.0)
    np.testing.assert_allclose(samples, tone() * 0.25, atol=1e-4)
    assert audio_duration(path) == 2.0


@pytest.mark.parametrize("name", ["story.wav", "story.flac"])
def test_a_stretch_is_cut_at_its_rounded_samples(write, name):
    path = write(tone(), name)
    whole, _ = read_audio(path)
    part, _ = read_audio(path, 0.50001, 1.25)
    np.testing.assert_array_equal(part, whole[8000:20_000])


def test_resampling_keeps_the_tone_and_removes_what_is_above_nyquist(write):
    path = write(tone(sfreq=48_000) + tone(sfreq=48_000, hertz=15_000) * 0.5, sfreq=48_000)
    samples, rate = read_audio(path, sfreq=16_000)
    assert (len(samples), rate) == (32_000, 16_000.0)
    np.testing.assert_allclose(samples[500:-500], tone()[500:-500], atol=2e-3)


def test_an_alignment_may_end_a_little_after_the_audio_but_not_much(write):
    path = write(tone(9.8))
    samples, _ = read_audio(path, 9.0, 9.85)
    assert len(samples) == 12_800
    with pytest.raises(DataFault, match=r"audio is 9.8 s, its alignment ends at 12.1 s.*story.wav"):
        read_audio(path, 9.0, 12.1)


@pytest.mark.parametrize(("start", "stop"), [(1.0, 1.0), (1.5, 1.0), (-0.5, 1.0), (2.0, None)])
def test_an_empty_stretch_is_refused(write, start, stop):
    with pytest.raises(DataFault, match="no sound between"):
        read_audio(write(tone()), start, stop)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"<!DOCTYPE html><html>404</html>" * 9, "error page, not audio"),
        (b"not sound at all" * 9, "audio cannot be read"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "truncated"),
    ],
)
def test_what_is_no_audio_is_refused(tmp_path, content, message):
    path = tmp_path / "story.wav"
    path.write_bytes(content)
    for read in (read_audio, audio_duration):
        with pytest.raises(DataFault, match=f"{message}.*story.wav"):
            read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataFault, match=r"not found \[.*story.wav"):
        read_audio(tmp_path / "story.wav")


@pytest.mark.parametrize("name", ["story.wav", "story.flac"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused_even_where_its_beginning_is_read(write, name, kept):
    rng = np.random.default_rng(0)
    path = write(rng.uniform(-0.5, 0.5, 64_000), name)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(DataFault, match=r"story\."):
        read_audio(path, 0.0, 0.1)


def test_a_wav_file_of_unknown_length_is_read_to_its_end(write):
    path = write(tone())
    content = bytearray(path.read_bytes())
    content[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert len(read_audio(path)[0]) == 32_000


def test_nan_samples_are_counted_with_the_first_time(write):
    samples = tone()
    samples[[24_000, 24_001]] = np.nan
    path = write(samples, subtype="FLOAT")
    with pytest.raises(DataFault, match=r"2 samples .* first at 1.500 s .*story.wav"):
        read_audio(path, 1.0)
    assert len(read_audio(path, 0.0, 1.0)[0]) == 16_000


def test_a_file_without_a_sample_is_refused(write):
    with pytest.raises(DataFault, match="without a sample"):
        read_audio(write(np.zeros(0)))


@pytest.mark.realdata
def test_real_clips_have_their_stated_length_and_rate(realdata):
    folder = realdata / "speech_audio"
    samples, rate = read_audio(folder / "two_cities.wav")
    assert (round(len(samples) / rate, 1), rate) == (44.4, 48_000.0)
    resampled, _ = read_audio(folder / "beckett.wav", 1.0, 3.0, 8_000)
    assert len(resampled) == 16_000
    assert 0.01 < np.sqrt(np.mean(resampled**2)) < 0.5
