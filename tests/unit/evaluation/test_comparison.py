import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from neurodecode.evaluation import (
    cohens_dz,
    compare_decoders,
    holm,
    mcnemar,
    paired_bootstrap,
    paired_test,
    rank_biserial,
    score,
)
from neurodecode.evaluation.comparison import compare_reference
from neurodecode.faults import ConfigFault, DataFault

ALTERNATIVES = ("two-sided", "greater", "less")


def _pair(n, seed=0, shift=0.02):
    rng = np.random.default_rng(seed)
    a = rng.uniform(0.5, 0.9, n)
    return a + shift + 0.05 * rng.normal(size=n), a


def _table(n_subjects=8, **gains):
    rng = np.random.default_rng(1)
    base = rng.uniform(0.6, 0.8, n_subjects)
    return pd.concat(
        pd.DataFrame(
            {"model": m, "subject": [f"s{i}" for i in range(n_subjects)],
             "value": base + gain + 0.02 * rng.normal(size=n_subjects)}
        )
        for m, gain in gains.items()
    )  # fmt: skip


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("n", [6, 9, 30])
def test_wilcoxon_equals_scipy(n, alternative):
    a, b = _pair(n)
    ours = paired_test(a, b, method="wilcoxon", alternative=alternative)
    assert ours.p_value == pytest.approx(stats.wilcoxon(a, b, alternative=alternative).pvalue)


def test_one_sided_wilcoxon_is_right_where_mean_and_ranks_disagree():
    # MOABB 1.7.2 halves the two-sided p by the sign of the mean, and here answers 0.82.
    difference = np.array([0.01, 0.02, 0.03, 0.04, -0.05, 0.06, 0.07, 0.08, -0.6])
    a, b = 0.7 + difference, np.full(9, 0.7)
    scipy_p = stats.wilcoxon(difference, alternative="greater").pvalue
    half = stats.wilcoxon(difference).pvalue / 2
    moabb_p = 1 - half if difference.mean() < 0 else half
    ours = paired_test(a, b, method="wilcoxon", alternative="greater").p_value
    assert ours == pytest.approx(scipy_p)
    assert (ours, moabb_p) == pytest.approx((0.18, 0.82), abs=0.005)


