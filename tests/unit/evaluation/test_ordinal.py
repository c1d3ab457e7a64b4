"""Ordinal metrics: worked values, scikit-learn's, and what no information reaches."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score, top_k_accuracy_score

from neurodecode.evaluation import (
    ORDINAL_METRICS,
    level_confusion,
    ordinal_score,
    sequential_top2_hit_rate,
    top_two,
    tri_p,
)
from neurodecode.evaluation.ordinal import answer_table, ordinal_metric
from neurodecode.evaluation.ordinal_chance import (
    chance_levels,
    ordinal_chance,
    shuffled_chance,
    uniform_chance,
)
from neurodecode.faults import ConfigFault, DataFault

N_CLASSES = 5


def drawn(n=400, seed=0, present=N_CLASSES):
    """Return probabilities that know a little of the levels."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(present, size=n)
    logits = rng.standard_normal((n, N_CLASSES)) + 1.5 * np.eye(N_CLASSES)[levels]
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), levels


@pytest.mark.parametrize("present", [3, 5])
def test_f1_kappa_and_top_k_are_those_of_scikit_learn(present):
    probabilities, levels = drawn(present=present)
    predicted = probabilities.argmax(axis=1)
    for name, average in (("f1_weighted", "weighted"), ("f1_macro", "macro")):
        known = f1_score(levels, predicted, average=average, zero_division=0)
        assert ordinal_score(name, probabilities, levels) == pytest.approx(known)
    kappa = cohen_kappa_score(levels, predicted, weights="quadratic")
    assert ordinal_score("kappa_quadratic", probabilities, levels) == pytest.approx(kappa)
    for name, k in (("accuracy_present", 1), ("top2_present", 2)):
        known = top_k_accuracy_score(levels, probabilities[:, np.unique(levels)], k=k)
        assert ordinal_score(name, probabilities, levels) == pytest.approx(known)
    known = top_k_accuracy_score(levels, probabilities, k=2, labels=range(N_CLASSES))
    assert ordinal_score("top2_accuracy", probabilities, levels) == pytest.approx(known)


def test_sequential_hits_need_neighbours_and_the_truth_among_them():
    probabilities = [
        [0.5, 0.3, 0.1, 0.1, 0.0],  # 0, 1
        [0.3, 0.5, 0.1, 0.1, 0.0],  # 1, 0
        [0.5, 0.0, 0.4, 0.1, 0.0],  # 0, 2: not neighbours, though the truth is first
        [0.0, 0.0, 0.1, 0.5, 0.4],  # 3, 4: neighbours without the truth
    ]
    ratings = [1, 1, 0, 0]
    assert sequential_top2_hit_rate(probabilities, ratings) == 0.5
    assert ordinal_score("seq2hr_top1", probabilities, ratings) == 0.25
    assert ordinal_score("adjacency", probabilities, ratings) == 0.75


def test_of_equal_probabilities_the_higher_level_comes_first():
    first, second = top_two([[0.2] * 5, [0.4, 0.4, 0.1, 0.1, 0.0]])
    assert first.tolist() == [4, 1]
    assert second.tolist() == [3, 0]
    assert sequential_top2_hit_rate([[0.2] * 5], [3]) == 1
    assert sequential_top2_hit_rate([[0.2] * 5], [0]) == 0


def test_tri_p_counts_labels_also_where_a_level_is_absent():
    # level 1 is neither true nor answered: without its row, 0 and 2 would look like neighbours
    assert tri_p([2, 0, 4], [0, 0, 3]) == pytest.approx(2 / 3)
    probabilities, levels = drawn(present=3)
    expected = tri_p(probabilities.argmax(axis=1), levels)
    assert ordinal_score("tri_p", probabilities, levels) == pytest.approx(expected)


def test_the_confusion_matrix_has_every_level():
    counts = level_confusion([0, 4, 4], [0, 4, 0], 5)
    assert counts.shape == (5, 5)
    assert counts[0].tolist() == [1, 0, 0, 0, 1]
    assert counts.sum() == 3


def test_kappa_of_one_constant_level_is_zero_not_undefined():
    assert ordinal_score("kappa_quadratic", [[0.1, 0.9]] * 3, [1, 1, 1]) == 0


@pytest.mark.parametrize("name", list(ORDINAL_METRICS))
def test_the_closed_form_of_shuffled_levels_is_what_shuffling_gives(name):
    probabilities, levels = drawn(n=120, seed=3)
    levels = np.minimum(levels, 3)
    metric, rng = ordinal_metric(name), np.random.default_rng(0)
    found = [ordinal_score(name, probabilities, rng.permutation(levels)) for _ in range(1500)]
    table = answer_table(probabilities, levels, present_only=metric.present_only)
    error = np.std(found) / np.sqrt(len(found))
    assert shuffled_chance(metric, table) == pytest.approx(np.mean(found), abs=4 * error + 1e-12)


def test_guessing_reaches_the_analytic_values_for_balanced_levels():
    probabilities, _ = drawn(n=50)
    table = answer_table(probabilities, np.arange(50) % 5)
    expected = {
        "accuracy": 1 / 5, "top2_accuracy": 2 / 5, "tri_p": 13 / 25, "adjacency": 2 / 5,
        "seq2hr": 8 / 50, "seq2hr_top1": 4 / 50, "kappa_quadratic": 0, "f1_macro": 1 / 5,
    }  # fmt: skip
    for name, value in expected.items():
        assert uniform_chance(ordinal_metric(name), table) == pytest.approx(value), name


def test_constant_answers_are_the_chance_level_where_they_beat_shuffling():
    probabilities, _ = drawn(n=100)
    levels = np.repeat([0, 1, 2, 3, 4], [50, 20, 10, 10, 10])
    table = answer_table(probabilities, levels)
    assert ordinal_chance("accuracy", table) == pytest.approx(0.5)
    assert ordinal_chance("seq2hr", table) == pytest.approx(0.7)
    assert ordinal_chance("tri_p", table) == pytest.approx(0.8)
    assert ordinal_chance("adjacency", table) == 1
    assert ordinal_chance("kappa_quadratic", table) == pytest.approx(0, abs=1e-12)


def test_the_prior_decoder_knows_only_the_training():
    probabilities, _ = drawn(n=40)
    table = answer_table(probabilities, np.repeat([0, 4], 20))
    found = chance_levels("accuracy", table, train_levels=[2, 2, 2, 4])
    assert found["prior"] == 0
    assert found["constant"] == 0.5
    assert chance_levels("top2_accuracy", table, [2, 2, 2, 4])["prior"] == 0.5
    assert "prior" not in chance_levels("accuracy", table)


@pytest.mark.parametrize(
    ("probabilities", "levels", "words"),
    [
        ([[0.5, 0.5]], [2], "level 2 is not among 0 to 1"),
        ([[0.5, 0.5]], [0.5], "level 0.5"),
        ([[0.5, 0.5]], [-1], "level -1"),
        ([[0.5, 0.5]], [np.nan], "level nan"),
        ([[0.5, np.nan]], [0], "not finite"),
        ([[0.5, 0.5]], [0, 1], "1 rows of probabilities for 2 levels"),
        ([[0.5]], [0], "give a column per level"),
    ],
)
def test_a_wrong_input_is_named(probabilities, levels, words):
    with pytest.raises(DataFault, match=words):
        sequential_top2_hit_rate(probabilities, levels)


def test_an_unknown_metric_gets_the_nearest_name():
    with pytest.raises(ConfigFault, match="did you mean 'seq2hr'"):
        ordinal_score("seq2h", [[0.5, 0.5]], [0])
