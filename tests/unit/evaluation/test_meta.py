"""Combining data sets: known answers, and MOABB's formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from neurodecode.evaluation.meta import ALL, meta_analysis, stouffer
from neurodecode.faults import DataFault


def test_stouffer_equals_scipy_with_root_n_weights():
    p, n = [0.04, 0.2, 0.6], [9, 20, 5]
    expected = stats.combine_pvalues(p, method="stouffer", weights=np.sqrt(n)).pvalue
    assert stouffer(p, n) == pytest.approx(expected)


def test_a_data_set_without_a_test_is_left_out_of_the_combination():
    assert stouffer([0.04, np.nan], [9, 1]) == pytest.approx(0.04)
    assert np.isnan(stouffer([np.nan], [1]))


def test_the_last_row_is_over_all_subjects():
    table = meta_analysis({"a": [0.1, 0.2, 0.3], "b": [0.0, 0.1]})
    assert list(table["dataset"]) == ["a", "b", ALL]
    assert table["difference"].iloc[-1] == pytest.approx(0.14)
    assert table["n"].iloc[-1] == 5


def test_small_gains_in_several_data_sets_add_up():
    rng = np.random.default_rng(0)
    sets = {str(i): 0.02 + 0.03 * rng.standard_normal(10) for i in range(6)}
    table = meta_analysis(sets).set_index("dataset")
    assert table.loc[ALL, "p"] < 0.01
    assert table.loc[ALL, "p"] < table.drop(ALL)["p"].median()
    assert table.loc[ALL, "ci_low"] > 0
    assert table.loc[ALL, "p_less"] > 0.9


def test_the_combined_p_is_uniform_without_an_effect():
    rng = np.random.default_rng(1)
    p = [
        meta_analysis({str(i): rng.standard_normal(9) for i in range(3)}, n_resamples=10)["p"].iloc[
            -1
        ]
        for _ in range(200)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_one_subject_has_no_interval_and_no_test():
    row = meta_analysis({"a": [0.3], "b": [0.1, 0.2]}).iloc[0]
    assert np.isnan([row["ci_low"], row["p"]]).all()
    with pytest.raises(DataFault, match="no data set"):
        meta_analysis({})


def test_a_p_of_one_in_one_data_set_does_not_outweigh_all_others():
    assert stouffer([1.0, 0.001, 0.001, 0.001], [4, 10, 10, 10]) < 0.01
