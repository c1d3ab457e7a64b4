"""What a simulated session on the track is made of."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from neurodecode.datasets.simulate.session_truth import SessionTruth
from neurodecode.datasets.simulate.track_movement import Movement

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class TrackTruth(SessionTruth):
    """Cells and path of one simulated session.

    Attributes
    ----------
    track_cm, speed_cms, pace_spread, pace_seconds, rest_seconds, refractory_seconds : float
        As the options of ``simulate_track``.
    fields : ndarray, shape (n_units, 2, n_places)
        Rate in Hz by direction and place, at the animal's typical speed.
    centres : ndarray, shape (n_units,)
        Middle of each place field, cm; NaN for cells without.
    loadings : ndarray, shape (n_units,)
        What the speed adds to the log rate, per typical speed; 0 for place cells.
    direction, place, pace : ndarray of int64, shape (n_frames,)
        The path, see :class:`neurodecode.datasets.simulate.track_movement.Path`.
    """

    track_cm: float
    speed_cms: float
    pace_spread: float
    pace_seconds: float
    rest_seconds: float
    refractory_seconds: float
    fields: Array
    centres: Array
    loadings: Array
    direction: NDArray[np.int64]
    place: NDArray[np.int64]
    pace: NDArray[np.int64]

    @cached_property
    def movement(self) -> Movement:
        """How the animal moves."""
        names = [field.name for field in fields(Movement)]
        return Movement(**{name: getattr(self, name) for name in names})

    @property
    def position(self) -> Array:
        """The animal's position in every frame, (n_frames,), cm from the near end."""
        position: Array = self.movement.positions[self.direction, self.place]
        return position

    @property
    def speed(self) -> Array:
        """The animal's speed in every frame, (n_frames,), cm/s."""
        speed: Array = self.movement.speeds[self.place, self.pace]
        return speed

    @property
    def rates(self) -> Array:
        """Rates of the cells outside their refractoriness in every frame, (n_frames, n_units)."""
        relative = self.speed / self.speed_cms - 1
        placed = self.fields[:, self.direction, self.place].T
        rates: Array = placed * np.exp(relative[:, None] * self.loadings)
        return rates
