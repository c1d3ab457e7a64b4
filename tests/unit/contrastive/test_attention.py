"""Attention depends on the layout alone, and sensors of unknown position have no influence."""

from __future__ import annotations

import math

import pytest
import torch

from neurodecode.contrastive import SpatialAttention, fourier_features
from neurodecode.faults import DataFault

NAN = float("nan")


@pytest.fixture
def attention():
    torch.manual_seed(0)
    return SpatialAttention(6, n_frequencies=4).eval()


def test_features_are_the_cosines_then_the_sines_of_the_plane_waves():
    positions = torch.tensor([[0.3, 0.9], [0.0, 1.0]], dtype=torch.float64)
    found = fourier_features(positions, n_frequencies=32)
    assert found.shape == (2, 2048)
    for k, l in [(0, 0), (1, 0), (0, 1), (5, 31), (31, 31)]:  # noqa: E741
        angle = 2 * math.pi * (k * (0.3 + 0.2) + l * (0.9 + 0.2)) / 1.4
        assert float(found[0, 32 * k + l]) == pytest.approx(math.cos(angle), abs=1e-12)
        assert float(found[0, 1024 + 32 * k + l]) == pytest.approx(math.sin(angle), abs=1e-12)


def test_single_precision_features_are_right_to_the_last_digits():
    positions = torch.rand(50, 2, generator=torch.Generator().manual_seed(0))
    exact = fourier_features(positions.double())
    assert float((fourier_features(positions) - exact).abs().max()) < 1e-6


def test_the_heads_start_with_scores_of_unit_variance():
    torch.manual_seed(0)
    heads = SpatialAttention().heads
    assert heads.shape == (270, 2048)
    assert heads.std().item() * 2048**0.5 == pytest.approx(1, abs=0.01)


def test_once_per_layout_equals_trial_by_trial(attention):
    generator = torch.Generator().manual_seed(0)
    signals = torch.randn(5, 9, 20, generator=generator)
    layouts = torch.rand(4, 9, 2, generator=generator)
    layouts[2, 4] = NAN
    index = torch.tensor([2, 0, 2, 3, 0])
    plain = attention(signals, layouts[index])
    torch.testing.assert_close(attention(signals, layouts, index), plain, atol=1e-6, rtol=1e-5)
    for trial, layout in enumerate(index.tolist()):
        alone = attention(signals[trial : trial + 1], layouts[layout])
        torch.testing.assert_close(alone[0], plain[trial], atol=1e-6, rtol=1e-5)


def test_each_layout_is_attended_to_once(attention, monkeypatch):
    shapes, weights = [], attention.weights
    monkeypatch.setattr(attention, "weights", lambda p: shapes.append(p.shape) or weights(p))
    signals = torch.randn(6, 9, 20)
    attention(signals, torch.rand(100, 9, 2), torch.tensor([7, 7, 90, 7, 90, 7]))
    attention(signals, torch.rand(9, 2))
    assert shapes == [(2, 9, 2), (1, 9, 2)]


def test_weights_of_a_virtual_channel_sum_to_one(attention):
    weights = attention.weights(torch.rand(3, 9, 2))
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 6))


@pytest.mark.parametrize("value", [1e6, NAN, float("inf")])
@pytest.mark.parametrize("unknown", [(NAN, NAN), (0.5, NAN)])
@pytest.mark.parametrize("training", [True, False])
def test_the_value_of_a_sensor_without_position_reaches_nothing(
    attention, value, unknown, training
):
    attention.train(training)
    positions = torch.rand(9, 2)
    positions[4] = torch.tensor(unknown)
    signals = torch.randn(2, 9, 20)
    altered = signals.clone()
    altered[:, 4] = value
    outputs = []
    for given in (signals, altered):
        torch.manual_seed(3)
        outputs.append(attention(given, positions))
    torch.testing.assert_close(*outputs, atol=0, rtol=0)
    outputs[0].sum().backward()
    assert attention.heads.grad.isfinite().all()


def test_a_layout_without_any_known_sensor_is_named(attention):
    positions = torch.rand(3, 9, 2)
    positions[1] = NAN
    with pytest.raises(DataFault, match=r"no sensor has a known position \[layout 1\]"):
        attention(torch.randn(3, 9, 20), positions)
    with pytest.raises(DataFault, match=r"\[layout 1\]"):
        attention(torch.randn(2, 9, 20), positions[[0, 1, 2]], torch.tensor([1, 2]))
    attention(torch.randn(2, 9, 20), positions, torch.tensor([2, 0]))


def test_training_leaves_out_the_disc_of_one_centre_for_the_batch(attention):
    attention.train()
    grid = torch.linspace(0, 1, 12)
    positions = torch.cartesian_prod(grid, grid)
    torch.manual_seed(5)
    centre = torch.rand(2)
    torch.manual_seed(5)
    weights = attention.weights(positions.expand(3, -1, -1))
    inside = (positions - centre).norm(dim=-1) <= 0.2
    assert 0 < int(inside.sum()) < len(inside)
    assert (weights[..., inside] == 0).all()
    assert (weights[..., ~inside] > 0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(3, 6))


def test_without_radius_or_in_evaluation_nothing_is_left_out(attention):
    positions = torch.rand(200, 2)
    assert (attention.weights(positions) > 0).all()
    attention.train().dropout_radius = 0.0
    assert (attention.weights(positions) > 0).all()


def test_a_layout_inside_the_disc_keeps_all_its_sensors():
    attention = SpatialAttention(6, n_frequencies=4, dropout_radius=2.0).train()
    positions = torch.rand(9, 2)
    positions[2] = NAN
    weights = attention.weights(positions)
    assert (weights[:, 2] == 0).all()
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(6))


@pytest.mark.parametrize(
    ("shape", "layouts"), [((8, 2), None), ((3, 9, 2), None), ((9, 3), None), ((1, 8, 2), [0, 0])]
)
def test_positions_that_do_not_fit_are_refused_with_both_shapes(attention, shape, layouts):
    index = None if layouts is None else torch.tensor(layouts)
    with pytest.raises(DataFault, match=r"positions of shape .* signals of shape \(2, 9, 20\)"):
        attention(torch.randn(2, 9, 20), torch.rand(shape), index)


@pytest.mark.parametrize("index", [[0, 3], [-1, 0]])
def test_a_layout_that_is_not_there_is_named(attention, index):
    with pytest.raises(DataFault, match=r"layout (3|-1) is outside 0\.\.2"):
        attention(torch.randn(2, 9, 20), torch.rand(3, 9, 2), torch.tensor(index))
