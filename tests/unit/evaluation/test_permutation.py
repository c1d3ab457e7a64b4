import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neurodecode.evaluation import permutation_p, permutation_test, score
from neurodecode.faults import DataFault

finite = st.floats(-5, 5, allow_nan=False)


def _difference(labels, scores):
    return float(scores[labels == 1].mean() - scores[labels == 0].mean())


def test_p_counts_the_observed_arrangement_among_the_permutations():
    null = [0.1, 0.2, 0.3, 0.4]
    assert permutation_p(0.35, null) == 2 / 5
    assert permutation_p(0.35, null, alternative="less") == 4 / 5
    assert permutation_p(0.35, null, alternative="two-sided") == 4 / 5
    assert permutation_p(9.0, null) == 1 / 5


def test_rounding_does_not_break_ties():
    assert permutation_p(0.1 + 0.2, [0.3, 0.3, 0.0]) == 3 / 4


@given(finite, st.lists(finite, min_size=1, max_size=40))
def test_p_is_never_zero_and_never_above_one(observed, null):
    for alternative in ("greater", "less", "two-sided"):
        assert 1 / (len(null) + 1) <= permutation_p(observed, null, alternative=alternative) <= 1


def test_p_is_uniform_when_there_is_nothing_to_decode():
    p_values = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        labels, scores = np.repeat([0, 1], 10), rng.normal(size=20)
        result = permutation_test(_difference, labels, scores, n_permutations=99, random_state=rng)
        p_values.append(result.p_value)
    jitter = np.random.default_rng(0).uniform(-0.01, 0, size=400)  # p is a multiple of 0.01
    assert stats.kstest(np.array(p_values) + jitter, "uniform").pvalue > 0.001
    false_alarms = np.sum(np.array(p_values) <= 0.05)
    assert stats.binom.ppf(0.0005, 400, 0.05) <= false_alarms <= stats.binom.ppf(0.9995, 400, 0.05)


def test_p_equals_the_exact_scipy_permutation_test():
    rng = np.random.default_rng(3)
    labels, scores = np.repeat([0, 1], 5), np.append(rng.normal(size=5), rng.normal(0.8, 1, 5))
    exact = stats.permutation_test(
        (scores[5:], scores[:5]),
        lambda a, b: a.mean() - b.mean(),
        alternative="greater",
        n_resamples=np.inf,
    ).pvalue
    ours = permutation_test(_difference, labels, scores, n_permutations=4000, random_state=0)
    assert ours.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 4000))


def test_shuffling_within_sessions_ignores_what_sessions_have_in_common():
    # Base rate and score both shift between the sessions; within them there is no information.
    rng = np.random.default_rng(4)
    session = np.repeat([0, 1], 100)
    labels = (rng.random(200) < np.where(session == 0, 0.2, 0.8)).astype(int)
    scores = rng.normal(size=200) + 2 * session

    def auc(y, s):
        return score("roc_auc", y, y_score=s)

    free = permutation_test(auc, labels, scores, n_permutations=200, random_state=0)
    within = permutation_test(
        auc, labels, scores, groups=session, n_permutations=200, random_state=0
    )
    assert free.p_value == 1 / 201
    assert within.p_value > 0.1
    assert within.null.mean() > 0.7


def test_bad_input_is_one_clear_fault():
    with pytest.raises(DataFault, match="no permutations"):
        permutation_p(0.5, [])
    with pytest.raises(DataFault, match="finite"):
        permutation_p(np.nan, [0.1])
    with pytest.raises(DataFault, match="3 labels for 2 predictions"):
        permutation_test(_difference, [0, 1, 1], [0.1, 0.2])
    with pytest.raises(DataFault, match="group labels"):
        permutation_test(_difference, [0, 1], [0.1, 0.2], groups=["a"])
