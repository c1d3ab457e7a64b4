r"""The best a decoder can do on windows of simulated clips that it has never seen.

In frequency bin :math:`f` a window :math:`X_f` is complex Gaussian with covariance

.. math:: C_f(\lambda) = \sum_k P_k(f)\, e^{\lambda_k} g_k g_k^\top + N_f,

:math:`P_k` the expected periodogram of rhythm k (its spectrum seen through the window's length) and
:math:`N_f` that of the background and of the other bands' rhythms at their mean power. The bins
of a band are taken as independent (debiased Whittle likelihood), and the bands as independent given
what is felt. The decoder knows the person: head, own powers and the moment's drift, all exactly,
which nobody has; it does not know the signature of the clip, which no other clip tells, nor the
other rating, so

.. math:: p(X \mid z) = \prod_b \mathrm{E}_u \prod_{f \in b} p\big(X_f \mid \lambda(z) + u\big),
    \qquad p(\text{rating} \mid X) \propto \sum_{z \in \text{rating}} p(X \mid z),

over quantiles of what is felt and quasi-random signatures. Ratings are equally frequent.

References
----------
Sykulski, Olhede, Guillaumin, Lilly, Early 2019, Biometrika 106, 251-266, the debiased likelihood.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.special import logsumexp, softmax
from scipy.stats import norm, qmc

from neurodecode.datasets.rated.epoc import SAMPLING_RATE
from neurodecode.datasets.simulate.background import autocovariance, draw_background
from neurodecode.datasets.simulate.rated_latents import N_LEVELS, rate
from neurodecode.datasets.simulate.rated_participant import draw_sources
from neurodecode.datasets.simulate.rated_sources import (
    BANDS,
    LOADINGS,
    RATINGS,
    SOURCES,
    band_coefficients,
    places_of,
)
from neurodecode.datasets.simulate.rated_truth import RatedViewer
from neurodecode.faults import ConfigFault, unknown

Array = NDArray[np.floating[Any]]

EDGES_HZ = {"theta": (3.0, 8.0), "alpha": (8.0, 14.0), "beta": (14.0, 29.0), "gamma": (29.0, 50.0)}
"""Bins that speak for a band: from the first edge on, below the second."""
_WITHIN, _OTHER, _DRAWS = 3, 5, 256  # quantiles of a rating, of the other one, signatures (2**n)
_BLOCK = 200  # windows at a time


class OptimalDecoder:
    """Posterior of a rating given a window of one simulated viewer.

    Parameters
    ----------
    viewer : RatedViewer
        The person, known exactly.
    rating : {"valence", "arousal"}
        What is decoded.
    n_samples : int, default 128
        Length of the windows.
    """

    def __init__(self, viewer: RatedViewer, rating: str, *, n_samples: int = 128) -> None:
        if rating not in RATINGS:
            raise ConfigFault(unknown("rating of the simulation", rating, RATINGS))
        self.viewer, self.rating, self.n_samples = viewer, rating, n_samples

    def probabilities(self, windows: Array) -> Array:
        """Return the probabilities (n_windows, 5) of the ratings 1 to 5.

        Parameters
        ----------
        windows : ndarray, shape (n_windows, 14, n_samples)
            uV; the mean of each channel does not count.
        """
        blocks = [windows[k : k + _BLOCK] for k in range(0, len(windows), _BLOCK)]
        return np.concatenate([self._probabilities(block) for block in blocks])

    def _probabilities(self, windows: Array) -> Array:
        spectra = np.fft.rfft(windows, axis=-1) / np.sqrt(self.n_samples)
        log_likelihood = sum(self._log_likelihood(spectra, band) for band in BANDS)
        by_rating = np.reshape(log_likelihood, (len(windows), N_LEVELS, -1))
        posterior: Array = softmax(logsumexp(by_rating, axis=2), axis=1)
        return posterior

    def _log_likelihood(self, spectra: Array, band: str) -> Array:
        """Return log p(bins of a band | felt), (n_windows, n_felt), up to a constant."""
        bins, weights, log_determinants = self._settings[band]
        seen = np.einsum("fkc,ncf->nfk", self._unmixing[band], spectra[..., bins], optimize=True)
        products = (seen[..., :, None] * seen[..., None, :].conj()).real
        scores = products.reshape(len(spectra), -1) @ weights - log_determinants
        by_felt = scores.reshape(len(spectra), len(self._felt), -1)
        likelihood: Array = logsumexp(by_felt, axis=2)
        return likelihood

    @cached_property
    def _felt(self) -> Array:
        """Quantiles of what is felt, (n_felt, 2): of the rating first, then of the other one."""
        own, other = (_quantiles(n) for n in (N_LEVELS * _WITHIN, _OTHER))
        grid = np.stack(np.meshgrid(own, other, indexing="ij"), axis=-1).reshape(-1, 2)
        return grid if self.rating == RATINGS[0] else grid[:, ::-1]

    @cached_property
    def _noise(self) -> dict[str, Array]:
        """By band, the inverse Cholesky factors (n_bins, n_channels, n_channels) of the noise."""
        viewer, variance = self.viewer, _evoked_variance(self.viewer)
        background = expected_periodogram(viewer.coefficients, self.n_samples)
        found = {}
        for band in BANDS:
            noise = background[self._bins(band), None, None] * viewer.covariance
            for place, source in enumerate(SOURCES):
                if source.band != band:
                    mean = np.exp(viewer.offsets[place] + variance[place] / 2)
                    field = mean * np.outer(viewer.gains[:, place], viewer.gains[:, place])
                    noise = (
                        noise
                        + self._periodograms[source.band][self._bins(band), None, None] * field
                    )
            eye = np.eye(len(viewer.channels))
            found[band] = np.stack(
                [solve_triangular(cholesky(c, lower=True), eye, lower=True) for c in noise]
            )
        return found

    @cached_property
    def _periodograms(self) -> dict[str, Array]:
        return {
            band: expected_periodogram(band_coefficients(band, SAMPLING_RATE), self.n_samples)
            for band in BANDS
        }

    def _bins(self, band: str) -> NDArray[np.intp]:
        hertz = np.fft.rfftfreq(self.n_samples, 1 / SAMPLING_RATE)
        low, high = EDGES_HZ[band]
        return np.flatnonzero((hertz >= low) & (hertz < high))

    @cached_property
    def _unmixing(self) -> dict[str, Array]:
        """By band, G' N^-1 of its sources, (n_bins, n_sources of the band, n_channels)."""
        return {
            band: np.einsum(
                "ck,fdc,fde->fke", self.viewer.gains[:, places_of(band)], whitener, whitener
            )
            for band, whitener in self._noise.items()
        }

    @cached_property
    def _settings(self) -> dict[str, tuple[NDArray[np.intp], Array, Array]]:
        """By band: its bins; per setting of felt and signature, weights of the products of the
        unmixed bins, (n_bins * n_sources ** 2, n_settings), and the log determinants.
        """  # noqa: D205
        return {band: self._weigh(band) for band in BANDS}

    def _weigh(self, band: str) -> tuple[NDArray[np.intp], Array, Array]:
        places, bins = places_of(band), self._bins(band)
        viewer, draws = self.viewer, _signatures(len(places))
        mean = viewer.offsets[places] + viewer.effect * self._felt @ LOADINGS[places].T
        log_power = mean[:, None] + viewer.identity * draws  # (n_felt, n_draws, n_sources)
        log_power = log_power.reshape(-1, len(places))
        gram = self._unmixing[band] @ viewer.gains[:, places]
        weights = np.empty((len(bins), len(places) ** 2, len(log_power)))
        log_determinants = np.zeros(len(log_power))
        for k, periodogram in enumerate(self._periodograms[band][bins]):
            root = np.exp(log_power / 2) * np.sqrt(periodogram)
            inner = np.eye(len(places)) + root[:, :, None] * gram[k] * root[:, None, :]
            weight = root[:, :, None] * np.linalg.inv(inner) * root[:, None, :]
            weights[k] = weight.reshape(len(log_power), -1).T
            log_determinants += np.linalg.slogdet(inner)[1]
        return bins, weights.reshape(-1, len(log_power)), log_determinants


