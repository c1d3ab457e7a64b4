"""Differences between models allow for folds that overlap and for other people."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from neurodecode.morphometry.comparing import compare_models, difference_row
from neurodecode.morphometry.summary import corrected_error


def test_the_corrected_error_is_that_of_nadeau_and_bengio():
    scores = np.array([0.6, 0.7, 0.8, 0.7, 0.65, np.nan])
    error, freedom = corrected_error(scores, 5)
    assert freedom == 4
    assert error == pytest.approx(np.sqrt((1 / 5 + 1 / 4) * np.nanvar(scores, ddof=1)))
    assert np.isnan(corrected_error(scores[:1], 5)[0])


def test_a_difference_spans_both_of_its_intervals():
    rng = np.random.default_rng(0)
    folds, people = rng.normal(0.1, 0.05, 10), rng.normal(0.1, 0.2, 500)
    row = difference_row(0.1, folds, 5, people)
    assert row["ci_low"] == min(row["people_low"], row["corrected_low"])
    assert row["ci_high"] == max(row["people_high"], row["corrected_high"])
    error, freedom = corrected_error(folds, 5)
    assert row["p"] == pytest.approx(2 * stats.t.sf(0.1 / error, freedom))


def test_models_are_paired_by_fold_and_by_resample_whatever_their_order():
    rng = np.random.default_rng(1)
    places = [(r, f) for r in range(2) for f in range(3)]
    hard, drawn = rng.normal(0, 0.2, 6), rng.normal(0, 0.2, 50)
    folds, resampled = [], []
    for model, gain in (("a", 0.3), ("b", 0.1)):
        order = rng.permutation(6)
        folds += [{"model": model, "replicate": places[k][0], "fold": places[k][1],
                   "roc_auc": hard[k] + gain} for k in order]  # fmt: skip
        resampled += [{"model": model, "resample": k, "roc_auc": drawn[k] + gain}
                      for k in rng.permutation(50)]  # fmt: skip
    table = compare_models(
        pd.DataFrame(folds), pd.DataFrame(resampled), {"a": 0.8, "b": 0.6}, "a", ["b", "c"],
        "roc_auc",
    )  # fmt: skip
    assert list(table["model"]) == ["b"]
    row = table.iloc[0]
    assert row["people_low"] == pytest.approx(0.2)
    assert row["people_high"] == pytest.approx(0.2)
    assert row["corrected_high"] - row["corrected_low"] < 1e-9
    assert compare_models(
        pd.DataFrame(folds), pd.DataFrame(resampled), {}, "c", ["a"], "roc_auc"
    ).empty
