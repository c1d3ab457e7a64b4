"""From the peer's sampled candidates to the seconds of its whole search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurodecode.faults import DataFault

HOW = (
    "The peer recomputes covariances and means for every classifier setting, and order 1 at every "
    "lag, so the number of its fits is known exactly and only the seconds of a fit are estimated: "
    "the mean of the sampled candidates of each order; for an order between two sampled ones, a "
    "power law through both. These are added over the orders and multiplied by the numbers of lags "
    "and settings."
)


def whole_search_seconds(
    sampled: Mapping[tuple[int, int], Sequence[float]],
    orders: Sequence[int],
    n_lags: int,
    n_settings: int,
) -> float:
    r"""Estimate the seconds of a search that fits every candidate anew.

    .. math:: S = n_\mathrm{lags}\, n_\mathrm{settings} \sum_p s(p), \qquad
              \log s(p) = \text{linear interpolation of } \log s \text{ in } \log p

    between the sampled orders, where s is the mean over the sampled pairs of the order.

    Parameters
    ----------
    sampled : mapping of (order, lag) to seconds
        Seconds of single candidates.
    orders : sequence of int
        Orders of the whole search, each as often as it is searched.

    Raises
    ------
    DataFault
        If an order lies outside the sampled ones: nothing is extrapolated beyond them.
    """
    known = sorted({order for order, _ in sampled})
    if not known or min(orders) < known[0] or max(orders) > known[-1]:
        raise DataFault(
            f"orders {min(orders)} to {max(orders)} are searched, but the peer could be timed at "
            f"{', '.join(map(str, known)) or 'none'} only",
            fix="choose other pairs in benchmark.sampled",
        )
    means = [
        np.mean([s for (p, _), found in sampled.items() if p == order for s in found])
        for order in known
    ]
    seconds = np.exp(np.interp(np.log(orders), np.log(known), np.log(means)))
    return float(seconds.sum() * n_lags * n_settings)
