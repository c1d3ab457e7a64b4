"""An axis that several bars share, in per cent of their width, for bars the page itself draws."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

MARGIN = 0.06
"""Free space at each end, as a share of the range."""


@dataclass(frozen=True)
class Axis:
    """From ``low`` at 0 % to ``high`` at 100 %."""

    low: float
    high: float

    @classmethod
    def over(cls, numbers: Iterable[float]) -> Axis:
        """Return the axis that holds all numbers (one at least), with a margin at both ends."""
        known = list(numbers)
        low, high = min(known), max(known)
        margin = MARGIN * (high - low) or abs(low) / 2 or 0.5
        return cls(low - margin, high + margin)

    def percent(self, number: float) -> str:
        """Return where a number lies, as an SVG length: "37.50%"."""
        return f"{100 * (number - self.low) / (self.high - self.low):.2f}%"

    @property
    def ticks(self) -> list[tuple[str, str]]:
        """Round numbers, six at most, as (place, text)."""
        step = _round_step((self.high - self.low) / 5)
        digits = max(0, -floor(log10(step)))
        places = range(ceil(self.low / step), floor(self.high / step) + 1)
        return [(self.percent(n * step), f"{n * step:.{digits}f}") for n in places]


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10 times a power of ten that is at least ``least``."""
    power: float = 10.0 ** floor(log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least)
