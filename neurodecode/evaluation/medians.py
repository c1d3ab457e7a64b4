"""The interval of a median, no distribution assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray


def median_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the two order statistics nearest to the median that cover it with 95 % or more.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Six or more.

    References
    ----------
    Conover (1999), Practical nonparametric statistics, section 3.2.
    """
    ordered = np.sort(values)
    place = max(int(stats.binom.ppf(0.025, len(ordered), 0.5)), 1) - 1
    return float(ordered[place]), float(ordered[-1 - place])
