"""The envelope follows the modulation of a sound, and onsets its rises."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.stimuli import Envelope


def modulated(rate=3.0, seconds=4.0, sfreq=16_000):
    t = np.arange(int(seconds * sfreq)) / sfreq
    return (1 + 0.8 * np.sin(2 * np.pi * rate * t)) * np.sin(2 * np.pi * 440 * t)


def test_the_envelope_is_the_compressed_modulation():
    (envelope, _), times = Envelope().encode(modulated(), 16_000)
    expected = (1 + 0.8 * np.sin(2 * np.pi * 3 * times)) ** 0.6
    inner = slice(12, -12)  # the transform is circular, so its ends are not the sound's
    ratio = envelope[inner] / expected[inner]
    np.testing.assert_allclose(ratio, ratio.mean(), rtol=0.02)


def test_onsets_are_the_rises_of_the_envelope_only():
    (envelope, onset), _ = Envelope(100).encode(modulated(), 16_000)
    rise = np.diff(envelope, prepend=envelope[0]) * 100
    np.testing.assert_allclose(onset, np.maximum(rise, 0), atol=1e-3)
    assert onset[0] == 0
    assert (onset >= 0).all()


@pytest.mark.parametrize(("rate", "sfreq"), [(120, 16_000), (100, 44_100), (128, 22_050)])
def test_frames_cover_the_sound_at_the_rate_asked_for(rate, sfreq):
    features, times = Envelope(rate).encode(modulated(sfreq=sfreq), sfreq)
    assert features.shape == (2, 4 * rate)
    np.testing.assert_allclose(times, (np.arange(4 * rate) + 0.5) / rate)


def test_level_does_not_matter_and_silence_is_zero():
    quiet, _ = Envelope().encode(modulated() * 0.01, 16_000)
    loud, _ = Envelope().encode(modulated(), 16_000)
    np.testing.assert_allclose(quiet, loud, rtol=1e-3, atol=1e-3)
    silence, _ = Envelope().encode(np.zeros(16_000), 16_000)
    np.testing.assert_array_equal(silence, 0)


def test_settings_outside_their_range_and_sound_below_a_frame_are_refused():
    with pytest.raises(ConfigFault, match="exponent"):
        Envelope(exponent=0)
    with pytest.raises(DataFault, match="sound of"):
        Envelope(10).encode(np.ones(100), 16_000)
