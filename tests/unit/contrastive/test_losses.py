"""Contrastive loss of Defossez et al. (2023) and its options."""

from __future__ import annotations

import pytest
import torch

from neurodecode.contrastive import ClipLoss, clip_loss, regression_loss, scores
from neurodecode.faults import ConfigFault, DataFault


@pytest.fixture
def pairs():
    generator = torch.Generator().manual_seed(0)
    estimates = torch.randn(6, 5, 8, generator=generator, dtype=torch.float64)
    candidates = torch.randn(6, 5, 8, generator=generator, dtype=torch.float64)
    return estimates, candidates


def by_hand(estimates, candidates, allowed=lambda i, j: True):
    """Return the loss of each trial, from estimates to the allowed candidates."""
    losses = []
    for i, Z in enumerate(estimates):
        exponentials = {
            j: torch.exp((Z * Y).sum() / (1e-8 + Y.square().sum().sqrt()))
            for j, Y in enumerate(candidates)
            if allowed(i, j)
        }
        losses.append(-torch.log(exponentials[i] / sum(exponentials.values())))
    return torch.stack(losses)


def test_the_loss_is_the_published_formula(pairs):
    torch.testing.assert_close(clip_loss(*pairs), by_hand(*pairs).mean())
    torch.testing.assert_close(ClipLoss()(*pairs), by_hand(*pairs).mean())


def test_a_worked_example():
    # two orthogonal candidates of norms 3 and 5: s_11 = 2, s_12 = 0, s_21 = 1, s_22 = 4
    estimates = torch.tensor([[2.0, 0.0], [1.0, 4.0]])
    candidates = torch.tensor([[3.0, 0.0], [0.0, 5.0]])
    assert scores(estimates, candidates).tolist() == [[2.0, 0.0], [1.0, 4.0]]
    expected = (torch.log1p(torch.tensor(-2.0).exp()) + torch.log1p(torch.tensor(-3.0).exp())) / 2
    torch.testing.assert_close(clip_loss(estimates, candidates), expected)


def test_only_candidates_are_normalised(pairs):
    estimates, candidates = pairs
    gains = torch.arange(1.0, 7.0, dtype=torch.float64)[:, None, None]
    torch.testing.assert_close(scores(estimates, gains * candidates), scores(*pairs))
    scaled = scores(gains * estimates, candidates)
    torch.testing.assert_close(scaled, gains[:, :, 0] * scores(*pairs))
    cosines = scores(gains * estimates, candidates, normalise_estimates=True)
    torch.testing.assert_close(cosines, scores(*pairs, normalise_estimates=True))
    assert (cosines.abs() <= 1).all()


def test_a_silent_candidate_scores_zero(pairs):
    estimates, candidates = pairs
    candidates[2] = 0
    assert (scores(estimates, candidates)[:, 2] == 0).all()
    assert clip_loss(estimates, candidates).isfinite()


def test_further_candidates_are_negatives_of_all(pairs):
    estimates, candidates = pairs
    found = clip_loss(estimates[:4], candidates)
    torch.testing.assert_close(found, by_hand(estimates[:4], candidates).mean())
    assert found > clip_loss(estimates[:4], candidates[:4])


