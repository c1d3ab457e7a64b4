"""Scores are those of scikit-learn, and each interval is what its name says."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics

from neurodecode.faults import DataFault
from neurodecode.morphometry import (
    SearchResult,
    SearchSettings,
    calibration_table,
    gap_table,
    mcc_prime,
    replicate_scores,
    score_table,
)
from neurodecode.morphometry.scores import aroc_interval, chance_levels


def result(n=60, n_replicates=4, skill=1.0, noise=0.3, seed=0, share=0.4):
    """Make predictions of people whose score is their group, their own luck and the split's."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) < share * n).astype(int)
    own = skill * (y - 0.5) + rng.standard_normal(n)
    rows = []
    for replicate in range(n_replicates):
        score = own + noise * rng.standard_normal(n)
        folds = np.empty(n, int)
        for code in (0, 1):
            folds[y == code] = rng.permutation(np.arange((y == code).sum()) % 5)
        posterior = 1 / (1 + np.exp(-score))
        rows.append(pd.DataFrame({
            "classifier": "c", "harmonisation": "raw", "replicate": replicate, "fold": folds,
            "subject": [f"p{i}" for i in range(n)], "y_true": y, "score": posterior,
            "posterior": posterior, "y_pred": (posterior > 0.5).astype(int),
        }))  # fmt: skip
    places = pd.DataFrame(product([0, 1], range(5)), columns=["replicate", "fold"])
    chosen = places.assign(classifier="c", harmonisation="raw", inner=0.8, outer=0.7)
    return SearchResult(pd.concat(rows), chosen, [], SearchSettings())


def test_mcc_prime_is_that_of_scikit_learn_moved_to_between_0_and_1():
    rng = np.random.default_rng(0)
    y, called = rng.integers(0, 2, (2, 50))
    assert mcc_prime(y, called) == pytest.approx((metrics.matthews_corrcoef(y, called) + 1) / 2)
    assert mcc_prime(y, np.zeros(50)) == 0.5
    assert mcc_prime(y, y) == 1
    assert mcc_prime(y, 1 - y) == 0
    with pytest.raises(DataFault, match="50 groups for 49 calls"):
        mcc_prime(y, called[1:])


