"""Many penalties from one decomposition: the fits of scikit-learn 1.9.1 and himalaya 0.4.11."""

from __future__ import annotations

import himalaya
import numpy as np
import pytest
from himalaya.kernel_ridge import KernelRidgeCV
from himalaya.ridge import RidgeCV as HimalayaRidgeCV
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurodecode.dual_ridge import DualRidgeCV
from neurodecode.faults import ConfigFault, DataFault, LeakFault

ALPHAS = np.logspace(-2, 5, 8)
WIDE, TALL, SQUARE = (40, 70), (90, 20), (40, 40)


def planted(shape, n_targets=6, seed=0, noise=3.0, offset=2.0):
    """Targets from most to least predictable, so that they want different penalties."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) + offset
    weights = rng.standard_normal((shape[1], n_targets))
    y = x @ weights + noise * 2.0 ** np.arange(n_targets) * rng.standard_normal(
        (shape[0], n_targets)
    )
    return x, y - 7


@parametrize_with_checks([DualRidgeCV()])
def test_it_keeps_the_manners_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("shape", [WIDE, TALL, SQUARE])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("scoring", ["r2", "neg_mean_squared_error"])
def test_scores_penalty_and_weights_are_those_of_scikit_learn(shape, intercept, scoring):
    x, y = planted(shape)
    ours = DualRidgeCV(ALPHAS, fit_intercept=intercept, scoring=scoring).fit(x, y)
    search = GridSearchCV(
        Ridge(fit_intercept=intercept), {"alpha": ALPHAS}, cv=KFold(5), scoring=scoring
    ).fit(x, y)
    expected = search.cv_results_["mean_test_score"]
    np.testing.assert_allclose(ours.cv_scores_.mean(axis=1), expected, rtol=1e-7)
    assert ours.alpha_ == search.best_params_["alpha"]
    assert ours.best_score_ == pytest.approx(search.best_score_)
    best = search.best_estimator_
    np.testing.assert_allclose(ours.coef_, best.coef_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, best.intercept_, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.predict(x), best.predict(x), rtol=1e-6)
    other = RidgeCV(ALPHAS, cv=KFold(5), fit_intercept=intercept, scoring=scoring).fit(x, y)
    assert other.alpha_ == ours.alpha_


@pytest.mark.parametrize("shape", [WIDE, TALL])
@pytest.mark.parametrize("per_target", [True, False])
def test_penalties_of_each_target_are_those_of_himalaya(shape, per_target):
    x, y = planted(shape)
    ours = DualRidgeCV(ALPHAS, alpha_per_target=per_target).fit(x, y)
    options = {"score_func": himalaya.scoring.r2_score, "local_alpha": per_target}
    theirs = HimalayaRidgeCV(
        ALPHAS, fit_intercept=True, cv=KFold(5), solver_params={**options, "warn": False}
    ).fit(x, y)
    np.testing.assert_allclose(np.broadcast_to(ours.alpha_, 6), theirs.best_alphas_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_.T, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x), rtol=1e-6)
    if per_target:
        assert len(set(ours.alpha_)) > 1
        np.testing.assert_allclose(ours.cv_scores_.max(axis=0), theirs.cv_scores_, atol=1e-8)
        assert ours.best_score_ == pytest.approx(theirs.cv_scores_.mean())
    kernel = KernelRidgeCV(
        ALPHAS, fit_intercept=True, cv=KFold(5), solver_params=options, warn=False
    ).fit(x, y)
    np.testing.assert_allclose(np.broadcast_to(ours.alpha_, 6), kernel.best_alphas_)
    np.testing.assert_allclose(ours.predict(x), kernel.predict(x), rtol=1e-5)


def test_dual_and_primal_are_one():
    x, y = planted((50, 50))
    wide = np.hstack([x, np.zeros((50, 3))])  # more features than samples: the dual
    first, second = (DualRidgeCV(ALPHAS).fit(values[:, :], y) for values in (x[:, :49], wide))
    third = DualRidgeCV(ALPHAS).fit(x, y)
    np.testing.assert_allclose(second.coef_[:, :50], third.coef_, atol=1e-10)
    np.testing.assert_array_equal(second.coef_[:, 50:], 0)
    assert first.coef_.shape == (6, 49)


@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_single_precision_stays_so_and_agrees(shape):
    x, y = planted(shape)
    double = DualRidgeCV(ALPHAS).fit(x, y)
    single = DualRidgeCV(ALPHAS).fit(x.astype(np.float32), y.astype(np.float32))
    assert {single.coef_.dtype, single.predict(x.astype(np.float32)).dtype} == {
        np.dtype(np.float32)
    }
    assert single.alpha_ == double.alpha_
    scale = np.abs(double.coef_).max()
    np.testing.assert_allclose(single.coef_, double.coef_, atol=1e-4 * scale)


def test_samples_far_from_the_origin_keep_their_digits():
    x, y = planted(WIDE)
    near, far = (DualRidgeCV(ALPHAS).fit(values, y) for values in (x, x + 1e5))
    assert far.alpha_ == near.alpha_
    np.testing.assert_allclose(far.coef_, near.coef_, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("shape", [WIDE, TALL])
def test_no_penalty_is_least_squares_of_smallest_norm(shape):
    x, y = planted(shape)
    found = DualRidgeCV((0.0,)).fit(x, y)
    centred, targets = x - x.mean(axis=0), y - y.mean(axis=0)
    expected = np.linalg.lstsq(centred, targets, rcond=1e-10)[0].T
    np.testing.assert_allclose(found.coef_, expected, rtol=1e-6, atol=1e-8)


def test_all_presentations_of_a_picture_are_in_one_fold():
    x, y = planted((60, 80))
    groups = np.arange(60) % 20
    ours = DualRidgeCV(ALPHAS).fit(x, y, groups=groups)
    search = GridSearchCV(Ridge(), {"alpha": ALPHAS}, cv=GroupKFold(5), scoring="r2")
    expected = search.fit(x, y, groups=groups).cv_results_["mean_test_score"]
    np.testing.assert_allclose(ours.cv_scores_.mean(axis=1), expected)
    with pytest.raises(LeakFault, match=r"group 0 trains and tests \[fold 0\]"):
        DualRidgeCV(ALPHAS, cv=KFold(5)).fit(x, y, groups=groups)
    with pytest.raises(DataFault, match="2 groups for 5 folds"):
        DualRidgeCV(ALPHAS).fit(x, y, groups=groups % 2)
    with pytest.raises(DataFault, match="3 groups for 60 samples"):
        DualRidgeCV(ALPHAS).fit(x, y, groups=[1, 2, 3])


def test_repeated_pictures_flatter_the_score_unless_they_are_grouped():
    rng = np.random.default_rng(0)
    picture = np.arange(60) // 3
    x = rng.standard_normal((20, 100))[picture] + 0.1 * rng.standard_normal((60, 100))
    y = rng.standard_normal((20, 2))[picture]  # nothing to generalise
    shuffled = DualRidgeCV(ALPHAS, cv=KFold(5, shuffle=True, random_state=0)).fit(x, y)
    grouped = DualRidgeCV(ALPHAS).fit(x, y, groups=picture)
    assert shuffled.best_score_ > 0.5
    assert grouped.best_score_ < 0.1


def test_folds_can_be_given_as_they_are():
    x, y = planted(WIDE)
    folds = list(KFold(3).split(x))
    np.testing.assert_array_equal(
        DualRidgeCV(ALPHAS, cv=folds).fit(x, y).cv_scores_,
        DualRidgeCV(ALPHAS, cv=3).fit(x, y).cv_scores_,
    )


def test_a_constant_target_scores_zero_and_does_not_spoil_the_others():
    x, y = planted(WIDE, n_targets=3)
    y[:, 1] = np.arange(40) < 8  # constant in every fold but varying in training
    found = DualRidgeCV(ALPHAS).fit(x, y)
    assert (found.cv_scores_[:, 1] == 0).all()
    assert np.isfinite(found.cv_scores_).all()


def test_settings_that_cannot_be_are_refused():
    x, y = planted(WIDE)
    with pytest.raises(ConfigFault, match="give some numbers, 0 or more"):
        DualRidgeCV((-1.0, 1.0)).fit(x, y)
    with pytest.raises(ConfigFault, match=r"unknown score .* 'r3', did you mean 'r2'"):
        DualRidgeCV(scoring="r3").fit(x, y)
    with pytest.raises(DataFault, match=r"kernel of a ridge regression would take .*40 x 40"):
        DualRidgeCV(limit_gib=1e-6).fit(x, y)
