"""Directions are what they are called, chance is what constant predictions score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.mindbridge import retrieve
from neurodecode.mindbridge.retrieval import cosines


def noisy(n, n_features=40, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    target = rng.standard_normal((n, n_features))
    return target + noise * rng.standard_normal((n, n_features)), target


def test_directions_are_named_for_what_is_searched_with_what():
    # images 0 and 1 both lie nearest to brain 0; each brain lies nearest to its own image
    target = np.array([[1.0, 0.0], [0.6, 0.8]])
    predicted = np.array([[0.95, 0.31], [-0.6, 0.8]])
    found = retrieve(predicted, target, set_size=2)
    similarity = cosines(predicted, target)
    assert (similarity.argmax(axis=1) == [0, 1]).all()
    assert (similarity.argmax(axis=0) == [0, 0]).all()
    assert found.brain_to_image.accuracy == 1
    assert found.image_to_brain.accuracy == 0.5


def test_perfect_predictions_of_any_length_are_all_found():
    _, target = noisy(20)
    found = retrieve(3 * target, target, set_size=10, n_sets=5)
    assert found.brain_to_image.by_set.tolist() == [1] * 5
    assert found.image_to_brain.by_set.tolist() == [1] * 5


def test_constant_predictions_score_exactly_chance():
    _, target = noisy(30)
    found = retrieve(np.ones_like(target), target, set_size=10, n_sets=7)
    np.testing.assert_allclose(found.image_to_brain.by_set, found.chance)
    np.testing.assert_allclose(found.brain_to_image.by_set, found.chance)


def test_random_predictions_score_near_chance():
    rng = np.random.default_rng(0)
    predicted, target = rng.standard_normal((2, 400, 50))
    found = retrieve(predicted, target, set_size=20, n_sets=200)
    assert found.chance == 1 / 20
    for direction in (found.brain_to_image, found.image_to_brain):
        assert direction.accuracy == pytest.approx(found.chance, abs=0.015)


def test_smaller_sets_are_easier():
    predicted, target = noisy(200, noise=3.0)
    accuracies = [retrieve(predicted, target, set_size=n).brain_to_image.accuracy
                  for n in (10, 50, 200)]  # fmt: skip
    assert accuracies == sorted(accuracies, reverse=True)
    assert accuracies[0] > accuracies[-1] + 0.1


def test_sets_depend_on_the_seed_alone():
    predicted, target = noisy(60, noise=3.0)
    first, again, other = (
        retrieve(predicted, target, set_size=20, seed=seed) for seed in (1, 1, 2)
    )
    assert first.brain_to_image.by_set.tolist() == again.brain_to_image.by_set.tolist()
    assert first.brain_to_image.by_set.tolist() != other.brain_to_image.by_set.tolist()
    assert len(first.brain_to_image.by_set) == 30


def test_fewer_stimuli_than_a_set_are_one_set_with_their_own_chance():
    predicted, target = noisy(50)
    found = retrieve(predicted, target)
    assert found.set_size == 50
    assert found.chance == 1 / 50
    assert len(found.brain_to_image.by_set) == 1


def test_hits_by_query_say_the_same_as_hits_by_set():
    predicted, target = noisy(40, noise=3.0)
    found = retrieve(predicted, target, set_size=40).brain_to_image
    assert found.by_query.mean() == pytest.approx(found.accuracy)
    drawn = retrieve(predicted, target, set_size=3, n_sets=2).brain_to_image
    assert np.isnan(drawn.by_query).sum() >= 34


@given(seed=st.integers(0, 99), order=st.permutations(range(8)))
def test_the_order_of_stimuli_does_not_matter(seed, order):
    predicted, target = noisy(8, 5, noise=2.0, seed=seed)
    found, mixed = retrieve(predicted, target), retrieve(predicted[order], target[order])
    assert mixed.brain_to_image.accuracy == pytest.approx(found.brain_to_image.accuracy)
    np.testing.assert_allclose(mixed.image_to_brain.by_query, found.image_to_brain.by_query[order])


def test_tokens_are_flattened_and_tensors_are_taken():
    predicted, target = noisy(6, 12)
    tokens = [torch.from_numpy(x.reshape(6, 3, 4)) for x in (predicted, target)]
    np.testing.assert_array_equal(cosines(*tokens), cosines(predicted, target))


def test_features_in_blocks_give_the_same_cosines(monkeypatch):
    predicted, target = noisy(6, 37)
    whole = cosines(predicted, target)
    monkeypatch.setattr("neurodecode.mindbridge.retrieval.BLOCK_BYTES", 8 * 6 * 5)
    np.testing.assert_allclose(cosines(predicted, target), whole, atol=1e-14)
    expected = predicted @ target.T
    expected /= np.outer(np.linalg.norm(predicted, axis=1), np.linalg.norm(target, axis=1))
    np.testing.assert_allclose(whole, expected, atol=1e-14)


def test_what_cannot_be_ranked_is_refused():
    predicted, target = noisy(5)
    with pytest.raises(DataFault, match=r"shape \(5, 40\), targets of \(4, 40\)"):
        retrieve(predicted, target[:4])
    with pytest.raises(DataFault, match="two or more stimuli"):
        retrieve(predicted[:1], target[:1])
    with pytest.raises(ConfigFault, match="30 sets of 1 stimuli"):
        retrieve(predicted, target, set_size=1)
    for bad in (0.0, np.nan):
        spoilt = predicted.copy()
        spoilt[3] = bad
        with pytest.raises(DataFault, match=r"a prediction is zero or not finite \[stimulus 3\]"):
            retrieve(spoilt, target)
