"""Options beyond the paper: lag-aware shrinkage and block-Toeplitz covariances."""

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann.augmented import AugmentedCovariances
from neurodecode.riemann.block_toeplitz import BlockToeplitzCovariances
from neurodecode.riemann.search import ACMSearchCV
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
