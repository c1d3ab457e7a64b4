"""Rankings agree with their definitions, and put what tells the groups apart first."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.feature_selection import f_classif, mutual_info_classif
from sklearn.metrics import mutual_info_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.morphometry import (
    RANKINGS,
    RankedSelector,
    hedges_g,
    rank_features,
    region_statistics,
    relieff,
    selection_counts,
    selection_matrix,
    selection_stability,
)
from neurodecode.morphometry.rankings import quantile_bins


def groups(n=60, p=12, effect=1.5, seed=0):
    """Draw groups of unequal size; features 3 and 7 differ."""
    rng = np.random.default_rng(seed)
    y = (np.arange(n) % 3 == 0).astype(int)
    X = rng.standard_normal((n, p)) * np.arange(1, p + 1)
    X[y == 1, 3] += effect * 4
    X[y == 1, 7] += effect * 8
    return X, y


@parametrize_with_checks([RankedSelector(2, ranking="anova")])
def test_the_selector_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("ranking", RANKINGS)
def test_every_ranking_finds_the_features_that_differ(ranking):
    X, y = groups(n=150, effect=2)
    selector = RankedSelector(2, ranking=ranking).fit(X, y)
    assert set(selector.get_support(indices=True)) == {3, 7}
    np.testing.assert_array_equal(selector.scores_, rank_features(ranking, X, y))
    assert selector.transform(X).shape == (150, 2)


@pytest.mark.parametrize("ranking", RANKINGS)
def test_a_feature_that_does_not_vary_is_never_first(ranking):
    X, y = groups()
    X[:, 0] = 5.0
    scores = rank_features(ranking, X, y)
    assert np.isfinite(scores).all()
    assert scores.argmax() in (3, 7)


def plain_relieff(X, y, k):
    """ReliefF, person by person, as its definition reads."""
    n, p = X.shape
    spread, weights = np.ptp(X, axis=0), np.zeros(p)
    share = {c: np.mean(y == c) for c in np.unique(y)}
    for i in range(n):
        difference = np.abs(X - X[i]) / spread
        distance = difference.sum(axis=1)
        for c in share:
            others = [j for j in np.flatnonzero(y == c) if j != i]
            nearest = sorted(others, key=lambda j: distance[j])[:k]
            mean = difference[nearest].mean(axis=0)
            weights += -mean if c == y[i] else share[c] / (1 - share[y[i]]) * mean
    return weights / n


@pytest.mark.parametrize("k", [3, 10, 200])
def test_relieff_is_that_of_its_definition_also_with_small_classes(k):
    X, _ = groups(n=24, p=8)
    y = np.resize([0, 1, 2, 0, 0], 24)
    X = np.hstack([X, X[:, :1] ** 2])
    np.testing.assert_allclose(relieff(X, y, n_neighbours=k), plain_relieff(X, y, k), rtol=1e-10)


def test_relieff_sees_an_interaction_that_anova_cannot():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (200, 6))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    assert set(np.argsort(-relieff(X, y))[:2]) == {0, 1}


def test_anova_kruskal_and_chi_square_are_those_of_scipy():
    X, y = groups()
    X = np.round(X)
    np.testing.assert_allclose(rank_features("anova", X, y), f_classif(X, y)[0])
    H = [stats.kruskal(x[y == 0], x[y == 1]).statistic for x in X.T]
    np.testing.assert_allclose(rank_features("kruskal-wallis", X, y), H)
    p = []
    for bins in quantile_bins(X, 10).T:
        table = pd.crosstab(bins, y).to_numpy()
        p.append(stats.chi2_contingency(table, correction=False).pvalue)
    np.testing.assert_allclose(rank_features("chi-square", X, y), -np.log10(p), atol=1e-12)


def test_mrmr_takes_the_copy_of_a_chosen_feature_last():
    X, y = groups(n=200)
    relevance = mutual_info_classif(quantile_bins(X, 5), y, discrete_features=True)
    places = rank_features("mrmr", X, y)
    assert places.argmax() == relevance.argmax()
    best = int(places.argmax())
    copied = np.hstack([X, X[:, [best]]])
    assert rank_features("mrmr", copied, y)[-1] < len(copied.T) - 1
    assert sorted(places) == list(range(1, 13))
    second = int(np.argsort(-places)[1])
    bins = quantile_bins(X, 5)
    quotient = [relevance[j] / mutual_info_score(bins[:, j], bins[:, best]) for j in range(12)]
    quotient[best] = -1
    assert second == int(np.argmax(quotient))


def test_unknown_rankings_and_single_classes_are_named():
    X, y = groups()
    with pytest.raises(ConfigFault, match="did you mean 'relieff'"):
        RankedSelector(ranking="relief").fit(X, y)
    with pytest.raises(ConfigFault, match="k 0"):
        RankedSelector(0).fit(X, y)
    with pytest.raises(DataFault, match="a single class"):
        RankedSelector().fit(X, np.zeros(60))
    with pytest.raises(DataFault, match="two classes of two people"):
        relieff(X, np.r_[np.zeros(59), 1])
    with pytest.raises(ConfigFault, match="n_neighbours 0"):
        relieff(X, y, n_neighbours=0)


def test_stability_is_one_for_equal_sets_and_zero_for_random_ones():
    names = [f"m{i}" for i in range(50)]
    equal = selection_matrix([names[:5]] * 4, names)
    assert selection_stability(equal) == pytest.approx(1)
    rng = np.random.default_rng(0)
    drawn = [rng.choice(names, 5, replace=False) for _ in range(400)]
    assert selection_stability(selection_matrix(drawn, names)) == pytest.approx(0, abs=0.01)
    with pytest.raises(DataFault, match="two selections"):
        selection_stability(equal[:1])
    with pytest.raises(DataFault, match="undefined"):
        selection_stability(np.ones((3, 4)))


def test_selections_are_counted_beside_what_chance_gives():
    table = selection_counts([["a", "b"], ["b"], ["b", "c"]], ["a", "b", "c", "d"])
    assert table["measure"].tolist()[0] == "b"
    assert table["count"].tolist() == [3, 1, 1, 0]
    assert table["expected"].unique() == pytest.approx([5 / 12])


def test_planted_regions_are_found_with_their_effect_and_the_others_are_not():
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 100)
    table = pd.DataFrame(
        rng.standard_normal((200, 60)), columns=[f"r{i}_volume" for i in range(60)]
    )
    table.loc[y == 1, ["r0_volume", "r1_volume"]] -= 1.0
    found = region_statistics(table.assign(age=70.0), y)
    assert set(found.loc[found["significant"], "measure"]) == {"r0_volume", "r1_volume"}
    first = found.iloc[0]
    assert first["ci_low"] < -1.0 < first["ci_high"]
    a, b = table["r0_volume"][y == 1], table["r0_volume"][y == 0]
    row = found.set_index("measure").loc["r0_volume"]
    assert row["p"] == pytest.approx(stats.ttest_ind(a, b, equal_var=False).pvalue)
    with pytest.raises(DataFault, match="one group is empty"):
        region_statistics(table, np.zeros(200))


def test_the_interval_of_hedges_g_covers_the_planted_effect_as_often_as_it_says():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((15, 4000)) + 0.5, rng.standard_normal((40, 4000))
    g, low, high = hedges_g(a, b)
    assert g.mean() == pytest.approx(0.5, abs=0.02)
    assert np.mean((low < 0.5) & (high > 0.5)) == pytest.approx(0.95, abs=0.015)
