"""ReliefF: weights of features from the nearest neighbours of each person in both groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.distance import pdist, squareform

from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

BLOCK = 4_000_000
"""Most numbers in one block of differences: 32 MB."""


def relieff(X: ArrayLike, y: ArrayLike, *, n_neighbours: int = 10) -> Floats:
    r"""Return the ReliefF weight of each feature.

    .. math::

        W_j = \frac1n \sum_i \Bigl[ \sum_{c \ne y_i} \frac{\pi_c}{1 - \pi_{y_i}}
        \overline{\delta_j(i, M_c(i))} - \overline{\delta_j(i, H(i))} \Bigr], \qquad
        \delta_j(i, l) = \frac{|x_{ij} - x_{lj}|}{\max_i x_{ij} - \min_i x_{ij}}

    with :math:`H(i)` the nearest people of the same class and :math:`M_c(i)` those of class c,
    nearest by :math:`\sum_j \delta_j`, and :math:`\pi` the shares of the classes. Every person is
    visited once, so nothing is drawn at random; equal distances go to the first row.

    Parameters
    ----------
    X : array-like, shape (n_subjects, n_features)
    y : array-like, shape (n_subjects,)
    n_neighbours : int, default=10
        Per class; a smaller class gives all it has.

    Returns
    -------
    ndarray, shape (n_features,)
        Between -1 and 1, larger is better; 0 for a feature that does not vary.

    Raises
    ------
    ConfigFault
        If ``n_neighbours`` is below 1.
    DataFault
        If there are fewer than two classes of two people.

    References
    ----------
    Kononenko (1994), Estimating attributes: analysis and extensions of RELIEF, ECML.
    """
    if n_neighbours < 1:
        raise ConfigFault(f"n_neighbours {n_neighbours} is below 1", where="n_neighbours")
    values, labels = np.asarray(X, dtype=float), np.asarray(y)
    classes, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
    if classes.size < 2 or counts.min() < 2:
        shown = ", ".join(f"{c}: {n}" for c, n in zip(classes, counts, strict=True))
        raise DataFault(f"ReliefF needs two classes of two people ({shown})")
    spread = np.ptp(values, axis=0)
    scaled = np.divide(values, spread, out=np.zeros_like(values), where=spread > 0)
    distance = squareform(pdist(scaled, "cityblock"))
    np.fill_diagonal(distance, np.inf)  # nobody is their own neighbour
    share = counts / counts.sum()
    weights = np.zeros(values.shape[1])
    for code in range(classes.size):
        members = np.flatnonzero(codes == code)
        factor = np.where(codes == code, -1.0, share[code] / (1 - share[codes]))
        own = np.where(codes == code, counts[code] - 1, counts[code])
        for k in np.unique(np.minimum(own, n_neighbours)):
            rows = np.flatnonzero(np.minimum(own, n_neighbours) == k)
            nearest = members[_nearest(distance[np.ix_(rows, members)], int(k))]
            weights += _weighted(scaled, rows, nearest, factor[rows])
    return weights / len(values)


def _nearest(distance: Floats, k: int) -> NDArray[np.intp]:
    return np.asarray(np.argsort(distance, axis=1, kind="stable")[:, :k])


def _weighted(
    scaled: Floats, rows: NDArray[np.intp], nearest: NDArray[np.intp], factor: NDArray[Any]
) -> Floats:
    """Sum over rows of the factor times the mean difference to the neighbours."""
    total = np.zeros(scaled.shape[1])
    step = max(1, BLOCK // (nearest.shape[1] * scaled.shape[1]))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        difference = scaled[nearest[part]]
        difference -= scaled[rows[part], None, :]
        np.abs(difference, out=difference)
        total += factor[part] @ difference.mean(axis=1)
    return total