def optimal_probabilities(
    folder: Path,
    subject: str,
    rating: str,
    *,
    n_windows: int = 1000,
    n_samples: int = 128,
    random_state: int = 0,
) -> tuple[Array, NDArray[np.int64]]:
    """Let the optimal decoder decode windows of clips that nobody has seen, drawn from the model.

    Every window is of another clip, with a signature of its own and without drift (which the
    decoder would know), so that the scores do not hang on the few clips of the data set.

    Parameters
    ----------
    folder : Path
        Root of a simulated data set.
    subject : str
        Label, such as ``"01"``.
    rating : {"valence", "arousal"}
        What is decoded.
    n_windows : int, default=1000
        The standard error of an accuracy p is ``sqrt(p (1 - p) / n_windows)``.
    n_samples : int, default=128
        Of a window, at 128 Hz.
    random_state : int, default=0
        Seed of the windows.

    Returns
    -------
    probabilities : ndarray, shape (n_windows, 5)
        Of the ratings 1 to 5; any score of them is that of the ceiling.
    ratings : ndarray of int, shape (n_windows,)
        True ones.

    Raises
    ------
    ConfigFault
        If the rating is unknown.
    DataFault
        If the participant is unknown.
    """
    viewer = RatedViewer.read(folder, subject)
    decoder = OptimalDecoder(viewer, rating, n_samples=n_samples)
    rng = np.random.default_rng(random_state)
    felt = rng.standard_normal((n_windows, len(RATINGS)))
    windows = draw_windows(viewer, felt, n_samples, rng)
    return decoder.probabilities(windows), rate(felt[:, RATINGS.index(rating)])


