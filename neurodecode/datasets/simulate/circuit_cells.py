r"""Leaky integrate-and-fire cells: how often they fire by themselves, and how large a spike is.

The membrane has time constant :math:`\tau`, mean input :math:`\mu` and, without threshold, the
standard deviation :math:`\sigma`. It fires at a rate (Siegert 1951; Brunel 2000, eq. 21)

.. math::

    \nu(\mu)^{-1} = t_{\text{ref}} + \tau \sqrt\pi
    \int_{(V_r - \mu) / \sqrt 2 \sigma}^{(\theta' - \mu) / \sqrt 2 \sigma}
    e^{x^2} (1 + \operatorname{erf} x)\, dx .

A threshold that is looked at once per step is missed by excursions in between, as if it stood
higher: :math:`\theta' = \theta + 0.5826\, \sigma_{\text{step}}` with the standard deviation of the
noise of a step (Broadie, Glasserman and Kou 1997).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx

from neurodecode.datasets.simulate.spiking_circuit import Circuit, draw_population

if TYPE_CHECKING:
    from neurodecode.datasets.simulate.circuit_settings import CircuitSettings
    from neurodecode.datasets.simulate.circuit_truth import CircuitTruth
    from neurodecode.datasets.simulate.spiking_stimulus import Schedule

Array = NDArray[np.float64]

MISSED = 0.5826
"""Shift of a threshold that is looked at in steps, in standard deviations of a step."""

REACH = 7.0
"""Mean inputs are looked for within this many standard deviations of the threshold."""


def draw_cells(settings: CircuitSettings, schedule: Schedule, rng: np.random.Generator) -> Circuit:
    """Draw a circuit whose baselines are mean inputs in mV and whose delays are steps."""
    drawn = draw_population(settings, schedule, settings.delay_steps, rng)
    return Circuit(
        baseline=mean_input(np.exp(drawn.baseline), settings),
        weights=drawn.weights,
        delays=drawn.delays,
        fields=drawn.fields,
        loadings=drawn.loadings,
        hubs=drawn.hubs,
    )


def mean_input(rates: Array, settings: CircuitSettings) -> Array:
    """Return the mean input (mV) at which a cell without other drive fires at a rate (Hz)."""
    sigma = settings.noise_mv
    threshold = settings.threshold_mv + MISSED * step_noise(settings)
    inputs = np.linspace(threshold - REACH * sigma, threshold + REACH * sigma, 401)
    log_rates = np.log([_rate(value, threshold, settings) for value in inputs])
    found: Array = np.interp(np.log(rates), log_rates, inputs)
    return found


def step_noise(cell: CircuitSettings | CircuitTruth) -> float:
    """Return the standard deviation of the noise that one step adds, mV."""
    left = np.exp(-cell.step_seconds / cell.membrane_seconds)
    return float(cell.noise_mv * np.sqrt(1 - left**2))


def potential_peak(cell: CircuitSettings | CircuitTruth) -> float:
    r"""Return the peak of the potential after a current that starts at 1 mV.

    With :math:`r = \tau_{\text{synapse}} / \tau_{\text{membrane}} < 1` it is
    :math:`r^{1 / (1 - r)}`.
    """
    ratio = cell.synapse_seconds / cell.membrane_seconds
    return float(ratio ** (1 / (1 - ratio)))


def _rate(mean: float, threshold: float, settings: CircuitSettings) -> float:
    """Return the rate (Hz) at a mean input."""
    scale = np.sqrt(2) * settings.noise_mv
    bounds = (settings.reset_mv - mean) / scale, (threshold - mean) / scale
    grid = np.linspace(*bounds, 2001)
    area = np.trapezoid(erfcx(-grid), grid)
    period = settings.refractory_seconds + settings.membrane_seconds * np.sqrt(np.pi) * area
    return float(1 / period)
