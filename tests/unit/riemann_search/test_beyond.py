"""Options beyond the paper: lag-aware shrinkage and block-Toeplitz covariances."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from neurodecode.evaluation.folds import Fold
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann.augmented import AugmentedCovariances
from neurodecode.riemann.block_averages import average_blocks
from neurodecode.riemann.block_toeplitz import BlockToeplitzCovariances
from neurodecode.riemann.config import ModelSection, SearchSection
from neurodecode.riemann.decoders import make_decoder
from neurodecode.riemann.search import ACMSearchCV
from neurodecode.riemann.selection import Selector
from neurodecode.riemann.shrinkage import lag_ledoit_wolf


def test_without_lags_it_is_ledoit_and_wolf():
    x = np.random.default_rng(0).standard_normal((10, 80)) * np.arange(1, 11)[:, None]
    np.testing.assert_allclose(lag_ledoit_wolf(x, max_lag=0), ledoit_wolf(x.T)[0], rtol=1e-10)


def test_filtered_signals_are_shrunk_more_and_come_nearer_the_truth():
    rng = np.random.default_rng(1)
    truth = np.diag(np.arange(1.0, 31))
    better = 0
    for _ in range(10):
        noise = rng.standard_normal((30, 300))
        for t in range(1, 300):
            noise[:, t] = 0.9 * noise[:, t - 1] + np.sqrt(1 - 0.81) * noise[:, t]
        x = np.sqrt(truth) @ noise
        aware, blind = lag_ledoit_wolf(x), lag_ledoit_wolf(x, max_lag=0)
        better += np.linalg.norm(aware - truth) < np.linalg.norm(blind - truth)
    assert better == 10


def test_lag_aware_shrinkage_makes_a_singular_point_regular(trials):
    C = AugmentedCovariances(30, 2, "lag_lwf").transform(trials[0])
    assert C.shape == (60, 120, 120)
    assert np.linalg.eigvalsh(C).min() > 0
    search = ACMSearchCV([30], [2], estimator="lag_lwf", refit=False).fit(*trials)
    assert np.isfinite(search.best_score_)


def test_shrinkage_refuses_what_it_cannot_estimate():
    for x, lag in ((np.zeros(5), 1), (np.ones((2, 5)), 5), (np.ones((2, 5)), -1)):
        with pytest.raises(DataFault):
            lag_ledoit_wolf(x, max_lag=lag)


def test_blocks_are_equal_along_diagonals_and_the_matrix_is_positive(make_trials):
    X, _ = make_trials(3, 4, 300)
    C = BlockToeplitzCovariances(5, 3).fit(X).transform(X)
    blocks = C.reshape(3, 5, 4, 5, 4)
    np.testing.assert_array_equal(blocks[:, 0, :, 2], blocks[:, 2, :, 4])
    np.testing.assert_array_equal(C, C.transpose(0, 2, 1))
    assert np.linalg.eigvalsh(C).min() > 0


def test_block_toeplitz_is_the_covariance_of_the_padded_embedding(make_trials):
    X, _ = make_trials(1, 3, 120)
    x = X[0] - X[0].mean(axis=1, keepdims=True)
    padded = np.pad(x, ((0, 0), (8, 8)))
    stacked = np.concatenate([padded[:, i * 4 : i * 4 + 128] for i in range(3)])
    expected = stacked @ stacked.T / 120
    np.testing.assert_allclose(BlockToeplitzCovariances(3, 4).transform(X)[0], expected, atol=1e-12)


def test_block_toeplitz_comes_near_the_augmented_covariance_of_long_trials(make_trials):
    X, _ = make_trials(1, 3, 20_000)
    augmented = AugmentedCovariances(3, 4).transform(X)
    toeplitz = BlockToeplitzCovariances(3, 4).transform(X)
    assert np.linalg.norm(augmented - toeplitz) < 0.01 * np.linalg.norm(augmented)


def test_block_toeplitz_refuses_impossible_points(trials):
    with pytest.raises(ConfigFault):
        BlockToeplitzCovariances(0, 1).transform(trials[0])
    with pytest.raises(DataFault):
        BlockToeplitzCovariances(40, 1).transform(trials[0])


def test_averaged_blocks_are_the_means_along_diagonals(make_trials):
    X, _ = make_trials(3, 4, 300)
    full = AugmentedCovariances(3, 2).transform(X).reshape(3, 3, 4, 3, 4)
    averaged = AugmentedCovariances(3, 2, structure="toeplitz").transform(X)
    blocks = averaged.reshape(3, 3, 4, 3, 4)
    np.testing.assert_allclose(blocks[:, 1, :, 2], (full[:, 0, :, 1] + full[:, 1, :, 2]) / 2)
    np.testing.assert_array_equal(blocks[:, 0, :, 0], blocks[:, 2, :, 2])
    np.testing.assert_array_equal(averaged, averaged.transpose(0, 2, 1))
    np.testing.assert_allclose(average_blocks(averaged, 4), averaged)


def test_a_search_with_averaged_blocks_equals_grid_search(trials):
    X, y = trials
    decoder = make_decoder("ACM+TS+SVM", ModelSection(structure="toeplitz"))
    folds = StratifiedKFold(3, shuffle=True, random_state=42)
    grid = {"features__order": [1, 2, 3], "features__lag": [3]}
    theirs = GridSearchCV(decoder, grid, cv=folds, scoring="roc_auc").fit(X, y)
    ours = ACMSearchCV([1, 2, 3], [3], [1], ["linear"], structure="toeplitz").fit(X, y)
    scores = theirs.cv_results_["mean_test_score"]
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], scores, atol=1e-3)
    assert ours.best_estimator_.named_steps["features"].structure == "toeplitz"


def test_indefinite_averages_are_missing_with_a_reason():
    # a chirp is not stationary: equal blocks contradict its covariance
    rng = np.random.default_rng(0)
    time = np.arange(120)
    X = np.sin(2e-3 * time**2 + rng.uniform(0, 6, (24, 2, 1))) * np.exp(time / 30)
    X += 1e-4 * rng.standard_normal(X.shape)
    search = ACMSearchCV([1, 8], [2], structure="toeplitz", refit=False).fit(X, np.arange(24) % 2)
    missing = search.cv_results_["param_order"] == 8
    assert np.isnan(search.cv_results_["mean_test_score"][missing]).all()
    assert all("not positive definite" in r for r in search.cv_results_["reason"][missing])
    assert np.isfinite(search.cv_results_["mean_test_score"][~missing]).all()
    with pytest.raises(DataFault, match="not positive definite"):
        AugmentedCovariances(8, 2, structure="toeplitz").transform(X)


def test_an_unknown_structure_is_refused(trials):
    for wrong in (ACMSearchCV(structure="toeplitzz"), AugmentedCovariances(structure="toeplitzz")):
        with pytest.raises(ConfigFault, match="did you mean"):
            wrong.fit(*trials).transform(trials[0])


def test_the_estimator_and_structure_of_an_experiment_reach_its_searches(trials):
    X, y = trials
    settings = SearchSection(
        orders=(2,), lags=(1,), C=(1.0,), kernels=("linear",), estimator="oas", structure="toeplitz"
    )
    selector = Selector(X, y, settings, seed=0)
    fold = Fold(np.arange(40), np.arange(40, 60), "1", "1", "0", 1)
    searched = selector.fit("ACM+TS+SVM, grid", fold).named_steps["features"]
    assert (searched.estimator, searched.structure) == ("oas", "toeplitz")
    assert selector.fit("ACM+TS+SVM, Takens", fold).named_steps["features"].estimator == "oas"
    short = Selector(X, y, settings.model_copy(update={"max_delay": 3}), seed=0)
    assert short.embeddings.lags.max() <= 3 < selector.embeddings.lags.max()
