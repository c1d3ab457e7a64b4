r"""Integrate-and-fire cells step by step.

The potential :math:`v` and the current :math:`u` of the synapses are linear between spikes, so that
a step :math:`h` is exact (Rotter and Diesmann 1999):

.. math::

    v \leftarrow a v + (1 - a) I + c\, u + \sigma \sqrt{1 - a^2}\, \xi, \quad
    u \leftarrow b u, \qquad a = e^{-h / \tau_m},\; b = e^{-h / \tau_s},\;
    c = \frac{\tau_s}{\tau_m - \tau_s} (a - b) .

Only the threshold is looked at once per step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.circuit_cells import potential_peak, step_noise
from neurodecode.datasets.simulate.spiking_dynamics import spikes_in_bins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from neurodecode.datasets.simulate.circuit_truth import CircuitTruth

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


def simulate_spikes(truth: CircuitTruth, rng: np.random.Generator) -> tuple[Array, Whole]:
    """Draw the spikes of a session given the circuit, the drive and the behaviour.

    Called again with another generator it gives the same cells and frames with other noise, as a
    repeated trial does.

    Parameters
    ----------
    truth : CircuitTruth
    rng : Generator
        For the current of each cell and the times within steps.

    Returns
    -------
    times : ndarray of float64, shape (n_spikes,)
        Sorted, s; two spikes of a cell are further apart than ``refractory_seconds``.
    units : ndarray of int64, shape (n_spikes,)
    """
    fired = list(_fired(truth, rng))
    steps = np.repeat([step for step, _ in fired], [cells.size for _, cells in fired])
    cells = np.concatenate([cells for _, cells in fired]) if fired else np.empty(0, dtype=np.int64)
    return spikes_in_bins(steps.astype(np.int64), cells, truth.step_seconds, rng)


def _fired(truth: CircuitTruth, rng: np.random.Generator) -> Iterator[tuple[int, Whole]]:
    """Run the cells; yield each step in which some fire, and which."""
    left = float(np.exp(-truth.step_seconds / truth.membrane_seconds))
    stays = float(np.exp(-truth.step_seconds / truth.synapse_seconds))
    passed = truth.synapse_seconds / (truth.membrane_seconds - truth.synapse_seconds)
    passed *= left - stays
    rest = round(truth.refractory_seconds / truth.step_seconds)
    threshold, reset, axons = truth.threshold_mv, truth.reset_mv, _Axons(truth)
    n_cells = len(truth.baseline)
    potential = rng.uniform(reset, threshold, n_cells)
    current, until = np.zeros(n_cells), np.zeros(n_cells, dtype=np.int64)
    for step, outside in enumerate(_outside(truth, left, rng)):
        axons.deliver(step, current)
        potential *= left
        potential += outside
        potential += passed * current
        current *= stays
        np.copyto(potential, reset, where=until > step)
        cells = (potential >= threshold).nonzero()[0]
        if cells.size:
            potential[cells] = reset
            until[cells] = step + 1 + rest
            axons.send(step, cells)
            yield step, cells


def _outside(truth: CircuitTruth, left: float, rng: np.random.Generator) -> Iterator[Array]:
    """Yield what baseline, stimulus, behaviour and noise add to the potentials in each step."""
    spread, shape = step_noise(truth), (truth.steps_per_frame, len(truth.baseline))
    for drive in truth.outside_drive:
        noise = rng.standard_normal(shape)
        noise *= spread
        noise += (1 - left) * drive
        yield from noise


class _Axons:
    """Spikes on their way: what each cell sends where, and when it arrives."""

    def __init__(self, truth: CircuitTruth) -> None:
        self._n_slots = int(truth.delays.max()) + 1
        self._n_cells = len(truth.baseline)
        self._slots = np.zeros((self._n_slots, self._n_cells))
        self._flat = self._slots.reshape(-1)
        peak = potential_peak(truth)
        self._sent: list[tuple[Whole, Array]] = []
        for delays, weights in zip(truth.delays.T, truth.weights.T, strict=True):
            reached = np.flatnonzero(delays)
            place = delays[reached] * self._n_cells + reached
            self._sent.append((place, weights[reached] / peak))

    def deliver(self, step: int, current: Array) -> None:
        """Add what arrives in this step to the currents."""
        arrived = self._slots[step % self._n_slots]
        current += arrived
        arrived[:] = 0

    def send(self, step: int, cells: Whole) -> None:
        """Put the spikes of a step on their way; a cell reaches each target once."""
        now = (step % self._n_slots) * self._n_cells
        for cell in cells:
            places, weights = self._sent[cell]
            if places.size:
                self._flat[(places + now) % self._flat.size] += weights
