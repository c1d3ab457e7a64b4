"""Trials from a stationary Gaussian model, and the exact likelihood of each class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]


def draw_trials(spectra: Array, n_trials: int, n_samples: int, rng: np.random.Generator) -> Array:
    r"""Draw circular Gaussian trials with given cross-spectra.

    At each frequency :math:`X_k = C_k z_k` with :math:`C_k C_k^\top = S_k` and :math:`z_k`
    standard complex normal; mean and Nyquist are zero. Bins are independent by construction, so
    :func:`log_likelihood` is exact, not an approximation.

    Parameters
    ----------
    spectra : ndarray, shape (n_samples // 2 - 1, n_channels, n_channels)
        Real cross-spectral matrices at the frequencies between 0 and Nyquist.
    n_samples : int
        Even.

    Returns
    -------
    ndarray, shape (n_trials, n_channels, n_samples)
    """
    n_bins, n_channels, _ = spectra.shape
    factors = np.linalg.cholesky(spectra)
    shape = (n_trials, n_bins, n_channels, 1)
    z = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2)
    bins = np.zeros((n_trials, n_channels, n_samples // 2 + 1), dtype=complex)
    bins[..., 1:-1] = np.moveaxis((factors @ z)[..., 0], 1, 2)
    trials: Array = np.fft.irfft(bins, n=n_samples, axis=-1) * np.sqrt(n_samples)
    return trials


def log_likelihood(trials: Array, spectra: Array) -> Array:
    r"""Return the log-likelihood of trials under :func:`draw_trials`, up to a constant.

    .. math:: -\sum_k \log\det S_k + X_k^* S_k^{-1} X_k

    Parameters
    ----------
    trials : ndarray, shape (n_trials, n_channels, n_samples)
    spectra : ndarray, shape (n_samples // 2 - 1, n_channels, n_channels)

    Returns
    -------
    ndarray, shape (n_trials,)
    """
    n_samples = trials.shape[-1]
    bins = np.fft.rfft(trials, axis=-1)[..., 1:-1] / np.sqrt(n_samples)
    inverse = np.linalg.inv(spectra)
    quadratic = np.einsum("tik,kij,tjk->t", bins.conj(), inverse, bins, optimize=True).real
    total: Array = -quadratic - np.linalg.slogdet(spectra)[1].sum()
    return total
