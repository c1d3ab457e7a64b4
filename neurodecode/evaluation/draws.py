"""Draws that belong to a text: the same for everybody, on every machine, in every order."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Iterable

HASH_OFFSET = 12


def draw_of_key(key: str) -> float:
    """Return the uniform draw in [0, 1) that belongs to a text.

    The first draw of the Mersenne Twister seeded with the text's SHA-256, read as a whole number,
    plus 12.

    Examples
    --------
    >>> round(draw_of_key("hello world"), 6)
    0.196072
    """
    digest = hashlib.sha256(key.encode()).hexdigest()
    return random.Random(int(digest, 16) + HASH_OFFSET).random()  # noqa: S311 (a split, no secret)


@dataclass(frozen=True)
class Shares:
    """How much of the units each part gets, and the seed of the draw.

    Attributes
    ----------
    valid : float
        Share of the units that do not test.
    test : float
        Share of all units.
    seed : int
        Another seed, another draw.
    gap : float
        Seconds between two parts of one recording.
    """

    valid: float
    test: float
    seed: int
    gap: float

    def __post_init__(self) -> None:
        if not 0 <= self.valid < 1:
            raise ConfigFault(f"valid is {self.valid:g}", fix="give a share from 0 to below 1")
        if not 0 < self.test < 1:
            raise ConfigFault(f"test is {self.test:g}", fix="give a share above 0 and below 1")

    def draw(self, units: Iterable[str], share: float, purpose: str, *, least: int = 0) -> set[str]:
        """Return the ``round(share * n)`` units, at least ``least``, with the lowest draws."""
        ranked = sorted(set(units), key=lambda unit: (self.rank(unit, purpose), unit))
        return set(ranked[: max(least, round(share * len(ranked)))])

    def rank(self, unit: str, purpose: str) -> float:
        """Return the draw of a unit for one purpose."""
        return draw_of_key(f"{purpose} {self.seed} {unit}")