def draw_windows(
    viewer: RatedViewer, felt: Array, n_samples: int, rng: np.random.Generator
) -> Array:
    """Draw a window of a new clip for each row of ``felt`` (n, 2): (n, n_channels, n_samples)."""
    signatures = viewer.identity * rng.standard_normal((len(felt), len(SOURCES)))
    log_power = viewer.offsets + viewer.effect * felt @ LOADINGS.T + signatures
    total = len(felt) * 2 * n_samples  # every other stretch is left out: windows are independent
    signals = viewer.gains @ draw_sources(np.repeat(log_power.T, 2 * n_samples, axis=1), rng)
    signals += draw_background(viewer.coefficients, viewer.covariance, total, rng)
    cut = signals.reshape(len(signals), len(felt), 2 * n_samples)[..., :n_samples]
    return np.moveaxis(cut, 1, 0)


def expected_periodogram(coefficients: Array, n_samples: int) -> Array:
    """Return the expected periodogram of a unit-variance AR process, (n_samples // 2 + 1,).

    It is the spectrum seen through a window of this length; white noise has 1 everywhere.
    """
    covariance, _ = autocovariance(coefficients, n_samples)
    tapered = covariance * (1 - np.arange(n_samples) / n_samples)
    expected: Array = 2 * np.fft.rfft(tapered).real - tapered[0]
    return expected


def _evoked_variance(viewer: RatedViewer) -> Array:
    """Variance (n_sources,) of the log power over clips."""
    variance: Array = viewer.effect**2 * (LOADINGS**2).sum(axis=1) + viewer.identity**2
    return variance


def _quantiles(n: int) -> Array:
    """Return n equally probable values of a standard normal."""
    quantiles: Array = norm.ppf((np.arange(n) + 0.5) / n)
    return quantiles


def _signatures(n_sources: int) -> Array:
    """Return quasi-random standard normals (n_draws, n_sources), always the same."""
    uniform = qmc.Sobol(n_sources, seed=0).random(_DRAWS)
    signatures: Array = norm.ppf(np.clip(uniform, 1e-9, 1 - 1e-9))
    return signatures
