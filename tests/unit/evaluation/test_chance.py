from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from neurodecode.evaluation import METRICS, auc_threshold, chance_level, chance_threshold
from neurodecode.faults import ConfigFault, DataFault


@pytest.mark.parametrize(
    ("classes", "metric", "expected"),
    [
        (2, "roc_auc", 0.5),
        (4, "roc_auc", 0.5),
        (4, "accuracy", 0.25),
        (3, "balanced_accuracy", 1 / 3),
        (2, "cohen_kappa", 0.0),
        (5, "f1_macro", 0.2),
    ],
)
def test_chance_of_balanced_classes_is_the_textbook_value(classes, metric, expected):
    assert chance_level(classes, metric) == pytest.approx(expected)
    assert chance_level(np.repeat(np.arange(classes), 6), metric) == pytest.approx(expected)


def test_chance_of_retrieval_is_k_over_the_number_of_candidates():
    assert chance_level(200, "top_k_accuracy", k=5) == pytest.approx(0.025)
    assert chance_level(4, "top_k_accuracy", k=10) == 1.0


def test_majority_prior_is_the_share_of_the_most_frequent_label():
    labels = ["rest"] * 7 + ["move"] * 3
    assert chance_level(labels, "accuracy") == 0.5
    assert chance_level(labels, "accuracy", prior="majority") == 0.7
    with pytest.raises(ConfigFault, match="true labels"):
        chance_level(2, "accuracy", prior="majority")


def test_chance_of_f1_is_what_uniform_guesses_reach():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [30_000, 10_000])
    guesses = rng.integers(2, size=labels.size)
    tables = [np.mean([(labels == c) & (guesses == c)]) for c in (0, 1)]
    f1 = [2 * t / (np.mean(labels == c) + np.mean(guesses == c)) for c, t in enumerate(tables)]
    assert chance_level(labels, "f1_macro") == pytest.approx(np.mean(f1), abs=0.01)


def test_every_metric_has_a_chance_level():
    for name in METRICS:
        assert 0 <= chance_level(3, name) <= 0.5


def test_unknown_metric_is_answered_with_the_nearest_and_one_class_is_refused():
    with pytest.raises(ConfigFault, match="did you mean 'accuracy'"):
        chance_level(2, "acuracy")
    with pytest.raises(DataFault, match="1 class"):
        chance_level(["left"] * 5, "accuracy")


@pytest.mark.parametrize(("n", "expected"), [(20, 0.70), (40, 0.625), (100, 0.58), (500, 0.536)])
def test_accuracy_threshold_of_two_classes_has_its_worked_values(n, expected):
    # 14 of 20, 25 of 40, 58 of 100 and 268 of 500 hits: binomial quantiles at alpha 0.05.
    assert chance_threshold(n, 2) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [7, 50, 333])
@pytest.mark.parametrize("classes", [2, 4])
def test_guessing_exceeds_the_threshold_at_most_alpha_of_the_time(n, classes):
    hits = round(chance_threshold(n, classes) * n)
    assert stats.binom.sf(hits, n, 1 / classes) <= 0.05 < stats.binom.sf(hits - 1, n, 1 / classes)


def test_auc_threshold_is_exact_for_few_trials():
    values = []
    for chosen in combinations(range(9), 4):
        rest = [i for i in range(9) if i not in chosen]
        values.append(np.mean([a > b for a in chosen for b in rest]))
    values = np.array(values)
    bound = auc_threshold(4, 5)
    assert np.mean(values > bound + 1e-9) <= 0.05 < np.mean(values > bound - 0.05 + 1e-9)


def test_auc_threshold_of_many_trials_has_the_mann_whitney_variance():
    expected = 0.5 + 1.6448536 * np.sqrt(201 / (12 * 100 * 100))
    assert auc_threshold(100, 100) == pytest.approx(expected, abs=1e-7)
    assert auc_threshold(20, 20) == pytest.approx(auc_threshold(20, 20, exact_below=0), abs=0.005)
    assert auc_threshold(1, 2) == 1.0


def test_threshold_without_trials_is_a_fault():
    with pytest.raises(DataFault):
        chance_threshold(0)
    with pytest.raises(DataFault, match="both classes"):
        auc_threshold(0, 5)
