"""Drawn trials have the stated cross-spectra, and the likelihood is that of a complex Gaussian."""

from __future__ import annotations

import numpy as np
from scipy.stats import multivariate_normal

from neurodecode.datasets.simulate.gaussian import draw_trials, log_likelihood


def spectra(n_bins, n_channels=3, seed=0):
    factors = np.random.default_rng(seed).standard_normal((n_bins, n_channels, n_channels))
    return factors @ factors.swapaxes(1, 2) + 0.1 * np.eye(n_channels)


def test_drawn_trials_have_the_stated_cross_spectra():
    S, n = spectra(7), 20_000
    trials = draw_trials(S, n, 16, np.random.default_rng(1))
    bins = np.fft.rfft(trials, axis=-1) / 4
    found = np.einsum("tik,tjk->kij", bins, bins.conj()) / n
    assert np.abs(found[[0, -1]]).max() < 1e-20  # no mean, nothing at Nyquist
    # A periodogram entry has standard error sqrt(S_ii S_jj / n) or less; 6 of them over 63 entries.
    scale = np.sqrt(np.einsum("kii,kjj->kij", S, S) / n)
    assert np.abs(found[1:-1] - S).max() > 0
    assert (np.abs(found[1:-1] - S) < 6 * scale).all()


def test_trials_and_bins_are_independent():
    S, n = spectra(7, n_channels=1), 20_000
    bins = np.fft.rfft(draw_trials(S, n, 16, np.random.default_rng(2)), axis=-1)[:, 0, 1:-1]
    correlation = np.abs(np.corrcoef(bins.T) - np.eye(7))
    assert correlation.max() < 6 / np.sqrt(n)
    assert np.abs(np.mean(bins**2, axis=0)).max() < 6 * 16 * S.max() / np.sqrt(n)  # circular


def test_signals_are_real_and_of_the_spectral_power():
    S = spectra(7)
    trials = draw_trials(S, 20_000, 16, np.random.default_rng(3))
    assert trials.dtype == np.float64
    expected = 2 * np.einsum("kii->i", S) / 16  # Parseval, both signs of each frequency
    np.testing.assert_allclose(trials.var(axis=(0, 2)), expected, rtol=0.03)


def test_the_likelihood_is_that_of_the_signals_own_gaussian_density_up_to_a_constant():
    """The samples' covariance is built in the time domain, without any Fourier transform."""
    n = 8
    trials = draw_trials(spectra(3, 2), 5, n, np.random.default_rng(4))
    times = np.arange(n)[:, None] - np.arange(n)[None]
    # The mean and Nyquist are zero: they get the same small variance in both models.
    floor = 1e-3 * np.kron(np.eye(2), (1 + (-1.0) ** times) / n)
    difference = []
    for seed in (0, 1):
        S = spectra(3, 2, seed)
        lagged = [2 / n * np.cos(2 * np.pi * k * times / n) for k in (1, 2, 3)]
        covariance = sum(np.kron(S[k], lagged[k]) for k in range(3)) + floor
        density = multivariate_normal(np.zeros(2 * n), covariance).logpdf(trials.reshape(5, -1))
        difference.append(log_likelihood(trials, S) - density)
    np.testing.assert_allclose(difference[0], difference[0][0], rtol=1e-9)
    np.testing.assert_allclose(difference[0], difference[1], rtol=1e-9)


def test_the_true_model_is_the_likelier_one():
    S, other = spectra(31), spectra(31, seed=1)
    trials = draw_trials(S, 50, 64, np.random.default_rng(5))
    assert (log_likelihood(trials, S) > log_likelihood(trials, other)).all()
