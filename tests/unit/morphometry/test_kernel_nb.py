"""Kernel naive Bayes is the product of scipy's kernel densities."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import parametrize_with_checks

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.morphometry import KernelNB


@parametrize_with_checks([KernelNB()])
def test_kernel_naive_bayes_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


def test_posteriors_are_those_of_scipy_kernel_densities():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 3)), np.repeat([0, 1], [40, 20])
    X[y == 1] += 1
    new = rng.standard_normal((7, 3))
    joint = []
    for c in (0, 1):
        part = X[y == c]
        density = np.prod(
            [gaussian_kde(part[:, j], 1.06 * len(part) ** -0.2)(new[:, j]) for j in range(3)],
            axis=0,
        )
        joint.append(density * len(part) / 60)
    expected = np.stack(joint, axis=1) / np.sum(joint, axis=0)[:, None]
    np.testing.assert_allclose(KernelNB().fit(X, y).predict_proba(new), expected, rtol=1e-10)


def test_two_humps_are_seen_by_kernels_and_not_by_normals():
    rng = np.random.default_rng(1)
    y = np.tile([0, 1], 100)
    X = rng.normal(scale=0.3, size=(200, 1)) + np.where(y, rng.choice([-2, 2], 200), 0)[:, None]
    X += 0.0
    kernel = KernelNB(0.5).fit(X[:100], y[:100]).score(X[100:], y[100:])
    assert kernel > 0.95
    assert GaussianNB().fit(X[:100], y[:100]).score(X[100:], y[100:]) <= kernel


def test_far_away_people_and_flat_features_keep_finite_posteriors():
    X, y = np.array([[0.0, 1.0], [1, 1], [2, 1], [3, 1]]), [0, 0, 1, 1]
    posterior = KernelNB().fit(X, y).predict_proba([[1e6, 1.0], [-1e6, 1.0], [1.0, 5.0]])
    assert np.isfinite(posterior).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1)


def test_what_cannot_be_fitted_is_named():
    X = np.zeros((4, 1))
    with pytest.raises(ConfigFault, match="bandwidth 0"):
        KernelNB(0).fit(X, [0, 1, 0, 1])
    with pytest.raises(ConfigFault, match="did you mean 'uniform'"):
        KernelNB(priors="uniforn").fit(X, [0, 1, 0, 1])
    with pytest.raises(DataFault, match="a single class"):
        KernelNB().fit(X, [1, 1, 1, 1])
