"""The fast convolution is a convolution."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from neurodecode.contrastive.winograd import WinogradConv1d


def twins(n_inputs, n_outputs, kernel=3, dilation=1):
    """Return the fast convolution and PyTorch's, in double precision, with equal parameters."""
    torch.manual_seed(0)
    fast = WinogradConv1d(n_inputs, n_outputs, kernel, dilation=dilation, smallest=1)
    padding = dilation * (kernel // 2)
    plain = nn.Conv1d(n_inputs, n_outputs, kernel, dilation=dilation, padding=padding)
    plain.load_state_dict(fast.state_dict())
    return fast, plain.double()


@settings(max_examples=40)
@given(
    n_trials=st.integers(1, 3),
    n_inputs=st.integers(1, 5),
    n_outputs=st.integers(1, 5),
    length=st.integers(1, 70),
    dilation=st.sampled_from([1, 2, 3, 4, 8, 16]),
)
def test_outputs_and_gradients_are_those_of_a_convolution(
    n_trials, n_inputs, n_outputs, length, dilation
):
    fast, plain = twins(n_inputs, n_outputs, dilation=dilation)
    signals = torch.randn(n_trials, n_inputs, length, requires_grad=True)
    found, expected = fast(signals), plain(signals.double())
    assert type(found.grad_fn).__name__ == "_WinogradBackward"
    torch.testing.assert_close(found.double(), expected, atol=1e-5, rtol=1e-5)
    weights = torch.randn_like(found)
    of_fast = torch.autograd.grad(found, [signals, *fast.parameters()], weights)
    of_plain = torch.autograd.grad(expected, [signals, *plain.parameters()], weights.double())
    for one, other in zip(of_fast, of_plain, strict=True):
        spread = 1 + float(other.abs().max())
        assert float((one.double() - other).abs().max()) < 1e-5 * spread


def test_rounding_stays_below_1e_5_at_the_published_width():
    fast, plain = twins(320, 640)
    signals = torch.randn(2, 320, 361)
    expected = plain(signals.double()).detach()
    found = fast(signals).detach().double()
    assert float((found - expected).abs().max() / expected.std()) < 2e-5
    assert float((found - expected).std() / expected.std()) < 5e-6


def test_gradients_that_nobody_needs_are_not_computed():
    fast, _ = twins(3, 4)
    fast.requires_grad_(False)
    signals = torch.randn(2, 3, 20, requires_grad=True)
    fast(signals).sum().backward()
    assert signals.grad is not None
    assert fast.weight.grad is None


@pytest.mark.parametrize("case", ["evaluation", "double", "five taps", "autocast"])
def test_all_else_takes_the_way_of_pytorch(case):
    fast, _ = twins(3, 4, kernel=5 if case == "five taps" else 3)
    signals = torch.randn(2, 3, 20)
    if case == "evaluation":
        fast.eval()
    if case == "double":
        fast, signals = fast.double(), signals.double()
    with torch.autocast("cpu", enabled=case == "autocast"):
        output = fast(signals)
    assert type(output.grad_fn).__name__ == "ConvolutionBackward0"
    assert output.shape == (2, 4, 20)
