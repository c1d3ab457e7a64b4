"""The terms are the published ones, whatever each subject's share of the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cosine_similarity

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge import (
    LossSection,
    cycle_loss,
    normalised_mse,
    reconstruction_loss,
    soft_clip_loss,
)
from neurodecode.mindbridge.losses import Rows, bridge_terms, draw_pair, weighted_sum
from neurodecode.mindbridge.module import join_subjects


def pair(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator), torch.randn(*shape, generator=generator)


def restated(predicted, target, temperature):
    """Return the soft contrastive loss in loops and double precision."""
    P, T = (x.double().flatten(1) for x in (predicted, target))
    P, T = (x / x.norm(dim=1, keepdim=True) for x in (P, T))
    total = 0.0
    for i in range(len(P)):
        label = torch.tensor([T[i] @ t / temperature for t in T]).softmax(0)
        forth = torch.tensor([P[i] @ t / temperature for t in T]).log_softmax(0)
        back = torch.tensor([p @ T[i] / temperature for p in P]).log_softmax(0)
        total -= (label * (forth + back)).sum().item() / 2
    return total / len(P)


@pytest.mark.parametrize("temperature", [0.005, 0.1, 1.0])
def test_soft_clip_is_the_stated_formula(temperature):
    predicted, target = pair(6, 3, 4)
    found = soft_clip_loss(predicted, target, temperature).item()
    assert found == pytest.approx(restated(predicted, target, temperature), rel=1e-4)


def test_soft_clip_is_not_symmetric_in_its_arguments():
    predicted, target = pair(6, 8)
    assert soft_clip_loss(predicted, target, 0.1) != soft_clip_loss(target, predicted, 0.1)


def test_soft_clip_of_a_perfect_prediction_is_the_entropy_of_its_labels():
    _, target = pair(6, 8)
    T = target / target.norm(dim=1, keepdim=True)
    labels = (T @ T.T / 0.3).softmax(dim=1)
    entropy = -(labels * labels.log()).sum(dim=1).mean()
    assert entropy > 0.1
    torch.testing.assert_close(soft_clip_loss(target, target, 0.3), entropy)


@given(scale=st.floats(0.01, 100), seed=st.integers(0, 99))
def test_embedding_losses_do_not_depend_on_lengths(scale, seed):
    predicted, target = pair(5, 8, seed=seed)
    for loss in (soft_clip_loss, normalised_mse):
        torch.testing.assert_close(
            loss(scale * predicted, target), loss(predicted, target), rtol=1e-3, atol=1e-5
        )


def test_soft_clip_keeps_single_precision_under_half_precision_training():
    predicted, target = pair(6, 64)
    with torch.autocast("cpu", torch.bfloat16):
        half = soft_clip_loss(predicted, target)
    assert half.dtype == torch.float32
    assert torch.equal(half, soft_clip_loss(predicted, target))


@pytest.mark.parametrize(("n_features", "factor"), [(257 * 768, 0.1013), (77 * 768, 0.3382)])
def test_published_weight_gives_the_known_factors_of_one_minus_cosine(n_features, factor):
    predicted, target = pair(2, n_features)
    distance = 1 - cosine_similarity(predicted, target).mean()
    found = LossSection().mse * normalised_mse(predicted, target)
    assert (found / distance).item() == pytest.approx(factor, abs=5e-5)


def test_published_weights_and_temperature_are_the_default():
    assert LossSection().model_dump() == {
        "temperature": 0.005, "soft_clip": 1, "mse": 1e4, "reconstruction": 1, "cycle": 1,
    }  # fmt: skip


@pytest.fixture
def rows(bridge, new_batch):
    """Return a model and a batch to which subjects contribute 5, 2 and 1 rows."""
    model = bridge().eval()
    batches = [new_batch("1", 5, seed=1), new_batch("2", 2, seed=2), new_batch("5", 1, seed=3)]
    return model, batches, join_subjects(batches, model.subjects)


def test_unequal_numbers_of_rows_stay_with_their_subjects(rows):
    model, batches, joined = rows
    terms, _ = bridge_terms(model, joined, pair=("2", "5"))
    embedded = [model.embed(batch["pooled"], batch["subject"]) for batch in batches]
    rebuilt = [model.build(e, b["subject"]) for e, b in zip(embedded, batches, strict=True)]
    decoded = model.decode(torch.cat(embedded))
    by_hand = {
        "image_soft_clip": soft_clip_loss(decoded.image, joined.image),
        "image_mse": normalised_mse(decoded.image, joined.image),
        "text_soft_clip": soft_clip_loss(decoded.text, joined.text),
        "text_mse": normalised_mse(decoded.text, joined.text),
        "reconstruction": (torch.cat(rebuilt) - joined.pooled).square().mean(),
        "cycle": (model.embed(model.build(embedded[1], "5"), "5") - embedded[1]).square().mean(),
    }
    assert list(terms) == list(by_hand)
    for name, value in by_hand.items():
        torch.testing.assert_close(terms[name], value, msg=name)


def test_the_order_of_rows_changes_no_term(rows):
    model, _, joined = rows
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    mixed = Rows(*(values[order] for values in joined))
    for name, value in bridge_terms(model, joined, pair=("1", "2"))[0].items():
        torch.testing.assert_close(bridge_terms(model, mixed, pair=("1", "2"))[0][name], value)


def test_the_cycle_moves_both_sides(bridge):
    model = bridge().eval()
    embedding = model.embed(torch.randn(4, 16), "1")
    cycle_loss(model, embedding, "2").backward()
    for part in (model.embedders["1"], model.embedders["2"], model.builders["2"]):
        assert part.linear.weight.grad.abs().sum() > 0
    assert model.builders["1"].linear.weight.grad is None
    assert model.translator.blocks[0][0].weight.grad is None


def test_cosines_are_those_of_flattened_targets(rows):
    model, _, joined = rows
    _, cosines = bridge_terms(model, joined)
    image = model.decode(model.embed(joined.pooled, joined.subject)).image
    expected = cosine_similarity(image.flatten(1), joined.image.flatten(1)).mean()
    torch.testing.assert_close(cosines["image"], expected.detach())
    assert not cosines["image"].requires_grad


def test_a_model_without_text_head_or_builders_has_fewer_terms(bridge, new_batch):
    model = bridge(text_shape=None)
    joined = join_subjects([new_batch("1", 3, text=False)], model.subjects)
    assert list(bridge_terms(model, joined)[0]) == [
        "image_soft_clip",
        "image_mse",
        "reconstruction",
    ]
    single = bridge(("1",), builders=False)
    joined = join_subjects([new_batch("1", 3)], single.subjects)
    names = ["image_soft_clip", "image_mse", "text_soft_clip", "text_mse"]
    assert list(bridge_terms(single, joined)[0]) == names


def test_the_total_is_the_weighted_sum_and_a_weight_of_zero_switches_off():
    terms = {"image_soft_clip": torch.tensor(2.0), "image_mse": torch.tensor(3.0),
             "cycle": torch.tensor(float("inf"))}  # fmt: skip
    weights = LossSection(soft_clip=0.5, mse=10, cycle=0)
    assert weighted_sum(terms, weights).item() == 31
    with pytest.raises(ConfigFault, match="weight 0"):
        weighted_sum({"cycle": torch.tensor(1.0)}, weights)


def test_pairs_are_ordered_random_and_equally_likely():
    rng = np.random.default_rng(0)
    drawn = [draw_pair(["1", "2", "5"], rng) for _ in range(3000)]
    kinds, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(kinds) == 6
    assert all(a != b for a, b in kinds.tolist())
    assert counts.min() > 430
    again = np.random.default_rng(0)
    assert drawn[:20] == [draw_pair(["1", "2", "5"], again) for _ in range(20)]


def test_the_pair_of_a_new_subject_ends_with_it():
    rng = np.random.default_rng(0)
    found = {draw_pair(["1", "7", "2"], rng, target="7") for _ in range(50)}
    assert found == {("1", "7"), ("2", "7")}
    assert draw_pair(["7"], rng, target="7") is None
    assert draw_pair(["7"], rng) is None


def test_targets_that_do_not_fit_are_refused(bridge, new_batch):
    model, batch = bridge(), new_batch("1", 3)
    with pytest.raises(DataFault, match="text head, the data no text targets"):
        bridge_terms(model, join_subjects([{**batch, "text": None}], model.subjects))
    with pytest.raises(DataFault, match=r"predictions of shape \(3, 3, 4\), targets of \(3, 5\)"):
        bridge_terms(model, join_subjects([{**batch, "image": torch.ones(3, 5)}], model.subjects))
    with pytest.raises(DataFault, match=r"no text targets, others have them \[subject 2\]"):
        join_subjects([batch, new_batch("2", 3, text=False)], model.subjects)
    with pytest.raises(DataFault, match="differ in shape"):
        join_subjects([batch, {**new_batch("2", 2), "image": torch.ones(2, 5)}], model.subjects)
    with pytest.raises(ConfigFault, match="unknown subject '9'"):
        join_subjects([new_batch("9", 3)], model.subjects)
    with pytest.raises(DataFault, match="rebuilt ones"):
        reconstruction_loss(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(ConfigFault, match="not positive"):
        soft_clip_loss(torch.ones(2, 3), torch.ones(2, 3), 0)