@pytest.mark.parametrize("group_size", [2, 3, 4, 6, 9])
def test_negatives_come_from_the_own_group(pairs, group_size):
    found = ClipLoss(group_size=group_size)(*pairs)
    expected = by_hand(*pairs, lambda i, j: i // group_size == j // group_size).mean()
    torch.testing.assert_close(found, expected)


def test_the_loss_of_a_group_does_not_depend_on_the_batch(pairs):
    loss = ClipLoss(group_size=2)
    parts = [loss(*(side[start : start + 2] for side in pairs)) for start in (0, 2, 4)]
    torch.testing.assert_close(loss(*pairs), torch.stack(parts).mean())


def test_the_symmetric_loss_averages_both_directions(pairs):
    logits = scores(*pairs)
    backward = -logits.log_softmax(dim=0).diagonal().mean()
    expected = (by_hand(*pairs).mean() + backward) / 2
    torch.testing.assert_close(ClipLoss(symmetric=True)(*pairs), expected)


def test_the_temperature_divides_scores_and_can_be_learned(pairs):
    estimates, candidates = pairs
    expected = clip_loss(estimates / 0.5, candidates)
    fixed = ClipLoss(temperature=0.5)
    torch.testing.assert_close(fixed(*pairs), expected)
    assert not list(fixed.parameters())
    learned = ClipLoss(temperature=0.5, learn_temperature=True)
    learned(*pairs).backward()
    assert [parameter.grad.item() != 0 for parameter in learned.parameters()] == [True]


def test_the_same_segment_is_no_negative_of_itself(pairs):
    estimates, candidates = pairs
    segments = torch.tensor([7, 3, 7, 7, 5, 3])
    candidates = candidates[torch.tensor([0, 1, 0, 0, 4, 1])]
    found = ClipLoss(merge_duplicates=True)(estimates, candidates, segments)
    expected = by_hand(estimates, candidates, lambda i, j: i == j or segments[i] != segments[j])
    torch.testing.assert_close(found, expected.mean())
    assert found < ClipLoss()(estimates, candidates, segments)


def test_without_duplicates_merging_changes_nothing(pairs):
    segments = torch.arange(6)
    for symmetric in (True, False):
        merged = ClipLoss(merge_duplicates=True, symmetric=symmetric)(*pairs, segments)
        torch.testing.assert_close(merged, ClipLoss(symmetric=symmetric)(*pairs))


@pytest.mark.parametrize("symmetric", [True, False])
def test_a_batch_of_one_segment_has_loss_zero_and_finite_gradients(pairs, symmetric):
    estimates = pairs[0].requires_grad_()
    loss = ClipLoss(merge_duplicates=True, symmetric=symmetric)
    found = loss(estimates, pairs[1], torch.zeros(6, dtype=torch.int64))
    found.backward()
    assert found.item() == 0
    assert (estimates.grad == 0).all()


def test_gradients_are_right(pairs):
    inputs = [side[:3, :2, :3].clone().requires_grad_() for side in pairs]
    loss = ClipLoss(symmetric=True, normalise_estimates=True, group_size=2).double()
    assert torch.autograd.gradcheck(loss, inputs)
    assert torch.autograd.gradcheck(clip_loss, inputs)


def test_regression_averages_over_all_frames(pairs):
    estimates, targets = pairs
    torch.testing.assert_close(regression_loss(*pairs), ((estimates - targets) ** 2).mean())


def test_wrong_shapes_are_named(pairs):
    estimates, candidates = pairs
    with pytest.raises(DataFault, match=r"\(6, 5, 8\) .* candidates of shape \(6, 5, 7\)"):
        clip_loss(estimates, candidates[..., :7])
    with pytest.raises(DataFault, match="6 estimates but only 5 candidates"):
        clip_loss(estimates, candidates[:5])
    with pytest.raises(DataFault, match=r"\(6, 5, 8\), candidates of \(5, 5, 8\)"):
        ClipLoss()(estimates, candidates[:5])
    with pytest.raises(DataFault, match=r"\(6, 5, 8\), targets of \(6, 4, 8\)"):
        regression_loss(estimates, candidates[:, :4])
    with pytest.raises(DataFault, match=r"segments of shape \(5,\) for 6 trials"):
        ClipLoss(merge_duplicates=True)(*pairs, torch.arange(5))
    with pytest.raises(DataFault, match="segments of shape None"):
        ClipLoss(merge_duplicates=True)(*pairs)


def test_impossible_options_are_refused():
    with pytest.raises(ConfigFault, match="temperature 0 is not positive"):
        ClipLoss(temperature=0)
    with pytest.raises(ConfigFault, match="group_size 1 leaves no negative"):
        ClipLoss(group_size=1)
