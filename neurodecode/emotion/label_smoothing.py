"""Ratings as targets that know their order: mass also on the levels beside the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def smoothing_table(n_classes: int = 5, sigma: float = 0.5) -> NDArray[np.float64]:
    r"""Return the smoothed target of each level, row by row, (n_classes, n_classes).

    .. math:: q_k \propto \exp\left(-\frac{(k - y)^2}{2 \sigma^2}\right)

    normalised over the levels that there are, so that the outermost ones keep more of their mass.

    Parameters
    ----------
    n_classes : int, default=5
    sigma : float, default=0.5
        In levels; 0: one-hot.

    Raises
    ------
    ConfigFault
        If there are fewer than two levels, or sigma is negative or no number.
    """
    if n_classes < 2:
        raise ConfigFault(f"{n_classes} levels", fix="two at least")
    if not sigma >= 0:
        raise ConfigFault(f"labels smoothed with a sigma of {sigma}", fix="0 (one-hot) or more")
    if sigma == 0:
        return np.eye(n_classes)
    distance = np.subtract.outer(np.arange(n_classes), np.arange(n_classes))
    with np.errstate(over="ignore"):  # a tiny sigma: infinitely far
        mass = np.exp(-0.5 * (distance / sigma) ** 2)
    table: NDArray[np.float64] = mass / mass.sum(axis=1, keepdims=True)
    return table


def smooth_labels(
    ratings: ArrayLike, n_classes: int = 5, sigma: float = 0.5
) -> NDArray[np.float64]:
    r"""Return ordinal Gaussian targets of ratings.

    .. math:: q_k \propto \exp\left(-\frac{(k - y)^2}{2 \sigma^2}\right), \quad k = 0, ..., K - 1

    Parameters
    ----------
    ratings : array-like of int, any shape
        Levels from 0, the lowest rating, to ``n_classes - 1``.
    n_classes : int, default=5
        K.
    sigma : float, default=0.5
        In levels, as published; 0: one-hot.

    Returns
    -------
    ndarray, shape (..., n_classes)
        Sums to 1 along the last axis.

    Raises
    ------
    DataFault
        Naming the first level that is out of range or no whole number.
    ConfigFault
        If ``n_classes`` or ``sigma`` cannot be.

    References
    ----------
    Kuang, Song & Michoski (2024), arXiv 2408.15255; the authors' code.

    Examples
    --------
    >>> smooth_labels([0, 2]).round(3)
    array([[0.881, 0.119, 0.   , 0.   , 0.   ],
           [0.   , 0.106, 0.787, 0.106, 0.   ]])
    """
    table = smoothing_table(n_classes, sigma)
    levels = np.asarray(ratings)
    wrong = ~np.isin(levels, np.arange(n_classes))
    if wrong.any():
        raise DataFault(
            f"a level of {levels[wrong].flat[0]} among {n_classes}",
            fix=f"whole numbers from 0 to {n_classes - 1}: the rating less the lowest one",
        )
    smoothed: NDArray[np.float64] = table[levels.astype(np.intp)]
    return smoothed