def test_scores_of_a_replicate_are_those_of_scikit_learn():
    found = result()
    scores = replicate_scores(found).set_index("replicate")
    for replicate, part in found.predictions.groupby("replicate"):
        y, called, p = part["y_true"], part["y_pred"], part["posterior"]
        row = scores.loc[replicate]
        assert row["accuracy"] == pytest.approx(metrics.accuracy_score(y, called))
        assert row["f1"] == pytest.approx(metrics.f1_score(y, called))
        assert row["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(y, called))
        assert row["mcc_prime"] == pytest.approx(mcc_prime(y, called))
        assert row["brier"] == pytest.approx(metrics.brier_score_loss(y, p))
        folds = [metrics.roc_auc_score(f["y_true"], f["score"]) for _, f in part.groupby("fold")]
        assert row["roc_auc"] == pytest.approx(np.mean(folds))


def test_more_replicates_narrow_the_spread_of_splits_but_not_the_interval_over_people():
    few, many = (
        score_table(result(n_replicates=n), n_resamples=300).set_index("metric") for n in (4, 40)
    )
    for table in (few, many):
        assert (table["ci_low"] <= table["value"]).all()
        assert (table["ci_high"] >= table["value"]).all()
    width = many["ci_high"] - many["ci_low"]
    assert (width > 0.8 * (few["ci_high"] - few["ci_low"])).all()
    spread = many["replicate_high"] - many["replicate_low"]
    assert width["accuracy"] > 1.5 * spread["accuracy"]
    assert many["n"].unique() == [60]


def test_the_interval_over_people_covers_the_truth_and_that_over_replicates_does_not():
    truth = stats.norm.cdf(0.5 / np.hypot(1, 0.3))
    covered = {"ci": 0, "replicate": 0}
    for seed in range(40):
        table = score_table(result(seed=seed, n_replicates=8), n_resamples=100)
        row = table.set_index("metric").loc["accuracy"]
        for name in covered:
            covered[name] += row[f"{name}_low"] <= truth <= row[f"{name}_high"]
    assert covered["ci"] >= 35
    assert covered["replicate"] < 28


def test_the_corrected_interval_is_that_of_nadeau_and_bengio():
    found = result()
    row = score_table(found, n_resamples=10).set_index("metric").loc["accuracy"]
    folds = [metrics.accuracy_score(f["y_true"], f["y_pred"])
             for _, f in found.predictions.groupby(["replicate", "fold"])]  # fmt: skip
    reach = 2.093024 * np.sqrt((1 / 20 + 1 / 4) * np.var(folds, ddof=1))
    assert row["corrected_high"] - row["value"] == pytest.approx(reach, rel=1e-5)
    assert row["value"] - row["corrected_low"] == pytest.approx(reach, rel=1e-5)


def test_people_drawn_less_often_in_undersampled_replicates_are_scored_where_they_were():
    found = result(n_replicates=2)
    part = found.predictions
    kept = part[~((part["replicate"] == 1) & part["subject"].isin(["p50", "p51"]))]
    table = score_table(SearchResult(kept, found.chosen, [], found.settings), n_resamples=20)
    each = [metrics.accuracy_score(p["y_true"], p["y_pred"]) for _, p in kept.groupby("replicate")]
    assert table.set_index("metric")["value"]["accuracy"] == pytest.approx(np.mean(each))


def test_chance_is_what_calls_without_information_score():
    rng = np.random.default_rng(0)
    y = (np.arange(200_000) < 60_000).astype(int)
    guess = rng.integers(0, 2, y.size)
    chance = chance_levels(y)
    assert chance["f1"] == pytest.approx(metrics.f1_score(y, guess), abs=0.01)
    assert chance["mcc_prime"] == pytest.approx(mcc_prime(y, guess), abs=0.01)
    assert chance["accuracy"] == pytest.approx(0.7)
    assert chance["brier"] == pytest.approx(metrics.brier_score_loss(y, np.full(y.size, 0.3)))


def test_the_gap_is_inner_minus_outer():
    row = gap_table(result()).iloc[0]
    assert (row["inner"], row["outer"], row["criterion"]) == (0.8, 0.7, "roc_auc")
    assert row["gap"] == pytest.approx(0.1)


def test_calibration_counts_each_person_once_where_all_are_in_every_replicate():
    table = calibration_table(result(n=600, skill=0.0, share=0.3), n_bins=4)
    assert table["n"].tolist() == [150] * 4
    assert table["posterior"].is_monotonic_increasing
    assert (table["ci_low"] < 0.3).all()
    assert (table["ci_high"] > 0.3).all()


def test_calibration_of_groups_drawn_to_equal_numbers_is_of_equal_groups():
    found = result(n=600, n_replicates=8, skill=0.0, share=0.3)
    rng = np.random.default_rng(1)
    table = found.predictions
    drawn = np.zeros(len(table), bool)
    for _, part in table.reset_index(drop=True).groupby("replicate"):
        stable = rng.choice(part.index[part["y_true"] == 0], 180, replace=False)
        drawn[np.r_[stable, part.index[part["y_true"] == 1]]] = True
    found = SearchResult(table[drawn], found.chosen, [], SearchSettings())
    bins = calibration_table(found, n_bins=2)
    assert bins["n"].sum() == found.predictions["subject"].nunique()
    assert np.average(bins["observed"]) == pytest.approx(0.5, abs=0.01)
    assert (bins["ci_low"] < 0.5).all()
    assert (bins["ci_high"] > 0.5).all()


def test_the_interval_of_a_bin_is_wilsons():
    found = calibration_table(result(n=60, share=0.4), n_bins=1).iloc[0]
    wilson = stats.binomtest(24, 60).proportion_ci(method="wilson")
    assert found[["ci_low", "ci_high"]].tolist() == pytest.approx([wilson.low, wilson.high])


def test_the_interval_of_an_aroc_covers_the_true_one():
    rng = np.random.default_rng(0)
    shift, y = 1.0, np.repeat([0, 1], [30, 20])
    true = stats.norm.cdf(shift / np.sqrt(2))
    covered = []
    for _ in range(400):
        aroc = metrics.roc_auc_score(y, rng.standard_normal(50) + shift * y)
        low, high = aroc_interval(aroc, 30, 20)
        covered.append(low <= true <= high)
    assert 0.92 < np.mean(covered) < 0.98
    assert aroc_interval(1.0, 5, 5)[0] < 0.95
    assert aroc_interval(1.0, 5, 5)[1] == 1.0
