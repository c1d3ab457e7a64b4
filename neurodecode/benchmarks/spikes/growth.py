"""How seconds grow with units: the exponent of each round, and its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.evaluation.medians import median_interval
from neurodecode.spikes.cost import growth_exponent

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Growth:
    """The exponent between the two largest populations.

    Attributes
    ----------
    threads : int
    exponent, low, high : float
        Median over the rounds of all repeats, and its interval: 95 % or more from 6 rounds on.
    n_rounds : int
    """

    threads: int
    exponent: float
    low: float
    high: float
    n_rounds: int


def growths_of(table: pd.DataFrame) -> list[Growth]:
    """Return the growth by threads, smallest first.

    Parameters
    ----------
    table : DataFrame
        ``threads, repeat, round, n_units, seconds``.
    """
    found = []
    for threads, part in table.groupby("threads"):
        exponents = np.array([growth_exponent(each) for _, each in
                              part.groupby(["repeat", "round"])])  # fmt: skip
        low, high = median_interval(exponents)
        found.append(
            Growth(int(str(threads)), float(np.median(exponents)), low, high, len(exponents))
        )
    return found
