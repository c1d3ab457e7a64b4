"""Changes of reference to first order, against new eigendecompositions."""

import numpy as np
import pytest

from neurodecode.riemann.augmented import AugmentedCovariances
from neurodecode.riemann.descent import average, lower_triangular, whitening_of
from neurodecode.riemann.hessian import DiagonalHessian, stiffness, transported
from neurodecode.riemann.matrix_log import Whitened, exp_symmetric
from neurodecode.riemann.outer_reference import OuterReference, equal_weights

ROWS = np.arange(0, 60, 2)


@pytest.fixture(scope="module", params=[(2, 1), (6, 4)], ids=str)
def matrices(request, make_trials):
    return AugmentedCovariances(*request.param).transform(make_trials(60, 5, 400)[0])


@pytest.fixture(scope="module")
def whitened(matrices):
    return Whitened.at(matrices, whitening_of(matrices.mean(axis=0)), np.float64)


def symmetric(n, size):
    step = np.random.default_rng(3).standard_normal((n, n))
    return size * (step + step.T) / np.linalg.norm(step + step.T)


def test_stiffness_is_x_coth_x():
    values = np.array([-2.0, -1.0, -1.0, 3.0])
    x = (values[:, None] - values) / 2
    expected = np.where(x == 0, 1, x / np.tanh(np.where(x == 0, 1, x)))
    np.testing.assert_allclose(stiffness(values), expected, rtol=1e-12)
    np.testing.assert_allclose(stiffness(values.astype(np.float32)), expected, rtol=1e-5)


def test_the_error_of_transported_logarithms_is_of_second_order(whitened):
    spectra = whitened.spectra()
    logs = spectra.logarithms()
    errors = []
    for size in (1e-2, 1e-3):
        D = symmetric(len(whitened.whitening), size)
        moved = whitened.logarithms(exp_symmetric(-D / 2))
        errors.append(np.linalg.norm(transported(spectra, logs, D) - moved))
        assert errors[-1] < 0.1 * np.linalg.norm(moved - logs)
    assert errors[1] < 0.02 * errors[0]


def test_transport_in_two_steps_is_transport_by_their_sum(whitened):
    spectra = whitened.spectra()
    logs = spectra.logarithms()
    D = symmetric(len(whitened.whitening), 0.1)
    halves = transported(spectra, transported(spectra, logs, D / 2), D / 2)
    np.testing.assert_allclose(halves, transported(spectra, logs, D), atol=1e-10)


def test_the_diagonal_hessian_steps_nearer_the_mean_than_the_gradient(matrices):
    outer = OuterReference.of(matrices, "riemann", "numpy")
    frame, weights = outer.frame, equal_weights(len(matrices))
    hessian = DiagonalHessian.of(outer.spectra)
    assert hessian.values.min() >= 1 - 1e-5
    left = {}
    for name, step in (("gradient", frame.gradient), ("newton", hessian.solve(frame.gradient))):
        logs = frame.trials.logarithms(exp_symmetric(-step / 2))
        left[name] = np.linalg.norm(average(logs, weights))
    assert left["newton"] < 0.7 * left["gradient"]
    assert left["newton"] < 0.15 * frame.norm


def test_the_start_of_the_folds_lies_near_the_mean_of_all(matrices):
    outer = OuterReference.of(matrices, "riemann", "numpy")
    assert outer.frame.norm < 0.25 * outer.frame.size


def test_logarithms_near_a_mean_are_those_at_it(matrices):
    outer = OuterReference.of(matrices, "riemann", "numpy")
    exact = outer.at_mean(ROWS, 1e-4)
    step, logs = outer.near_mean(ROWS, 1e-4)
    assert np.linalg.norm(logs.mean(axis=0)) < 2e-4 * outer.frame.size
    # coordinates at the two references differ by a rotation, their inner products do not
    flat, reference = logs.reshape(len(ROWS), -1), exact.logs.reshape(len(ROWS), -1)
    gram, expected = flat @ flat.T, reference @ reference.T
    assert np.linalg.norm(gram - expected) < 0.01 * np.linalg.norm(expected)
    carried = outer.near_mean(ROWS, 1e-4, np.arange(60))[1]
    np.testing.assert_allclose(carried[ROWS], logs, atol=1e-2)
    assert step.shape == outer.frame.gradient.shape


def test_a_triangular_whitening_whitens_the_same(matrices):
    W = np.random.default_rng(1).standard_normal(matrices.shape[1:])
    L = lower_triangular(W)
    assert not np.triu(L, 1).any()
    np.testing.assert_allclose(L.T @ L, W.T @ W, rtol=1e-9, atol=1e-9)
    full, half = Whitened.at(matrices, W, np.float64), Whitened.at(matrices, L, np.float64)
    np.testing.assert_allclose(half.values, L @ matrices @ L.T, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        np.linalg.eigvalsh(full.values), np.linalg.eigvalsh(half.values), rtol=1e-6
    )


def test_torch_gives_the_same_spectra(whitened):
    pytest.importorskip("torch")
    other = Whitened(whitened.matrices, whitened.whitening, whitened.values, "torch").spectra()
    np.testing.assert_allclose(other.values, whitened.spectra().values, atol=1e-9)
    np.testing.assert_allclose(other.logarithms(), whitened.logarithms(), atol=1e-8)
