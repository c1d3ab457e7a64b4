"""Voxels are pooled by the published index rule, repetitions after pooling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from neurodecode.faults import DataFault
from neurodecode.mindbridge import aggregate, pool_repetitions
from neurodecode.mindbridge.aggregation import window_edges

NSD = {15724: (664, 7528), 14278: (2108, 6084), 13039: (3346, 4846), 12682: (3704, 4488)}
"""Voxels of subjects 1, 2, 5 and 7, and how many windows have two and three voxels."""


@pytest.mark.parametrize(("n_voxels", "counts"), NSD.items())
def test_published_subjects_have_the_known_windows_of_two_and_three_voxels(n_voxels, counts):
    first, end = window_edges(n_voxels, 8192)
    assert np.unique(end - first, return_counts=True)[1].tolist() == list(counts)
    assert set(end - first) == {2, 3}


@pytest.mark.parametrize(
    ("n_voxels", "mean"), [(15724, 0.818), (14278, 0.769), (13039, 0.727), (12682, 0.722)]
)
def test_pooled_noise_lies_above_zero_as_much_as_known(n_voxels, mean):
    noise = np.random.default_rng(0).standard_normal((20, n_voxels))
    assert aggregate(noise, 8192).mean() == pytest.approx(mean, abs=0.01)


@given(n_voxels=st.integers(1, 90), size=st.integers(1, 90), seed=st.integers(0, 99))
def test_max_and_mean_equal_adaptive_pooling_for_any_sizes(n_voxels, size, seed):
    values = torch.randn(2, 3, n_voxels, generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(
        aggregate(values, size), functional.adaptive_max_pool1d(values, size), atol=0, rtol=0
    )
    torch.testing.assert_close(
        aggregate(values, size, "mean"), functional.adaptive_avg_pool1d(values, size)
    )


@given(n_voxels=st.integers(1, 90), size=st.integers(1, 90), seed=st.integers(0, 99))
def test_linear_equals_interpolation_without_aligned_corners(n_voxels, size, seed):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(2, 3, n_voxels, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(
        aggregate(values, size, "linear"),
        functional.interpolate(values, size=size, mode="linear", align_corners=False),
    )


@pytest.mark.parametrize("method", ["max", "mean", "linear"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16"])
def test_arrays_give_arrays_and_tensors_the_same_tensors(method, dtype):
    values = (10 * np.random.default_rng(1).standard_normal((2, 3, 25))).astype(dtype)
    pooled = aggregate(values, 8, method)
    tensor = aggregate(torch.from_numpy(values), 8, method)
    assert isinstance(pooled, np.ndarray)
    assert pooled.shape == (2, 3, 8)
    assert pooled.dtype == (np.float64 if dtype == "float64" else np.float32)
    np.testing.assert_array_equal(tensor.numpy(), pooled)


@pytest.mark.parametrize("method", ["max", "mean", "linear"])
def test_pooling_to_the_same_size_changes_nothing(method):
    values = np.random.default_rng(1).standard_normal((4, 16))
    np.testing.assert_array_equal(aggregate(values, 16, method), values)


def test_gradients_reach_the_largest_voxel_alone():
    values = torch.tensor([[1.0, 4.0, 2.0, 0.0]], requires_grad=True)
    aggregate(values, 2).sum().backward()
    assert values.grad.tolist() == [[0, 1, 1, 0]]


def test_repetitions_are_pooled_before_they_are_averaged():
    values = np.random.default_rng(2).standard_normal((5, 3, 40))
    pooled = pool_repetitions(values, 16)
    each = np.stack([aggregate(values[:, i], 16) for i in range(3)])
    np.testing.assert_allclose(pooled, each.mean(axis=0))
    assert (pooled >= aggregate(values.mean(axis=1), 16)).all()
    torch.testing.assert_close(
        pool_repetitions(torch.from_numpy(values), 16), torch.from_numpy(pooled)
    )


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_voxels_without_a_value_are_counted_and_the_first_is_named(bad, kind):
    values = np.zeros((3, 2, 10))
    values[1, 0, [4, 7]] = bad
    values[2, 1, 7] = bad
    message = r"3 values of 2 voxels .* first at voxel 4 of response 2 \[subject 1\]"
    with pytest.raises(DataFault, match=message):
        aggregate(kind(values), 4, where="subject 1")


def test_what_cannot_be_pooled_is_refused():
    with pytest.raises(DataFault, match="did you mean 'mean'"):
        aggregate(np.zeros((2, 4)), 2, "meen")
    for method in ("max", "linear"):
        with pytest.raises(DataFault, match="0 voxels cannot be pooled"):
            aggregate(np.zeros((2, 0)), 2, method)
    with pytest.raises(DataFault, match="no repetitions"):
        pool_repetitions(np.zeros((2, 0, 4)), 2)
