"""Limited-memory quasi-Newton steps for the Karcher mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from neurodecode.riemann.augmented import Array
    from neurodecode.riemann.hessian import DiagonalHessian


@dataclass
class Curvature:
    """What past steps say about the Hessian of the Karcher cost.

    In transported coordinates the Hessian changes slowly, also between the means of overlapping
    sets of trials, so the pairs learnt on all training trials serve the inner folds as well.

    Parameters
    ----------
    length : int, default=8
        Pairs kept; 0 gives gradient steps of the current scale.
    scale : float, default=1.0
        First step length; later the second Barzilai-Borwein formula, clipped to [0.1, 1].
    diagonal : DiagonalHessian, optional
        Takes the place of the scale.

    References
    ----------
    Nocedal (1980), Updating quasi-Newton matrices with limited storage.
    """

    length: int = 8
    scale: float = 1.0
    diagonal: DiagonalHessian | None = None
    pairs: list[tuple[Array, Array, float]] = field(default_factory=list)

    def learn(self, step: Array, change: Array) -> None:
        """Remember that ``step`` lowered the gradient by ``change``."""
        product = float(np.vdot(step, change))
        if product <= 1e-3 * float(np.vdot(step, step)):
            # the Hessian is at least 1: a smaller product is rounding noise
            return
        self.scale = float(np.clip(product / np.vdot(change, change), 0.1, 1.0))
        if self.length:
            self.pairs = [*self.pairs, (step, change, 1 / product)][-self.length :]

    def step(self, gradient: Array, longest: float) -> Array:
        """Return the two-loop product of the inverse Hessian and ``gradient``, bounded."""
        direction = gradient.copy()
        factors = []
        for step, change, inverse in reversed(self.pairs):
            factor = inverse * float(np.vdot(step, direction))
            direction -= factor * change
            factors.append(factor)
        direction = self.diagonal.solve(direction) if self.diagonal else self.scale * direction
        for (step, change, inverse), factor in zip(self.pairs, reversed(factors), strict=True):
            direction += (factor - inverse * float(np.vdot(change, direction))) * step
        bound = longest * float(np.linalg.norm(gradient))
        length = float(np.linalg.norm(direction))
        return direction * (bound / length) if length > bound else direction

    def copy(self) -> Curvature:
        """Return an independent copy."""
        return Curvature(self.length, self.scale, self.diagonal, list(self.pairs))
