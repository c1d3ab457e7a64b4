"""The robust scaler is the published one: quartiles without interpolation, per channel, clamped."""

from __future__ import annotations

import json

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.signals.robust import RobustScaler, floor_quantile, subtract_baseline


def windows(n=4, n_channels=3, n_samples=50, seed=0):
    return np.random.default_rng(seed).standard_normal((n, n_channels, n_samples))


@pytest.mark.parametrize(
    ("n", "q", "place"),
    [
        (8, 0.25, 2),
        (9, 0.25, 2),
        (11, 0.25, 2),
        (10, 0.5, 5),
        (7, 0.75, 5),
        (4, 0.99, 3),
        (1, 1, 0),
    ],
)
def test_a_quantile_is_the_sorted_value_at_index_floor_q_n(n, q, place):
    assert floor_quantile(np.arange(n) * 10.0, q) == place * 10


def test_the_scaler_is_that_of_each_channel_over_all_windows():
    found = RobustScaler.fit(windows())
    for channel in range(3):
        ordered = np.sort(windows()[:, channel].astype(np.float32).ravel())
        assert found.median[channel] == ordered[100]
        assert found.iqr[channel] == ordered[150] - ordered[50]
    assert found.n_windows == 4


def test_scaled_training_windows_have_median_0_and_range_1():
    scaler = RobustScaler.fit(windows() * [[1], [100], [1e-3]] + [[5], [0], [-1]])
    scaled = scaler.transform(windows() * [[1], [100], [1e-3]] + [[5], [0], [-1]], clamp=None)
    again = RobustScaler.fit(scaled)
    np.testing.assert_allclose(again.median, 0, atol=1e-4)
    np.testing.assert_allclose(again.iqr, 1, atol=1e-4)


def test_a_constant_channel_is_divided_by_one():
    spoilt = windows()
    spoilt[:, 1] = 7.0
    scaler = RobustScaler.fit(spoilt)
    assert scaler.iqr[1] == 1
    scaled = scaler.transform(spoilt)
    assert np.isfinite(scaled).all()
    assert (scaled[:, 1] == 0).all()


def test_values_are_clamped_not_rejected():
    signals = np.zeros((1, 3, 4))
    signals[0, 0] = [1e6, -1e6, 20.0, 3.0]
    scaler = RobustScaler(np.zeros(3, np.float32), np.ones(3, np.float32), 1)
    assert scaler.transform(signals)[0, 0].tolist() == [20, -20, 20, 3]
    assert scaler.transform(signals, clamp=100)[0, 0].tolist() == [100, -100, 20, 3]
    assert scaler.transform(signals, clamp=None)[0, 0, 0] == 1e6


def test_windows_that_are_given_stay_as_they_are():
    given = windows().astype(np.float32) * 100
    before = given.copy()
    RobustScaler.fit(given).transform(given)
    subtract_baseline(given, 10)
    np.testing.assert_array_equal(given, before)


def test_the_baseline_is_the_mean_of_the_first_samples_of_each_window_and_channel():
    found = subtract_baseline(windows(n_samples=361), 61)
    np.testing.assert_allclose(found[..., :61].mean(axis=-1), 0, atol=1e-7)
    expected = windows(n_samples=361) - windows(n_samples=361)[..., :61].mean(-1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_large_offset_costs_no_precision_of_the_baseline():
    rounded = np.float32(1e5) + np.zeros((1, 1, 361), np.float32)
    assert not subtract_baseline(rounded, 61).any()


def test_without_a_baseline_nothing_is_subtracted():
    np.testing.assert_array_equal(subtract_baseline(windows(), 0), windows().astype(np.float32))


def test_a_scaler_comes_back_from_json_the_same():
    scaler = RobustScaler.fit(windows())
    again = RobustScaler.from_dict(json.loads(json.dumps(scaler.to_dict())))
    np.testing.assert_array_equal(again.transform(windows()), scaler.transform(windows()))
    assert again.n_windows == 4


def test_no_window_is_a_fault():
    with pytest.raises(DataFault, match="no training window"):
        RobustScaler.fit(windows()[:0])
