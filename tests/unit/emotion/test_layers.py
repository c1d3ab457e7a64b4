"""Message passing, fusions, limits on weights and first weights do what their formulae say."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.polynomial.chebyshev import chebval

from neurodecode.emotion import MessagePassing, hierarchy, project, project_max_norm
from neurodecode.emotion.block_convolution import convolve_in_blocks
from neurodecode.emotion.front import Front, SharedFilters, n_pooled
from neurodecode.emotion.fusion import DenseFusion, SeparableFusion
from neurodecode.emotion.histn import RegionalFilters
from neurodecode.emotion.keras_conventions import batch_norm, pad_same
from neurodecode.emotion.message_passing import chebyshev_polynomials, scaled_laplacian


def test_the_scaled_spectrum_fills_minus_one_to_one():
    for region in hierarchy("G0").regions:
        spectrum = np.linalg.eigvalsh(scaled_laplacian(region.adjacency))
        np.testing.assert_allclose(spectrum[[0, -1]], [-1, 1], atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_polynomials_are_chebyshevs_on_the_spectrum(order):
    adjacency = hierarchy("G2").regions[0].adjacency
    values, vectors = np.linalg.eigh(scaled_laplacian(adjacency))
    found = chebyshev_polynomials(adjacency, order)
    assert found.shape == (order + 1, 5, 5)
    for k in range(order + 1):
        expected = vectors * chebval(values, np.eye(order + 1)[k]) @ vectors.T
        np.testing.assert_allclose(found[k], expected, atol=1e-12)


def test_graphs_without_edges_and_in_two_pieces_are_legal():
    alone = MessagePassing(np.zeros((1, 1)), 2)
    assert torch.isfinite(alone(torch.ones(2, 1, 7))).all()
    pieces = np.zeros((4, 4))
    pieces[0, 1] = pieces[1, 0] = 1
    assert np.isfinite(chebyshev_polynomials(pieces, 3)).all()


def test_messages_reach_as_far_as_the_order():
    chain = np.diag(np.ones(4), 1) + np.diag(np.ones(4), -1)
    passing = MessagePassing(chain, 2)
    signals = torch.zeros(1, 5, 1)
    signals[0, 0] = 1
    reached = passing(signals)[0, :, 0]
    assert (reached[:3] != 0).all()
    assert (reached[3:] == 0).all()


def test_a_dense_fusion_weighs_each_group_by_its_means():
    torch.manual_seed(0)
    fusion, signals = DenseFusion([2, 3]), torch.randn(4, 5, 6)
    weights, fused = fusion.weights(signals), fusion(signals)
    for group, (a, b) in enumerate([(0, 2), (2, 5)]):
        layer = fusion.attention[group]
        share = (signals[:, a:b].mean(-1) @ layer.weight.T + layer.bias).softmax(-1)
        torch.testing.assert_close(weights[:, a:b], share)
        torch.testing.assert_close(fused[:, group], (share[..., None] * signals[:, a:b]).sum(1))


def test_a_separable_fusion_hears_its_signals():
    torch.manual_seed(0)
    fusion = SeparableFusion([2, 3])
    fused = fusion(torch.randn(2, 5, 9))
    assert fused.shape == (2, 2, 9)
    assert fused.std() > 0.01
    assert sum(p.numel() for p in fusion.parameters()) == 6 * 5


def test_a_limit_moves_only_what_exceeds_it():
    weights = torch.tensor([[3.0, 4.0], [0.3, -0.4]])
    expected = torch.tensor([[0.6, 0.8], [0.3, -0.4]])
    torch.testing.assert_close(project_max_norm(weights, (1,)), expected)
    torch.testing.assert_close(project_max_norm(weights), torch.tensor([[1.0, 1.0], [0.3, -0.4]]))
    assert torch.equal(project_max_norm(weights, (1,))[1], weights[1])


def test_a_limit_keeps_the_direction_and_zero():
    weights = torch.tensor([[-5.0, 0.0], [0.0, 0.0]])
    torch.testing.assert_close(
        project_max_norm(weights, (1,)), torch.tensor([[-1.0, 0.0], [0.0, 0.0]])
    )


@pytest.mark.parametrize("options", [{}, {"fusion": "sepconv"}])
def test_all_published_limits_are_restored(network, options):
    built = network(**options)
    for parameter in built.parameters():
        torch.nn.init.constant_(parameter, 3.0)
    project(built)
    assert built.front.shared.mixing.max() == 1
    norms = built.front.own.taps.norm(dim=1)
    torch.testing.assert_close(norms, torch.ones(14))
    assert all(weight.max() == 1 for weight in built.regional.pointwise)
    free = [built.front.shared.filters, built.regional.depthwise, built.head.weight,
            built.upper.to_overall.attention[0].weight]  # fmt: skip
    assert all(torch.equal(weight, torch.full_like(weight, 3)) for weight in free)
    if options:
        assert built.upper.to_region.pointwise.max() == 1
    assert network("EEGNet").MAX_NORMS == (("spatial", (), 1.0),)


def test_an_even_kernel_is_padded_by_31_and_32():
    padded = pad_same(torch.ones(1, 1, 10), 64)[0, 0]
    assert padded.tolist() == [0] * 31 + [1] * 10 + [0] * 32


def test_first_weights_are_within_kerass_bounds_and_fill_them(network):
    built = network("HiSTN G0")
    bounds = {
        built.front.shared.filters: (64, 512), built.front.shared.mixing: (112, 8),
        built.front.own.taps: (70, 5), built.head.weight: (19, 5),
    }  # fmt: skip
    for weight, fans in bounds.items():
        bound = math.sqrt(6 / sum(fans))
        assert 0.85 * bound < weight.abs().max() <= bound
    assert built.head.bias.abs().max() == 0
    assert built.node_passing[0].weight.abs().max() <= 1  # sqrt(6 / (3 + 3))


def test_batch_norm_has_kerass_constants():
    norm = batch_norm(2)
    values = 5 + torch.randn(64, 2, 10, generator=torch.Generator().manual_seed(0))
    norm(values)
    torch.testing.assert_close(norm.running_mean, 0.01 * values.mean((0, 2)))
    assert norm.eps == 1e-3


def test_folded_filters_equal_the_two_steps_also_in_gradients():
    torch.manual_seed(0)
    layer = SharedFilters(3, 8, 64).double()
    windows = torch.randn(2, 3, 40, dtype=torch.float64)
    mixed = torch.zeros_like(windows)
    for channel in range(3):
        padded = pad_same(windows[:, channel : channel + 1], 64)
        filtered = torch.nn.functional.conv1d(padded, layer.filters[:, None])
        mixed[:, channel] = torch.einsum("f,bft->bt", layer.mixing[channel], filtered)
    _assert_same_with_gradients(layer(windows), mixed, list(layer.parameters()))


@pytest.mark.parametrize(("n_samples", "n_taps"), [(191, 64), (128, 5), (40, 40), (96, 1), (33, 2)])
def test_convolution_in_blocks_is_that_of_torch_also_in_gradients(n_samples, n_taps):
    torch.manual_seed(0)
    signals = torch.randn(2, 3, n_samples, dtype=torch.float64, requires_grad=True)
    kernels = torch.randn(3, n_taps, dtype=torch.float64, requires_grad=True)
    ours = convolve_in_blocks(signals, kernels)
    theirs = torch.nn.functional.conv1d(signals, kernels[:, None], groups=3)
    _assert_same_with_gradients(ours, theirs, [signals, kernels])


def test_folded_regional_filters_equal_exchange_taps_and_mixture_also_in_gradients():
    torch.manual_seed(0)
    layer = RegionalFilters([4, 1, 3]).double()
    signals = torch.randn(2, 8, 31, dtype=torch.float64, requires_grad=True)
    exchange = torch.randn(8, 8, dtype=torch.float64, requires_grad=True)
    filtered = torch.nn.functional.conv1d(
        pad_same(exchange @ signals, 5), layer.depthwise, groups=8
    )
    parts = zip(layer.pointwise, filtered.split_with_sizes([4, 1, 3], dim=1), strict=True)
    stepwise = torch.cat([weight @ part for weight, part in parts], dim=1)
    inputs = [signals, exchange, *layer.parameters()]
    _assert_same_with_gradients(layer(signals, exchange), stepwise, inputs)


@pytest.mark.parametrize("n_samples", [127, 128])
def test_nodes_signals_are_means_of_two_samples_and_an_odd_one_is_left_out(windows, n_samples):
    front = Front(14, dropout=0.0).eval()
    x = windows(2, n_samples=n_samples)
    signals = torch.nn.functional.elu(front.shared_norm(front.shared(x)))
    signals = torch.nn.functional.elu(front.own_norm(front.own(signals)))
    torch.testing.assert_close(front(x), torch.nn.functional.avg_pool1d(signals, 2))
    assert front(x).shape[-1] == n_pooled(n_samples)


def _assert_same_with_gradients(ours, theirs, inputs):
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)
    weight = torch.randn_like(theirs)
    gradients = (torch.autograd.grad((weight * made).sum(), inputs) for made in (ours, theirs))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-10)
