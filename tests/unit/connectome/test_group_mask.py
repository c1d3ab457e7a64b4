"""Masks of group differences: what they keep, and that only the training subjects choose it."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurodecode.connectome import GroupDifferenceMask, LeakyGroupDifferenceMask
from neurodecode.faults import ConfigFault, DataFault

SITES = np.repeat(["KKI", "NYU"], 20)


def maps(effect=3.0, n_voxels=50):
    """Draw two groups at two sites; voxels 0-4 differ, voxels 5-9 differ at NYU only."""
    rng = np.random.default_rng(0)
    y = np.tile([0, 1], 20)
    X = rng.standard_normal((40, n_voxels))
    X[y == 1, :5] += effect
    X[20:][y[20:] == 1, 5:10] += 4 * effect
    return X, y


@parametrize_with_checks([GroupDifferenceMask(quantile=0.5)])
def test_the_mask_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def test_the_largest_mean_differences_are_kept():
    X, y = maps()
    mask = GroupDifferenceMask(quantile=0.8).fit(X, y)
    expected = np.abs(X[y == 1].mean(axis=0) - X[y == 0].mean(axis=0))
    np.testing.assert_allclose(mask.statistic_, expected)
    assert mask.get_support(indices=True).tolist() == list(range(10))
    assert mask.transform(X).shape == (40, 10)


def test_the_t_test_is_that_of_welch():
    X, y = maps()
    mask = GroupDifferenceMask("t_test", alpha=0.01).fit(X[:-3], y[:-3])
    X, y = X[:-3], y[:-3]
    expected = stats.ttest_ind(X[y == 0], X[y == 1], equal_var=False).pvalue
    np.testing.assert_allclose(mask.statistic_, expected, rtol=1e-9)
    assert (mask.mask_ == (expected < 0.01)).all()


def test_voxels_that_do_not_vary_are_not_kept():
    X, y = maps()
    X[:, 20:] = 1.0
    for recipe in ("t_test", "mean_difference"):
        mask = GroupDifferenceMask(recipe, quantile=0.0).fit(X, y)
        assert not mask.mask_[20:].any()


def test_stable_voxels_are_kept_and_chance_ones_are_not():
    X, y = maps()
    mask = GroupDifferenceMask("stability", quantile=0.8, n_subsamples=30, frequency=0.9)
    assert mask.fit(X, y).get_support(indices=True).tolist() == list(range(10))
    again = clone(mask).fit(X, y)
    assert (again.statistic_ == mask.statistic_).all()


def test_one_site_chooses_and_the_other_is_not_looked_at():
    X, y = maps()
    changed = X.copy()
    changed[SITES == "NYU"] = 99
    here = GroupDifferenceMask("one_site", site="KKI", quantile=0.9)
    there = GroupDifferenceMask("without_site", site="NYU", quantile=0.9)
    expected = here.fit(X, y, SITES).mask_
    assert np.flatnonzero(expected).tolist() == [0, 1, 2, 3, 4]
    assert (there.fit(X, y, SITES).mask_ == expected).all()
    assert (here.fit(changed, y, SITES).mask_ == expected).all()


def test_the_leaky_mask_is_optimistic_on_noise_and_the_honest_one_is_not():
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((40, 3000)), np.tile([0, 1], 20)
    scores = [
        cross_val_score(make_pipeline(mask, LogisticRegression()), X, y, cv=5).mean()
        for mask in (
            GroupDifferenceMask(quantile=0.99),
            LeakyGroupDifferenceMask(X, y, quantile=0.99),
        )
    ]
    assert scores[0] < 0.7
    assert scores[1] > 0.9


def test_a_single_class_and_subtypes_are_refused():
    X, _ = maps()
    with pytest.raises(DataFault, match="a single class"):
        GroupDifferenceMask().fit(X, np.zeros(40, int))
    with pytest.raises(DataFault, match="3 classes"):
        GroupDifferenceMask().fit(X, np.resize([0, 1, 3], 40))


@pytest.mark.parametrize(
    ("options", "sites", "words"),
    [
        ({"recipe": "t-test"}, None, "did you mean 't_test'"),
        ({"recipe": "one_site"}, None, "needs the site"),
        ({"recipe": "one_site", "site": "NYI"}, SITES, "did you mean 'NYU'"),
        ({"quantile": 1.5}, None, "quantile"),
    ],
)
def test_settings_that_cannot_be_used_are_named(options, sites, words):
    with pytest.raises(ConfigFault, match=words):
        GroupDifferenceMask(**options).fit(*maps(), sites)


def test_a_mask_without_any_voxel_says_what_to_change():
    X, y = maps()
    with pytest.raises(DataFault, match="raise alpha"):
        GroupDifferenceMask("t_test", alpha=0.0).fit(X, y)
