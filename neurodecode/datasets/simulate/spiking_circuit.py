"""Who drives whom, who sees what, and who follows the behaviour, in one simulated population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.spiking_settings import PopulationSettings, Settings
from neurodecode.datasets.simulate.spiking_stimulus import HEIGHT, WIDTH, Schedule

Array = NDArray[np.float64]

N_DELAYS = 4
"""Delays of connections: 1 to 4 bins."""

REFRACTORY = -3.0
"""Log rate that a unit's own spike adds right after it."""

HUB_RATE = 3.0
"""How much more than others a hub fires."""

RATE_SPREAD = 0.4
"""Standard deviation of the log rates."""

FIELD_SIGMA = 2.0
"""Half width of a receptive field, pixels."""


@dataclass(frozen=True, eq=False)
class Circuit:
    """One population.

    Attributes
    ----------
    baseline : ndarray, shape (n_units,)
        Drive without stimulus, behaviour or other units; as all drives, in log rate (Hz) of the
        point process, in mV of the integrate-and-fire cells.
    weights : ndarray, shape (n_units, n_units)
        ``weights[i, j]`` is what j does to i; the diagonal is refractoriness, of the point process.
    delays : ndarray of int64, shape (n_units, n_units)
        In bins or steps; 0 where there is no connection.
    fields : ndarray, shape (n_units, HEIGHT, WIDTH)
        Receptive fields, 0 for units that do not see.
    loadings : ndarray, shape (n_units,)
        Of the behaviour's latent.
    hubs : ndarray of int64, shape (n_hubs,)
        Rows of the hubs.
    """

    baseline: Array
    weights: Array
    delays: NDArray[np.int64]
    fields: Array
    loadings: Array
    hubs: NDArray[np.int64]


def draw_circuit(settings: Settings, schedule: Schedule, rng: np.random.Generator) -> Circuit:
    """Draw a population of the point process, refractoriness on the diagonal of its wiring."""
    circuit = draw_population(settings, schedule, (1, N_DELAYS), rng)
    np.fill_diagonal(circuit.weights, REFRACTORY)
    np.fill_diagonal(circuit.delays, 1)
    return circuit


def draw_population(
    settings: PopulationSettings,
    schedule: Schedule,
    delays: tuple[int, int],
    rng: np.random.Generator,
) -> Circuit:
    """Draw a population whose baseline is a log rate and whose diagonal is empty.

    Parameters
    ----------
    settings : PopulationSettings
        Strengths are in the unit that the simulator's drives have.
    schedule : Schedule
        The session's frames, which scale the receptive fields.
    delays : tuple of int
        Shortest and longest delay of a connection.
    rng : Generator
    """
    n_units = settings.n_units
    hubs = np.sort(rng.permutation(n_units)[: settings.n_hubs])
    baseline = np.log(settings.rate_hz) + RATE_SPREAD * rng.standard_normal(n_units)
    baseline[hubs] = np.log(settings.rate_hz * HUB_RATE)
    edges, sign = _draw_edges(settings, hubs, rng)
    sizes = settings.coupling * rng.uniform(0.75, 1.25, edges.shape)
    drawn = rng.integers(delays[0], delays[1] + 1, edges.shape)
    sees, follows = (rng.random((2, n_units)) < settings.tuned_share).astype(float)
    signs = rng.choice([-1.0, 1.0], n_units)
    return Circuit(
        baseline=baseline,
        weights=np.where(edges, sizes * sign, 0.0),
        delays=np.where(edges, drawn, 0),
        fields=_draw_fields(settings, schedule, rng) * sees[:, None, None],
        loadings=settings.behaviour_gain * follows * signs,
        hubs=hubs,
    )


def _draw_edges(
    settings: PopulationSettings, hubs: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], Array]:
    """Return which unit (row) is driven by which (column), and the sign of each column's edges."""
    n_units = settings.n_units
    chance = rng.random((n_units, n_units))
    is_hub = np.isin(np.arange(n_units), hubs)
    earlier = np.tri(n_units, k=-1, dtype=bool)
    edges = (chance < settings.chain_share) & earlier & ~is_hub[None, :]
    edges[:, hubs] = chance[:, hubs] < settings.hub_reach
    edges[hubs] = False
    sign = np.ones(n_units)
    sign[hubs[2::3]] = -1.0
    return edges, sign[None, :]


def _draw_fields(
    settings: PopulationSettings, schedule: Schedule, rng: np.random.Generator
) -> Array:
    """Return receptive fields whose drive has the wanted standard deviation over the trials."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    centres = rng.uniform([2, 2], [HEIGHT - 3, WIDTH - 3], (settings.n_units, 2))
    squared = (y - centres[:, 0, None, None]) ** 2 + (x - centres[:, 1, None, None]) ** 2
    fields: Array = np.exp(-squared / (2 * FIELD_SIGMA**2))
    if not settings.n_stimuli:
        return np.zeros_like(fields)
    shown = schedule.frames.reshape(len(schedule.frames), -1)
    spread = (shown[shown.any(axis=1)] @ fields.reshape(len(fields), -1).T).std(axis=0)
    scaled: Array = fields * (settings.stimulus_gain / spread)[:, None, None]
    return scaled
