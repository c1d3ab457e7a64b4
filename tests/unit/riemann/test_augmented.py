"""The augmented covariance equals that of MOABB 1.7 (AugmentedDataset) and behaves in pipelines."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from neurodecode.faults import DataFault
from neurodecode.riemann import AugmentedCovariances, augment
from neurodecode.riemann.augmented import ShuffledTime


def noise(n_trials=5, n_channels=3, n_samples=100, seed=0):
    return np.random.default_rng(seed).standard_normal((n_trials, n_channels, n_samples))


@settings(deadline=None, max_examples=40)
@given(
    order=st.integers(1, 8),
    lag=st.integers(1, 10),
    n_channels=st.integers(1, 6),
    n_samples=st.integers(20, 200),
    seed=st.integers(0, 99),
)
def test_matrices_equal_those_of_moabb(order, lag, n_channels, n_samples, seed):
    from moabb.pipelines.features import AugmentedDataset

    assume(order * n_channels < n_samples - (order * lag if order > 1 else 0))
    X = noise(3, n_channels, n_samples, seed)
    embedded = AugmentedDataset(order=order, lag=lag).fit(X, None).transform(X)
    expected = np.stack([np.atleast_2d(np.cov(trial)) for trial in embedded])
    found = AugmentedCovariances(order, lag).fit_transform(X)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * np.abs(expected).max())


def test_copies_start_one_lag_apart_and_lose_one_lag_more_than_they_need():
    X = np.arange(20.0)[None, None]
    found = augment(X, order=3, lag=2)
    assert found.shape == (1, 3, 14)
    assert found[0, :, 0].tolist() == [0.0, 2.0, 4.0]
    assert found[0, :, -1].tolist() == [13.0, 15.0, 17.0]


def test_rows_are_all_channels_of_a_copy_then_those_of_the_next():
    X = np.stack([np.arange(10.0), 100 + np.arange(10.0)])
    assert augment(X, order=2, lag=3)[:, 0].tolist() == [0.0, 100.0, 3.0, 103.0]


@pytest.mark.parametrize("lag", [1, 7, 1000])
def test_order_one_is_the_spatial_covariance_whatever_the_lag(lag):
    X = noise()
    expected = np.stack([np.cov(trial) for trial in X])
    np.testing.assert_allclose(AugmentedCovariances(1, lag).fit_transform(X), expected, rtol=1e-12)


def test_single_precision_signals_are_summed_in_double_precision():
    X = noise() * 1e-6 + 1.0
    found = AugmentedCovariances(2, 2).fit_transform(X.astype(np.float32))
    assert found.dtype == np.float64
    expected = AugmentedCovariances(2, 2).fit_transform(X.astype(np.float32).astype(np.float64))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("lag", [10, 11, 500])
def test_an_embedding_longer_than_the_trial_is_refused(lag):
    with pytest.raises(DataFault, match=r"order 10 times lag .* of 100 -> lower model\.order"):
        AugmentedCovariances(10, lag).fit_transform(noise())


def test_fewer_samples_than_rows_are_refused_with_the_way_out():
    with pytest.raises(DataFault, match=r"12 rows .* from 12 samples .*model\.estimator=oas"):
        AugmentedCovariances(4, 7).fit_transform(noise(n_samples=40))


@pytest.mark.parametrize("estimator", ["oas", "lwf"])
def test_shrinkage_works_where_the_sample_covariance_is_refused(estimator):
    found = AugmentedCovariances(4, 7, estimator).fit_transform(noise(n_samples=40))
    assert found.shape == (5, 12, 12)
    assert (np.linalg.eigvalsh(found) > 0).all()


@pytest.mark.parametrize("estimator", ["scm", "oas"])
def test_a_flat_channel_is_named_before_any_covariance(estimator):
    X = noise()
    X[3, 1] = 4.2
    with pytest.raises(DataFault, match="channel 1 is flat in trial 3"):
        AugmentedCovariances(2, 2, estimator).fit_transform(X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_channels_that_depend_on_others_are_refused_with_the_way_out(dtype):
    X = noise(n_channels=4) * 1e-5
    X -= X.mean(axis=1, keepdims=True)  # average reference
    with pytest.raises(DataFault, match=r"4 channels of rank 3.*model\.estimator=oas"):
        AugmentedCovariances(2, 2).fit_transform(X.astype(dtype))
    AugmentedCovariances(2, 2, "oas").fit_transform(X.astype(dtype))


def test_strongly_correlated_channels_are_no_dependent_ones():
    X = noise(n_channels=4)
    X = X[:, :1] + 1e-4 * X
    AugmentedCovariances(2, 2).fit_transform(X.astype(np.float32))


def test_two_dimensional_input_is_refused():
    with pytest.raises(DataFault, match=r"trials x channels x samples, got shape \(3, 100\)"):
        AugmentedCovariances().fit(noise()[0])


def test_other_channels_than_fitted_are_refused():
    fitted = AugmentedCovariances(2, 2).fit(noise(n_channels=3))
    with pytest.raises(DataFault, match="fitted on 3 channels, got 2"):
        fitted.transform(noise(n_channels=2))


def test_estimator_names_are_those_of_pyriemann_and_our_own():
    from typing import get_args

    from pyriemann.geometry import covariance

    from neurodecode.riemann.config import ModelSection
    from neurodecode.riemann.shrinkage import ESTIMATORS

    names = set(get_args(ModelSection.model_fields["estimator"].annotation))
    assert names <= set(covariance.cov_est_functions) | set(ESTIMATORS)


def test_parameters_survive_clone_set_params_and_pickle():
    transform = AugmentedCovariances(3, 5, "lwf").set_params(lag=6)
    for copy in (clone(transform), pickle.loads(pickle.dumps(transform))):
        assert copy.get_params() == {
            "order": 3, "lag": 6, "estimator": "lwf", "structure": "full",
        }  # fmt: skip


def test_order_and_lag_can_be_searched_in_a_pipeline(trials):
    X, table = trials()
    flat = FunctionTransformer(lambda C: np.log(np.einsum("nii->ni", C)))
    pipeline = make_pipeline(AugmentedCovariances(), flat, LogisticRegression())
    grid = {"augmentedcovariances__order": [1, 2], "augmentedcovariances__lag": [1, 3]}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(X, table["label"])
    assert search.best_score_ > 0.8


def test_shuffled_time_keeps_the_spatial_and_loses_the_lagged_covariance():
    rng = np.random.default_rng(0)
    X = np.cumsum(rng.standard_normal((4, 3, 2000)), axis=2)  # strongly autocorrelated
    X -= X.mean(axis=2, keepdims=True)
    shuffled = ShuffledTime(1).fit_transform(X)
    spatial = AugmentedCovariances(1, 1)
    np.testing.assert_allclose(spatial.fit_transform(shuffled), spatial.transform(X), rtol=1e-10)

    def lagged_correlation(trials):
        return [np.corrcoef(t[0, 1:], t[0, :-1])[0, 1] for t in trials]

    assert min(lagged_correlation(X)) > 0.95
    assert max(map(abs, lagged_correlation(shuffled))) < 0.15  # 6 standard errors


def test_the_shuffle_of_a_trial_does_not_depend_on_the_other_trials():
    X = noise()
    whole = ShuffledTime(1).fit_transform(X)
    np.testing.assert_array_equal(ShuffledTime(1).fit_transform(X[2:]), whole[2:])
    assert not np.array_equal(ShuffledTime(2).fit_transform(X), whole)
    assert not np.array_equal(np.argsort(whole[0, 0]), np.argsort(whole[1, 0]))
