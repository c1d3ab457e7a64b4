"""Similarity of pictures by their features: two-way identification and correlation distance.

References
----------
.. [1] Ozcelik & VanRullen 2023, Scientific Reports 13, 15666, Methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Floats = npt.NDArray[np.float64]
ROUNDING = 1e-12
"""Correlations closer than this are a tie."""
BLOCK_BYTES = 64 * 2**20
"""Size in double precision of the features that are worked on at a time."""


def two_way_identification(
    true_features: npt.NDArray[Any],
    generated_features: npt.NDArray[Any],
    names: Sequence[str] | None = None,
) -> Floats:
    r"""Return, per generated picture, the share of other pictures that its own one beats.

    .. math:: s_i = \frac{1}{|J_i|} \sum_{j \in J_i} \Bigl( [r_{ji} < r_{ii}]
              + \tfrac12 [r_{ji} = r_{ii}] \Bigr), \qquad r_{ji} = r(\phi_j, \hat\phi_i)

    over the rows :math:`J_i` that show another picture. Chance is 1/2.

    Parameters
    ----------
    true_features, generated_features : ndarray, shape (n, ...)
        Features of the pairs in the same order; what follows the first axis is flattened.
    names : sequence of str or None, default=None
        What each row shows, where a picture occurs in several rows (repeated presentations):
        its rows are not compared with each other. None: every row shows another picture.

    Returns
    -------
    ndarray, shape (n,)
        0 to 1.

    Raises
    ------
    DataFault
        If shapes differ, there is nothing to compare with, or a row is constant or not finite.
    """
    found = correlations(true_features, generated_features)
    gaps = found.diagonal() - found
    wins = (gaps > ROUNDING) + 0.5 * (np.abs(gaps) <= ROUNDING)
    others = different(np.arange(len(found)) if names is None else names, len(found))
    if not others.any(axis=0).all():
        raise DataFault("identification needs two different pictures or more")
    return np.asarray((wins * others).sum(axis=0) / others.sum(axis=0))


def correlation_distance(
    true_features: npt.NDArray[Any], generated_features: npt.NDArray[Any]
) -> Floats:
    r"""Return :math:`1 - r(\phi_i, \hat\phi_i)` of each pair, 0 (same direction) to 2.

    See :func:`two_way_identification` for the parameters and what is raised.
    """
    distance = 1.0 - paired_correlations(true_features, generated_features)
    return np.maximum(distance, 0.0)  # rounding can leave -1e-16


def paired_correlations(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Floats:
    """Return Pearson's correlation of row i of both, shape (n,)."""
    a, b = _rows(first, second)
    products = np.zeros(len(a))
    for x, y in _centred_blocks(a, b):
        products += np.einsum("if,if->i", x, y)
    return products / (_norms(a, "true") * _norms(b, "generated"))


def correlations(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Floats:
    """Return Pearson's correlation of every row of one with every row of the other, (n, n).

    In double precision, a block of features at a time.
    """
    a, b = _rows(first, second)
    products = np.zeros((len(a), len(b)))
    for x, y in _centred_blocks(a, b):
        products += x @ y.T
    return products / np.outer(_norms(a, "true"), _norms(b, "generated"))


def different(names: npt.ArrayLike, n: int) -> npt.NDArray[np.bool_]:
    """Return which rows show different pictures, shape (n, n).

    Raises
    ------
    DataFault
        If there is not one name per row.
    """
    labels = np.asarray(names)
    if labels.shape != (n,):
        raise DataFault(f"{labels.size} names for {n} pictures")
    return np.asarray(labels[:, None] != labels)


def _rows(*arrays: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    first, second = (np.asarray(array) for array in arrays)
    if first.shape != second.shape or first.ndim < 2 or not first.size:
        raise DataFault(
            f"features of true pictures have the shape {first.shape}, of generated ones "
            f"{second.shape}",
            fix="give (n_pictures, n_features) of both, with the same encoder",
        )
    return [first.reshape(len(first), -1), second.reshape(len(second), -1)]


def _centred_blocks(*arrays: npt.NDArray[Any]) -> Iterator[tuple[Floats, ...]]:
    """Yield all rows of some features at a time, in double precision, less each row's mean."""
    n_rows, n_features = arrays[0].shape
    means = [array.mean(axis=1, keepdims=True, dtype=np.float64) for array in arrays]
    step = max(1, BLOCK_BYTES // (8 * n_rows))
    for first in range(0, n_features, step):
        part = slice(first, first + step)
        yield tuple(array[:, part] - mean for array, mean in zip(arrays, means, strict=True))


def _norms(array: npt.NDArray[Any], which: str) -> Floats:
    """Return the norm of each centred row."""
    squares = np.zeros(len(array))
    for (block,) in _centred_blocks(array):
        squares += np.einsum("if,if->i", block, block)
    norms = np.sqrt(squares)
    largest = np.abs(array).max(axis=1).astype(np.float64) * np.sqrt(array.shape[1])
    usable = np.isfinite(norms) & (norms > ROUNDING * largest)
    if not usable.all():
        row = int(np.argmin(usable))
        what = "are all the same" if np.isfinite(norms[row]) else "are not finite"
        raise DataFault(
            f"features of a {which} picture {what}, so that nothing correlates with them",
            where=f"picture {row}",
        )
    return norms
