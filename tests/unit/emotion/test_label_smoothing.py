"""Smoothed labels are the published ones."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.emotion import smooth_labels
from neurodecode.faults import ConfigFault, DataFault

TABLE = [
    [0.8805, 0.1192, 0.0003, 0, 0],
    [0.1065, 0.7868, 0.1065, 0.0003, 0],
    [0.0003, 0.1065, 0.7866, 0.1065, 0.0003],
    [0, 0.0003, 0.1065, 0.7868, 0.1065],
    [0, 0, 0.0003, 0.1192, 0.8805],
]


def test_rows_are_the_published_ones():
    np.testing.assert_allclose(smooth_labels(np.arange(5)), TABLE, atol=5.1e-5)


def test_labels_of_any_shape_sum_to_one():
    smoothed = smooth_labels([[0, 1, 2], [2, 1, 0]], n_classes=3, sigma=1.3)
    assert smoothed.shape == (2, 3, 3)
    np.testing.assert_allclose(smoothed.sum(-1), 1)


@pytest.mark.parametrize("sigma", [0, 1e-200, 1e-3])
def test_a_vanishing_sigma_gives_one_hot(sigma):
    assert np.array_equal(smooth_labels([3, 0], sigma=sigma), np.eye(5)[[3, 0]])


def test_a_large_sigma_gives_nearly_uniform_labels():
    np.testing.assert_allclose(smooth_labels([4], sigma=1e4), 0.2, atol=1e-6)


@pytest.mark.parametrize("level", [5, -1, 1.5, np.nan])
def test_a_level_that_is_none_is_refused(level):
    with pytest.raises(DataFault, match=f"a level of {level} among 5"):
        smooth_labels([0, level])


@pytest.mark.parametrize("options", [{"sigma": -1}, {"sigma": np.nan}, {"n_classes": 1}])
def test_settings_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigFault):
        smooth_labels([0], **options)
