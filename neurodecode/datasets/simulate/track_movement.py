r"""How the simulated animal moves: to and fro on a linear track, as a Markov chain.

Its state in a frame is direction, place and pace, all of them on grids, so that a posterior over
the states is exact. With place :math:`p` (cells of 1 cm from where the lap began) and pace
:math:`u`,

.. math::

    s(p, u) = s_0\, e^{\gamma u}\, \min\!\Big(1,\; \alpha + (1 - \alpha)
        \frac{\min(p, P - p)}{R}\Big), \qquad
    p' = \min(P,\; p + \lfloor s \delta \rfloor + \mathrm{Bernoulli}(s \delta \bmod 1)),

in cells per frame :math:`\delta`: the animal speeds up over the first :math:`R` cm and slows down
over the last ones. :math:`u` is an Ornstein-Uhlenbeck process of about unit variance on a grid. At
the end of the track, :math:`p = P`, the speed is 0 while the animal is rewarded; it leaves in a
frame with probability :math:`1 - e^{-\delta / \tau_r}`, turned round, from :math:`p = 0`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from neurodecode.datasets.simulate.spiking_settings import FRAME_S
from neurodecode.datasets.simulate.spiking_stimulus import log_transitions

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

CELL_CM = 1.0
"""Grid of the places."""

PACES: Array = np.linspace(-2.4, 2.4, 17)
"""Grid of the pace."""

RAMP_CM = 20.0
"""Length over which the animal speeds up and slows down."""

SLOWEST = 0.2
"""Share of its speed at which it starts and arrives."""

SETTLED = 1e-12
"""The distribution is stationary if no more than this much moves in a frame."""


class Path(NamedTuple):
    """States of all frames, (n_frames,) each.

    Attributes
    ----------
    direction : ndarray of int64
        0 from the near end to the far one, 1 back; while resting, that of the lap before.
    place : ndarray of int64
        Cells from where the lap began; the last one is the rest at the other end.
    pace : ndarray of int64
        Place in ``PACES``.
    """

    direction: Whole
    place: Whole
    pace: Whole


@dataclass(frozen=True, kw_only=True)
class Movement:
    """The chain; its parameters are options of ``simulate_track``."""

    track_cm: float
    speed_cms: float
    pace_spread: float
    pace_seconds: float
    rest_seconds: float

    @property
    def n_places(self) -> int:
        """Cells of the track and the end of it."""
        return round(self.track_cm / CELL_CM) + 1

    @property
    def shape(self) -> tuple[int, int, int]:
        """Directions, places and paces: the grid of the states."""
        return 2, self.n_places, len(PACES)

    @property
    def leaving(self) -> float:
        """Probability that a rest ends in a frame."""
        return float(1 - np.exp(-FRAME_S / self.rest_seconds))

    @cached_property
    def speeds(self) -> Array:
        """Speed by place and pace, (n_places, n_paces), cm/s; 0 at rest."""
        place = np.arange(self.n_places) * CELL_CM
        ramp = SLOWEST + (1 - SLOWEST) * np.minimum(place, self.track_cm - place) / RAMP_CM
        speeds = self.speed_cms * np.minimum(1, ramp)[:, None] * np.exp(self.pace_spread * PACES)
        speeds[-1] = 0
        return speeds

    @cached_property
    def positions(self) -> Array:
        """Position by direction and place, (2, n_places), cm from the near end."""
        place = np.arange(self.n_places) * CELL_CM
        return np.stack([place, self.track_cm - place])

    @cached_property
    def pace_kernel(self) -> Array:
        """Probability of each pace after each, (from, to)."""
        kernel: Array = np.exp(log_transitions(PACES, self.pace_seconds))
        return kernel

    @cached_property
    def _moves(self) -> Any:
        """Probabilities of direction and place after a frame at a constant pace, (to, from)."""
        states = np.arange(np.prod(self.shape)).reshape(self.shape)
        direction, place, pace = np.indices(self.shape)
        whole, part = self._steps()
        rest, last = place == self.n_places - 1, self.n_places - 1
        to, chance = [], []
        for extra, share in ((0, 1 - part), (1, part)):
            there = np.minimum(place + whole[place, pace] + extra, last)
            to.append(np.where(rest, states, np.ravel_multi_index(
                (direction, there, pace), self.shape
            )))  # fmt: skip
            stays = 1 - self.leaving if extra == 0 else 0.0
            chance.append(np.where(rest, stays, share[place, pace]))
        to.append(np.ravel_multi_index((1 - direction, np.zeros_like(place), pace), self.shape))
        chance.append(np.where(rest, self.leaving, 0.0))
        where = np.stack(to).ravel(), np.tile(states.ravel(), 3)
        moves = coo_array((np.stack(chance).ravel(), where), shape=(states.size, states.size))
        moves = moves.tocsr()
        moves.eliminate_zeros()
        return moves

    def _steps(self) -> tuple[Whole, Array]:
        """Return whole cells per frame, and the probability of one more, by place and pace."""
        cells = self.speeds * FRAME_S / CELL_CM
        whole = np.floor(cells).astype(np.int64)
        return whole, cells - whole

    def after_a_frame(self, states: Array) -> Array:
        """Return the distributions of the states one frame later, (n, n_states) each."""
        moved = (self._moves @ states.T).T.reshape(-1, len(PACES))
        turned: Array = (moved @ self.pace_kernel).reshape(states.shape)
        return turned

    @cached_property
    def stationary(self) -> Array:
        """How likely each state is at any time, (n_states,)."""
        n_states = int(np.prod(self.shape))
        states = np.full((1, n_states), 1 / n_states)
        while True:
            after = self.after_a_frame(states)
            if np.abs(after - states).sum() < SETTLED:
                return np.asarray(after[0] / after.sum())
            states = after

    def draw(self, n_frames: int, rng: np.random.Generator) -> Path:
        """Draw a path that begins in the stationary distribution."""
        path = np.empty((3, n_frames), dtype=np.int64)
        start = rng.choice(len(self.stationary), p=self.stationary)
        direction, place, pace = (int(value) for value in np.unravel_index(start, self.shape))
        whole, part = self._steps()
        reached, last = np.cumsum(self.pace_kernel, axis=1), self.n_places - 1
        for frame, (moves, changes) in enumerate(rng.random((n_frames, 2))):
            path[:, frame] = direction, place, pace
            if place == last:
                if moves < self.leaving:
                    direction, place = 1 - direction, 0
            else:
                place = min(place + int(whole[place, pace]) + int(moves < part[place, pace]), last)
            pace = min(int(np.searchsorted(reached[pace], changes)), len(PACES) - 1)
        return Path(*path)
