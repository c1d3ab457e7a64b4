"""Expected counts have the mean of the draws, and calibrated intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.spikes import RateCalibration, SamplingSection, expected_counts, generate


def test_expected_counts_have_the_mean_of_the_draws_and_vary_less(config, recording, model):
    settings = config()
    network, windows = model(settings, spread=0.05), recording(settings)
    expected = expected_counts(network, windows, n_draws=200)
    again = expected_counts(network, windows, n_draws=200, seed=1)
    draws = generate(network, windows, n_draws=200, sampling=SamplingSection.unfiltered(), seed=2)
    counts = draws.counts().mean(axis=1)
    np.testing.assert_allclose(expected, counts, atol=0.4)
    assert expected.mean() == pytest.approx(counts.mean(), rel=0.03)
    assert np.abs(expected - again).mean() < np.abs(expected - counts).mean()


def counts_of(rng, expected, *, gain=1.0, exponent=1.0, dispersion=0.4):
    mean = gain * expected**exponent
    return rng.poisson(mean * rng.gamma(1 / dispersion, dispersion, mean.shape))


def test_calibration_finds_gain_exponent_and_dispersion():
    rng = np.random.default_rng(0)
    expected = rng.uniform(0.05, 3, (3000, 5))
    observed = counts_of(rng, expected, gain=0.5, exponent=0.8)
    found = RateCalibration.fit(expected, observed)
    assert np.exp(found.log_gain) == pytest.approx(0.5, rel=0.05)
    assert found.exponent == pytest.approx(0.8, rel=0.08)
    assert found.dispersion == pytest.approx(0.4, rel=0.25)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_cover_new_counts_as_often_as_they_promise(level):
    rng = np.random.default_rng(1)
    expected = rng.uniform(2, 20, (2000, 4))
    calibration = RateCalibration.fit(expected, counts_of(rng, expected, gain=1.5))
    fresh = counts_of(rng, expected, gain=1.5)
    low, high = calibration.interval(expected, level)
    covered = ((fresh >= low) & (fresh <= high)).mean()
    assert level <= covered < level + 0.08


def test_calibration_gives_held_out_counts_a_larger_likelihood():
    rng = np.random.default_rng(2)
    expected = rng.uniform(0, 2, (800, 4))
    observed = counts_of(rng, expected + 1e-3, gain=0.3)
    fitted = RateCalibration.fit(expected[:400], observed[:400])
    plain = RateCalibration(0.0, 1.0, 1e-4)
    held = (expected[400:], observed[400:])
    assert fitted.log_likelihood(*held).mean() > plain.log_likelihood(*held).mean() + 0.1


def test_calibration_needs_spikes_and_equal_shapes():
    with pytest.raises(DataFault, match="no spike"):
        RateCalibration.fit(np.ones((3, 2)), np.zeros((3, 2), int))
    with pytest.raises(DataFault, match="expected counts of shape"):
        RateCalibration.fit(np.ones((3, 2)), np.ones((3, 1), int))
