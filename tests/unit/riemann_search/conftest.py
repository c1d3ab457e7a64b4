"""Simulated trials for the tests of the nested search."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt


def band_limited(n_trials, n_channels, n_samples, *, n_classes=2, seed=0):
    """Spatially mixed noise, 8-35 Hz at 250 Hz; classes differ in the power of the sources."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_trials) % n_classes
    X = rng.standard_normal((n_trials, n_channels, n_samples + 400))
    X *= 1 + 0.2 * rng.standard_normal((n_trials, n_channels, 1))
    for k in range(1, n_classes):
        X[y == k, k - 1] *= 1.4
    X = np.matmul(rng.standard_normal((n_channels, n_channels)) + np.eye(n_channels), X)
    X = sosfiltfilt(butter(4, [8, 35], "bandpass", fs=250, output="sos"), X)
    return X[:, :, 200:-200].copy(), y


@pytest.fixture(scope="session")
def make_trials():
    return band_limited


@pytest.fixture(scope="session")
def trials():
    return band_limited(60, 4, 150)
