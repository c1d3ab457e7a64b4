"""The Mel spectrogram is the published one, compared with librosa 0.11."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli import MelSpectrogram, SpeechEncoder, make_encoder
from neurodecode.stimuli.mel import mel_filters

BANDS = (20, 40, 80, 120)


def noise(seconds=1.3, sfreq=16_000, seed=0):
    return np.random.default_rng(seed).standard_normal(int(seconds * sfreq)).astype("float32")


@pytest.mark.filterwarnings("ignore:Empty filters detected")
@pytest.mark.parametrize("n_mels", BANDS)
def test_the_filter_bank_is_librosas_htk_bank_without_norm(n_mels):
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(
        sr=16_000, n_fft=512, n_mels=n_mels, htk=True, norm=None, dtype=np.float64
    )
    np.testing.assert_allclose(mel_filters(n_mels, 512, 16_000), theirs, rtol=1e-5, atol=1e-9)


@pytest.mark.filterwarnings("ignore:Empty filters detected")
@pytest.mark.parametrize("n_mels", BANDS)
@pytest.mark.parametrize("n_samples", [512, 16_000, 20_800])
def test_the_power_is_librosas_divided_by_the_energy_of_the_window(n_mels, n_samples):
    librosa = pytest.importorskip("librosa")
    samples = noise()[:n_samples]
    theirs = librosa.feature.melspectrogram(
        y=samples.astype("float64"), sr=16_000, n_fft=512, hop_length=128, n_mels=n_mels,
        htk=True, norm=None, center=True, pad_mode="reflect", power=2.0,
    )  # fmt: skip
    theirs /= (np.hanning(513)[:-1] ** 2).sum()
    ours = MelSpectrogram(n_mels).power(samples)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6 * theirs.max())


@pytest.mark.parametrize(("n_mels", "empty"), [(20, 0), (40, 0), (80, 0), (120, 1)])
def test_the_bands_without_a_bin_are_counted(n_mels, empty):
    encoder = MelSpectrogram(n_mels)
    features, _ = encoder.encode(noise(), 16_000)
    assert len(encoder.empty_bands()) == empty
    constant = np.flatnonzero(np.ptp(features, axis=1) == 0)
    np.testing.assert_array_equal(constant, encoder.empty_bands())
    np.testing.assert_allclose(features[constant], -5, atol=1e-6)


def test_there_are_125_frames_per_second_and_their_times_are_multiples_of_8_ms():
    features, times = make_encoder("mel").encode(noise(2.0), 16_000)
    assert features.shape == (120, 251)
    assert features.dtype == np.float32
    np.testing.assert_allclose(times[[0, 1, 250]], [0, 0.008, 2.0])


def test_a_louder_recording_has_the_same_spectrogram():
    samples = noise()
    quiet, _ = MelSpectrogram().encode(samples, 16_000)
    loud, _ = MelSpectrogram().encode(8 * samples + 0.5, 16_000)
    np.testing.assert_allclose(loud, quiet, atol=1e-4)


def test_the_waveform_is_standardised_before_it_is_resampled():
    samples = noise(1.0, 44_100)  # white: 16 / 44.1 of its power lies below 8 kHz
    features, _ = MelSpectrogram(40).encode(samples, 44_100)
    own, _ = MelSpectrogram(40).encode(noise(1.0), 16_000)
    difference = np.median(features[5:30], axis=1) - np.median(own[5:30], axis=1)
    assert np.median(difference) == pytest.approx(np.log10(16 / 44.1), abs=0.15)


def test_a_tone_has_its_peak_in_the_band_around_it():
    t = np.arange(16_000) / 16_000
    features, _ = MelSpectrogram(40).encode(np.sin(2 * np.pi * 1000 * t), 16_000)
    filters = mel_filters(40, 512, 16_000)
    assert features.mean(axis=1).argmax() == filters[:, 32].argmax()  # bin 32 is 1000 Hz


def test_silence_is_the_default_value():
    encoder = MelSpectrogram()
    features, _ = encoder.encode(np.zeros(16_000), 16_000)
    assert encoder.default == pytest.approx(-5)
    np.testing.assert_allclose(features, encoder.default, atol=1e-5)


def test_sound_that_cannot_be_used_is_refused():
    with pytest.raises(DataFault, match=r"sound of 0.0160 s, at least 0.0161 s"):
        MelSpectrogram().encode(noise()[:256], 16_000)
    broken = noise()
    broken[8000] = np.nan
    with pytest.raises(DataFault, match=r"1 samples .* first at 0.500 s"):
        MelSpectrogram().encode(broken, 16_000)
    with pytest.raises(DataFault, match=r"one channel"):
        MelSpectrogram().encode(noise().reshape(2, -1), 16_000)
    with pytest.raises(ConfigFault, match="0 bands"):
        MelSpectrogram(0)


def test_an_unknown_encoder_or_option_is_answered_with_the_nearest():
    with pytest.raises(ConfigFault, match="did you mean 'wav2vec2'"):
        make_encoder("wav2vec")
    with pytest.raises(ConfigFault, match="did you mean 'n_mels'"):
        make_encoder("mel", nmels=40)


def test_settings_differ_when_the_output_would():
    encoder: SpeechEncoder = make_encoder("mel")
    assert encoder.settings() == MelSpectrogram(120).settings()
    for option in ({"n_mels": 80}, {"hop": 160}, {"n_fft": 400}, {"floor": 1e-6}):
        assert make_encoder("mel", **option).settings() != encoder.settings()