@pytest.mark.parametrize("alternative", ALTERNATIVES)
@pytest.mark.parametrize("n", [3, 8, 12])
def test_sign_flip_of_few_subjects_is_exact(n, alternative):
    a, b = _pair(n, seed=n)
    exact = stats.permutation_test(
        (a, b),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        alternative=alternative,
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue
    if alternative == "two-sided":
        # scipy doubles the smaller tail; the null is symmetric, so both agree
        exact = min(exact, 1.0)
    assert paired_test(a, b, alternative=alternative).p_value == pytest.approx(exact)


def test_sign_flip_of_many_subjects_agrees_with_the_t_test():
    a, b = _pair(60, seed=5, shift=0.015)
    flip = paired_test(a, b, random_state=0).p_value
    t = paired_test(a, b, method="t").p_value
    assert t == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert flip == pytest.approx(t, abs=0.015)
    assert paired_test(a + 1, b, n_resamples=99, random_state=0).p_value == 1 / 100


def test_sign_flip_p_is_uniform_under_the_null():
    p_values = [
        paired_test(d, np.zeros(10), alternative="greater").p_value
        for d in np.random.default_rng(2).standard_t(3, size=(400, 10))
    ]
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_one_subject_has_no_p_and_a_reason():
    result = paired_test([0.8], [0.7])
    assert np.isnan(result.p_value)
    assert "one subject" in result.note


def test_too_few_subjects_for_significance_is_said():
    assert "smallest possible p is 0.125" in paired_test([0.9, 0.8, 0.9, 0.95], [0.5] * 4).note
    assert paired_test(*_pair(6)).note == ""


@pytest.mark.parametrize("method", ["auto", "wilcoxon", "sign_flip", "t"])
def test_equal_decoders_have_p_one(method):
    result = paired_test([0.7, 0.8, 0.9], [0.7, 0.8, 0.9], method=method)
    assert result.p_value == 1.0
    assert cohens_dz([0.7, 0.8], [0.7, 0.8]) == rank_biserial([0.7, 0.8], [0.7, 0.8]) == 0.0


def test_wrong_input_of_paired_tests_is_one_clear_fault():
    with pytest.raises(ConfigFault, match="did you mean 'wilcoxon'"):
        paired_test([1, 2], [1, 3], method="wilcoxn")
    with pytest.raises(DataFault, match="shapes"):
        paired_test([1, 2], [1])
    with pytest.raises(DataFault, match="not finite"):
        paired_test([1, np.nan], [1, 2])


def test_effect_sizes_equal_hand_computation():
    a, b = np.array([0.7, 0.8, 0.9, 0.6]), np.array([0.6, 0.6, 0.6, 0.7])
    # differences 0.1, 0.2, 0.3, -0.1: ranks 1.5, 3, 4, 1.5
    assert rank_biserial(a, b) == pytest.approx((8.5 - 1.5) / 10)
    assert cohens_dz(a, b) == pytest.approx(0.125 / np.std([0.1, 0.2, 0.3, -0.1], ddof=1))
    assert np.isnan(cohens_dz([0.7, 0.8], [0.6, 0.7]))


def test_holm_equals_hand_computation():
    # 4 x 0.005, 3 x 0.01, 2 x 0.03 and 1 x 0.04 lifted to the one before it
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_leaves_missing_tests_out_of_the_count():
    adjusted = holm([0.01, np.nan, 0.5])
    assert adjusted[[0, 2]] == pytest.approx([0.02, 0.5])
    assert np.isnan(adjusted[1])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_lowers_a_p(p_values):
    raw, adjusted = np.array(p_values), holm(p_values)
    order = np.argsort(raw, kind="stable")
    assert np.all(np.diff(adjusted[order]) >= 0)
    assert np.all((adjusted >= raw) & (adjusted <= 1))
    assert np.all(adjusted <= np.minimum(1, raw * raw.size))  # never above Bonferroni


def test_holm_refuses_what_is_no_probability():
    with pytest.raises(DataFault, match="between 0 and 1"):
        holm([0.5, 1.2])


def test_comparison_table_finds_the_planted_gain_and_not_the_absent_one():
    table = compare_decoders(_table(10, csp=0.0, acm=0.08, same=0.0), "csp", random_state=0)
    table = table.set_index("model")
    assert list(table.index) == ["acm", "same"]
    assert table.loc["acm", "p_holm"] < 0.01 < table.loc["same", "p_holm"]
    assert table.loc["acm", "ci_low"] > 0
    assert table.loc["acm", "ci_low"] < 0.08 < table.loc["acm", "ci_high"]
    assert (table["p_holm"] >= table["p"]).all()
    assert (table["n"] == 10).all()


def test_comparison_of_one_subject_gives_the_difference_without_p():
    row = compare_decoders(_table(1, a=0.0, b=0.1), "a").iloc[0]
    assert row["n"] == 1
    assert np.isnan([row["p"], row["p_holm"], row["ci_low"]]).all()
    assert "one subject" in row["note"]
    assert np.isfinite(row["difference"])


def test_comparison_uses_common_subjects_and_names_the_others():
    scores = _table(8, a=0.0, b=0.1)
    scores = scores[~((scores["model"] == "b") & (scores["subject"] == "s3"))]
    row = compare_decoders(scores, "a", random_state=0).iloc[0]
    assert row["n"] == 7
    assert row["note"] == "not scored by both: s3"


def test_seen_from_the_reference_only_signs_and_order_change():
    scores = _table(8, main=0.1, worse=0.0, better=0.3)
    other = compare_decoders(scores, "main", random_state=0).set_index("model")
    own = compare_reference(scores, "main", random_state=0, unit="participant")
    assert own["model"].tolist() == ["worse", "better"]
    assert set(own["unit"]) == {"participant"}
    own = own.set_index("model")
    for name in ("difference", "cohens_dz", "rank_biserial"):
        assert own[name].to_dict() == (-other[name]).to_dict()
    assert own.loc["worse", "ci_low"] == -other.loc["worse", "ci_high"]
    assert own.loc["worse", "ci_low"] < own.loc["worse", "difference"] < own.loc["worse", "ci_high"]
    assert own.loc["worse", "difference"] > 0 > own.loc["better", "difference"]
    assert own["p_holm"].to_dict() == other["p_holm"].to_dict()


def test_comparison_faults_name_the_cause():
    with pytest.raises(ConfigFault, match="reference decoder"):
        compare_decoders(_table(3, a=0.0, b=0.1), "c")
    with pytest.raises(DataFault, match="two scores of 'a'"):
        compare_decoders(pd.concat([_table(3, a=0.0)] * 2), "a")
    with pytest.raises(DataFault, match="no column value"):
        compare_decoders(_table(3, a=0.0).rename(columns={"value": "x"}), "a")


@pytest.mark.parametrize("alternative", ALTERNATIVES)
def test_mcnemar_counts_only_discordant_trials(alternative):
    a = np.array([1] * 10 + [1] * 9 + [0] * 2 + [0] * 5, dtype=bool)
    b = np.array([1] * 10 + [0] * 9 + [1] * 2 + [0] * 5, dtype=bool)
    result = mcnemar(a, b, alternative=alternative)
    assert (result.only_a, result.only_b) == (9, 2)
    tails = {"greater": stats.binom.sf(8, 11, 0.5), "less": stats.binom.cdf(9, 11, 0.5)}
    expected = tails.get(alternative, 2 * tails["greater"])
    assert result.p_value == pytest.approx(expected)
    assert mcnemar(a, a).p_value == 1.0


def test_paired_bootstrap_is_narrower_than_two_unpaired_intervals():
    rng = np.random.default_rng(3)
    labels = rng.integers(2, size=150)
    shared = rng.normal(size=150) + labels
    first, second = shared + 0.1 * rng.normal(size=150), shared + 0.1 * rng.normal(size=150)

    def auc(y, s):
        return score("roc_auc", y, y_score=s)

    paired = paired_bootstrap(auc, labels, first, second, n_resamples=200, random_state=0)
    alone = paired_bootstrap(
        auc, labels, first, rng.permutation(second), n_resamples=200, random_state=0
    )
    assert paired.estimate == pytest.approx(auc(labels, first) - auc(labels, second))
    assert paired.low < paired.estimate < paired.high
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)
