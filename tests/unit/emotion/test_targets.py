"""Each kind of target has its published loss, and probabilities of levels that sum to 1."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
from scipy import stats

from neurodecode.emotion import balancing_weights, make_target, smooth_labels
from neurodecode.emotion.config_model import TargetKind
from neurodecode.emotion.targets import truncated_noise
from neurodecode.faults import ConfigFault, DataFault

KINDS = get_args(TargetKind)
LEVELS = torch.tensor([0, 4, 2, 2])
N_OUTPUTS = {"smoothed": 5, "one-hot": 5, "regression": 1, "mixture": 15, "gaussian": 2}


def outputs_of(target, n=4, seed=0):
    return torch.randn(n, target.n_outputs, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_sum_to_one(kind):
    target = make_target(kind)
    assert target.n_outputs == N_OUTPUTS[kind]
    found = target.probabilities(10 * outputs_of(target, 50))
    assert found.shape == (50, 5)
    assert found.min() >= 0
    torch.testing.assert_close(found.sum(1), torch.ones(50))


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_down_the_gradient_lowers_the_validation_loss(kind):
    target = make_target(kind)
    outputs = outputs_of(target).requires_grad_()
    before = target.validation_loss(outputs, LEVELS)
    (gradient,) = torch.autograd.grad(before, outputs)
    assert target.validation_loss(outputs - 0.01 * gradient, LEVELS) < before


@pytest.mark.parametrize("kind", KINDS)
def test_weights_multiply_the_loss_of_their_level(kind, monkeypatch):
    monkeypatch.setattr("neurodecode.emotion.targets.truncated_noise", torch.zeros)
    target, weights = make_target(kind), torch.tensor([2.0, 9, 3, 9, 1])
    outputs = outputs_of(target)
    rows = [target.loss(outputs[k : k + 1], LEVELS[k : k + 1]) for k in range(4)]
    expected = sum(w * loss for w, loss in zip((2, 1, 3, 3), rows, strict=True)) / 4
    torch.testing.assert_close(target.loss(outputs, LEVELS, weights), expected)


def test_cross_entropy_is_with_smoothed_labels_in_training_and_hard_ones_in_validation():
    target = make_target("smoothed")
    outputs = outputs_of(target)
    log = outputs.log_softmax(1)
    smoothed = torch.as_tensor(smooth_labels(LEVELS.numpy())).float()
    torch.testing.assert_close(target.loss(outputs, LEVELS), -(smoothed * log).sum(1).mean())
    hard = torch.nn.functional.cross_entropy(outputs, LEVELS)
    torch.testing.assert_close(target.validation_loss(outputs, LEVELS), hard)
    torch.testing.assert_close(make_target("one-hot").loss(outputs, LEVELS), hard)


def test_regression_is_of_the_rating_scaled_to_minus_one_and_one():
    target = make_target("regression")
    outputs = torch.tensor([[0.3], [2.0], [-0.1], [0.0]])
    expected = (outputs[:, 0].tanh() - (LEVELS - 2) / 2).abs().mean()
    torch.testing.assert_close(target.loss(outputs, LEVELS), expected)
    nearest = (2 * outputs[:, 0].tanh() + 2).round().long()
    assert torch.equal(target.probabilities(outputs).argmax(1), nearest)


def test_a_mixtures_density_and_masses_are_those_of_its_gaussians():
    target = make_target("mixture", n_classes=5)
    outputs = 2 * outputs_of(target, 3, seed=1).double()
    location, raw, logits = (part.numpy() for part in outputs.split(5, dim=1))
    scale = 1e-3 + np.log1p(np.exp(0.05 * raw))
    share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    levels = np.array([0, 3, 4])
    density = (share * stats.norm.pdf(levels[:, None], location, scale)).sum(1)
    found = target.validation_loss(outputs, torch.as_tensor(levels))
    assert found.item() == pytest.approx(-np.log(density).mean(), rel=1e-6)
    edges = [-np.inf, 0.5, 1.5, 2.5, 3.5, np.inf]
    below = np.stack([(share * stats.norm.cdf(e, location, scale)).sum(1) for e in edges], 1)
    np.testing.assert_allclose(target.probabilities(outputs).numpy(), np.diff(below), atol=1e-7)


def test_noise_on_labels_is_normal_and_cut():
    torch.manual_seed(0)
    noise = truncated_noise((20_000,)).double().numpy()
    assert np.abs(noise).max() <= 0.2
    expected = stats.truncnorm(-2, 2, scale=0.1)
    assert stats.kstest(noise, expected.cdf).pvalue > 0.01


def test_classes_are_balanced_and_absent_ones_count_once():
    weights = balancing_weights([0, 0, 0, 0, 1, 1, 3], 5)
    assert weights.tolist() == [1, 2, 1, 4, 1]


@pytest.mark.parametrize("levels", [[], [5], [-1]])
def test_levels_that_are_none_are_refused(levels):
    with pytest.raises(DataFault, match="levels of 5 classes"):
        balancing_weights(levels)


def test_an_unknown_kind_is_answered_with_the_nearest():
    with pytest.raises(
        ConfigFault, match="unknown kind of target 'smooth', did you mean 'smoothed'"
    ):
        make_target("smooth")
