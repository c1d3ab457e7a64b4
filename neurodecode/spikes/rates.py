"""Expected spikes with an uncertainty that was checked against held-out windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.optimize import minimize
from scipy.stats import nbinom

from neurodecode.faults import DataFault
from neurodecode.spikes.config_training import SamplingSection

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurodecode.spikes.batches import SpikeWindows
    from neurodecode.spikes.config_training import Past
    from neurodecode.spikes.model import Neuroformer

FLOOR = 1e-4
"""Smallest expected spikes of a window: a neuron is never impossible."""
BOUNDS = [(-5.0, 5.0), (0.05, 3.0), (-10.0, 4.0)]


def expected_counts(
    model: Neuroformer,
    windows: SpikeWindows,
    *,
    n_draws: int = 8,
    past: Past = "teacher",
    batch_size: int = 64,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Return the spikes that the model expects of each neuron, (n_windows, n_neurons).

    A mean over draws from the model's own distribution, without filters, whose steps count with
    their probabilities, not with the token drawn.

    Parameters
    ----------
    model : Neuroformer
    windows : SpikeWindows
    n_draws : int, default=8
    past, batch_size, seed
        See :func:`generate`.
    """
    from neurodecode.spikes.generation import generate

    return generate(
        model, windows, past=past, n_draws=n_draws, sampling=SamplingSection.unfiltered(),
        batch_size=batch_size, seed=seed,
    ).expected  # fmt: skip


@dataclass(frozen=True)
class RateCalibration:
    r"""Predictive distribution of a count, given what the model expects.

    Negative binomial with mean :math:`\mu = e^{a} \lambda^{b}` and variance
    :math:`\mu + \varphi \mu^2`, where :math:`\lambda` is the expected count of the model, at least
    1e-4.

    Attributes
    ----------
    log_gain, exponent : float
        a and b; 0 and 1 leave the mean as it is.
    dispersion : float
        :math:`\varphi`; near 0: Poisson.
    """

    log_gain: float
    exponent: float
    dispersion: float

    @classmethod
    def fit(cls, expected: ArrayLike, observed: ArrayLike) -> Self:
        """Fit by maximum likelihood on windows that neither trained nor test the model.

        Parameters
        ----------
        expected : array-like of float, shape (n_windows, n_neurons)
            From :func:`expected_counts`.
        observed : array-like of int, shape (n_windows, n_neurons)

        Raises
        ------
        DataFault
            If shapes differ, or there is no spike.
        """
        expected, observed = np.asarray(expected, np.float64), np.asarray(observed)
        if expected.shape != observed.shape:
            raise DataFault(f"expected counts of shape {expected.shape}, observed of "
                            f"{observed.shape}")  # fmt: skip
        if not observed.sum():
            raise DataFault("no spike to calibrate on", fix="give more held-out windows")

        def loss(values: NDArray[np.float64]) -> float:
            trial = cls(values[0], values[1], float(np.exp(values[2])))
            return -float(trial.log_likelihood(expected, observed).mean())

        best = minimize(loss, [0.0, 1.0, -2.0], method="L-BFGS-B", bounds=BOUNDS)
        log_gain, exponent, log_dispersion = map(float, best.x)
        return cls(log_gain, exponent, float(np.exp(log_dispersion)))

    def mean(self, expected: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated means of the same shape."""
        rates = np.maximum(np.asarray(expected, np.float64), FLOOR)
        means: NDArray[np.float64] = np.exp(self.log_gain) * rates**self.exponent
        return means

    def log_likelihood(self, expected: ArrayLike, observed: ArrayLike) -> NDArray[np.float64]:
        """Return the log probability (nats) of observed counts, of the same shape."""
        found: NDArray[np.float64] = nbinom.logpmf(
            np.asarray(observed), *self._parameters(expected)
        )
        return found

    def interval(
        self, expected: ArrayLike, level: float = 0.9
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the smallest counts that hold at least half of ``1 - level`` below and above.

        Counts are whole numbers: the interval covers at least ``level``.
        """
        tail = (1 - level) / 2
        parameters = self._parameters(expected)
        return nbinom.ppf(tail, *parameters), nbinom.ppf(1 - tail, *parameters)

    def _parameters(self, expected: ArrayLike) -> tuple[float, NDArray[np.float64]]:
        """Return number of failures and probability, as scipy counts them."""
        size = 1 / self.dispersion
        return size, size / (size + self.mean(expected))
