"""Means against pyRiemann's (0.12 when written), and where pyRiemann's does not converge."""

import numpy as np
import pytest

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann import karcher
from neurodecode.riemann.augmented import AugmentedCovariances
from neurodecode.riemann.karcher import karcher_mean, log_euclidean_mean, pyriemann_mean


@pytest.fixture(scope="module")
def matrices():
    A = np.random.default_rng(0).standard_normal((30, 8, 40))
    return A @ A.transpose(0, 2, 1) / 40


@pytest.mark.parametrize(("tol", "distance"), [(1e-3, 1e-3), (1e-11, 1e-10)])
def test_agrees_with_pyriemann(matrices, tol, distance):
    reference = pyriemann_mean()(matrices, tol=1e-13, maxiter=200)
    found = karcher_mean(matrices, tol=tol)
    assert found.converged
    assert found.gradient_norm <= tol
    np.testing.assert_allclose(found.mean, reference, atol=distance * np.abs(reference).max())
    np.testing.assert_allclose(found.factor @ found.factor.T, found.mean, rtol=1e-10)


def test_float64_is_used_only_when_float32_cannot_resolve_the_tolerance(matrices):
    assert karcher_mean(matrices, tol=1e-2).method == "float32"
    assert karcher_mean(matrices, tol=1e-8).method == "float64"


def test_weights_agree_with_pyriemann(matrices):
    weights = np.random.default_rng(1).uniform(size=30)
    reference = pyriemann_mean()(matrices, tol=1e-13, maxiter=200, sample_weight=weights)
    found = karcher_mean(matrices, tol=1e-10, weights=weights)
    np.testing.assert_allclose(found.mean, reference, atol=1e-9)


def test_the_mean_is_its_own_start(matrices):
    mean = karcher_mean(matrices, tol=1e-10).mean
    assert karcher_mean(matrices, tol=1e-6, init=mean).n_iter <= 3


def test_the_mean_moves_with_a_change_of_coordinates(matrices):
    W = np.random.default_rng(2).standard_normal((8, 8))
    moved = karcher_mean(W @ matrices @ W.T, tol=1e-10).mean
    mean = karcher_mean(matrices, tol=1e-10).mean
    np.testing.assert_allclose(moved, W @ mean @ W.T, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("lag", [1, 4])
def test_converges_where_the_matrices_are_ill_conditioned(make_trials, lag):
    X, _ = make_trials(24, 8, 600)
    C = AugmentedCovariances(10, lag).transform(X)
    assert np.linalg.cond(C).max() > (1e10 if lag == 1 else 1e5)
    found = karcher_mean(C, tol=1e-3)
    assert found.converged
    assert found.n_iter <= 20


def test_falls_back_to_pyriemann_and_says_so(matrices, monkeypatch):
    monkeypatch.setattr(karcher, "descend", lambda frame, *_, **__: (frame, 1))
    found = karcher_mean(matrices, tol=1e-6)
    assert found.method == "pyriemann"
    assert found.converged


def test_a_mean_that_is_not_reached_is_not_called_converged(matrices):
    found = karcher_mean(matrices, tol=1e-30, max_iter=3)
    assert not found.converged
    assert found.gradient_norm < 1e-2


def test_torch_gives_the_same_mean(matrices):
    pytest.importorskip("torch")
    found = karcher_mean(matrices, tol=1e-9, backend="torch").mean
    np.testing.assert_allclose(found, karcher_mean(matrices, tol=1e-9).mean, atol=1e-8)


def test_log_euclidean_mean_agrees_with_pyriemann(matrices):
    from pyriemann.geometry.mean import mean_logeuclid

    np.testing.assert_allclose(log_euclidean_mean(matrices), mean_logeuclid(matrices), atol=1e-12)


def test_what_is_no_stack_of_covariances_is_refused(matrices):
    for wrong in (matrices[0], matrices[:0], -matrices, np.full((2, 3, 3), np.nan)):
        with pytest.raises(DataFault):
            karcher_mean(wrong)
    with pytest.raises(DataFault):
        karcher_mean(matrices, weights=[1.0])
    with pytest.raises(ConfigFault, match="torch"):
        karcher_mean(matrices, backend="torhc")
