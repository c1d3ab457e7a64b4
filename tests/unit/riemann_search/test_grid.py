"""The grid of augmented covariances equals the direct computation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann.augmented import AugmentedCovariances
from neurodecode.riemann.grid import AugmentedCovarianceGrid


def assert_equals_direct(X, point):
    direct = AugmentedCovariances(point.order, point.lag).transform(X)
    np.testing.assert_allclose(point.matrices, direct, rtol=0, atol=1e-10 * np.abs(direct).max())


def test_every_point_equals_the_direct_matrices(make_trials):
    X, _ = make_trials(3, 4, 400)
    points = list(AugmentedCovarianceGrid(range(1, 11), [1, 3, 10]).iterate(X))
    assert len(points) == 1 + 3 * 9
    for point in points:
        assert_equals_direct(X, point)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(20, 90),
    st.integers(1, 6),
    st.integers(1, 12),
    st.floats(-1e3, 1e3),
)
def test_any_shape_and_offset_equals_the_direct_matrices(c, samples, order, lag, offset):
    X = np.random.default_rng(0).standard_normal((2, c, samples)) + offset
    for point in AugmentedCovarianceGrid(range(1, order + 1), [lag]).iterate(X):
        if point.matrices is None:
            with pytest.raises(DataFault):
                AugmentedCovariances(point.order, point.lag).transform(X)
        else:
            assert_equals_direct(X, point)


def test_order_one_is_computed_once_whatever_the_lags():
    grid = AugmentedCovarianceGrid([1, 2], [3, 2, 5])
    assert grid.points == [(1, 2), (2, 2), (2, 3), (2, 5)]


def test_singular_points_carry_a_reason_instead_of_matrices(make_trials):
    X, _ = make_trials(2, 4, 60)
    points = {p.order: p for p in AugmentedCovarianceGrid([1, 12, 20], [4]).iterate(X)}
    assert points[1].matrices is not None
    assert points[12].matrices is None
    assert points[12].reason == "singular: 48 rows (channels times order) from 12 samples"
    assert "from 0 samples" in points[20].reason


def test_bytes_needed_bounds_what_is_held():
    needed = AugmentedCovarianceGrid([1, 10], [1, 2]).bytes_needed(230, 22, 1001)
    assert 200e6 < needed < 400e6


@pytest.mark.parametrize(("orders", "lags"), [([0], [1]), ([1], [0]), ([], [1]), ([1], [])])
def test_orders_and_lags_below_one_are_refused(orders, lags):
    with pytest.raises(ConfigFault):
        AugmentedCovarianceGrid(orders, lags)
