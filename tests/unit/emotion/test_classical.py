"""Classical decoders of ratings: features of known signals, probabilities of every level."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone

from neurodecode.emotion.band_features import BANDS, BandFeatures
from neurodecode.emotion.classical import (
    CLASSICAL,
    SoftmaxSVC,
    fit_classical,
    level_probabilities,
    make_classical,
)
from neurodecode.faults import ConfigFault, DataFault

RATE = 128.0


def rated(n=240, levels=(0, 1, 3, 4), seed=0):
    """Return windows whose alpha power on the first channel grows with the level."""
    rng = np.random.default_rng(seed)
    true = rng.permutation(np.resize(levels, n))
    windows = rng.standard_normal((n, 4, 128))
    phase = rng.uniform(0, 2 * np.pi, size=(n, 1))
    windows[:, 0] += (1.2 * true)[:, None] * np.sin(2 * np.pi * 10 * np.arange(128) / RATE + phase)
    return windows.astype(np.float32), true


def test_a_sine_has_its_variance_in_its_band_alone():
    time = np.arange(128) / RATE
    windows = 3 + np.stack([np.sin(2 * np.pi * 6 * time), 2 * np.sin(2 * np.pi * 20 * time)])[None]
    power = BandFeatures(RATE, "power").fit(windows).transform(windows).reshape(2, len(BANDS))
    # the Hann window spreads a line over three frequencies, all of which are in the band
    np.testing.assert_allclose(power[0], [0, 0.5, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(power[1], [0, 0, 0, 2, 0], atol=1e-12)


def test_entropy_is_that_of_a_gaussian_with_the_variance_of_the_band():
    windows, _ = rated(n=5)
    power = BandFeatures(RATE, "power").fit(windows).transform(windows)
    entropy = BandFeatures(RATE).fit(windows).transform(windows)
    np.testing.assert_allclose(entropy, 0.5 * np.log(2 * np.pi * np.e * power))


def test_an_empty_band_has_a_finite_entropy():
    windows = np.sin(2 * np.pi * 10 * np.arange(128) / RATE)[None, None]
    assert np.isfinite(BandFeatures(RATE).fit(windows).transform(windows)).all()


def test_a_band_that_the_windows_cannot_show_is_refused():
    windows = np.random.default_rng(0).standard_normal((2, 3, 64))
    with pytest.raises(ConfigFault, match="band gamma, 31 to 50 Hz"):
        BandFeatures(64.0).fit(windows)
    with pytest.raises(ConfigFault, match="band narrow"):
        BandFeatures(RATE, bands=(("narrow", 9.0, 9.5),)).fit(windows)
    with pytest.raises(ConfigFault, match="did you mean 'entropy'"):
        BandFeatures(RATE, "entropi").fit(windows)


@pytest.mark.parametrize("name", list(CLASSICAL))
def test_a_planted_effect_is_decoded_with_a_probability_for_every_level(name):
    windows, levels = rated()
    decoder = fit_classical(make_classical(name, RATE), windows[:160], levels[:160])
    probabilities = level_probabilities(decoder, windows[160:], 5)
    assert probabilities.shape == (80, 5)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert not probabilities[:, 2].any()  # absent from the training
    assert (probabilities.argmax(axis=1) == levels[160:]).mean() > 0.45  # guessing: 0.25
    assert (probabilities.argmax(axis=1) == decoder.predict(windows[160:])).all()


@pytest.mark.parametrize("name", list(CLASSICAL))
def test_fitting_again_gives_the_same_numbers(name):
    windows, levels = rated(n=60)
    decoder = make_classical(name, RATE, random_state=3)
    first = level_probabilities(fit_classical(decoder, windows, levels), windows, 5)
    again = level_probabilities(fit_classical(clone(decoder), windows, levels), windows, 5)
    np.testing.assert_array_equal(first, again)


def test_two_levels_get_two_probabilities_in_the_order_of_the_machine():
    rng = np.random.default_rng(0)
    levels = np.arange(60) % 2
    features = rng.standard_normal((60, 3)) + 2 * levels[:, None]
    machine = SoftmaxSVC().fit(features, levels)
    probabilities = machine.predict_proba(features)
    assert probabilities.shape == (60, 2)
    assert (probabilities.argmax(axis=1) == machine.machine_.predict(features)).all()


def test_what_cannot_be_fitted_is_said():
    windows, levels = rated(n=20)
    decoder = make_classical("TS+LR", RATE)
    with pytest.raises(DataFault, match="a single level, 2"):
        fit_classical(decoder, windows, np.full(20, 2))
    with pytest.raises(DataFault, match="20 windows for 19 levels"):
        fit_classical(decoder, windows, levels[1:])
    windows[7, 1] = 0.5
    with pytest.raises(DataFault, match="channel 1 is flat in window 7"):
        fit_classical(decoder, windows, levels)
    windows[7, 1, 3] = np.nan
    with pytest.raises(DataFault, match="NaN"):
        fit_classical(decoder, windows, levels)
    with pytest.raises(ConfigFault, match="did you mean 'TS\\+LR'"):
        make_classical("TS+L", RATE)
