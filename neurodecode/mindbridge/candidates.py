"""Which of several generated pictures is kept for each stimulus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def choose_candidates(
    draw: Callable[[int], NDArray[np.uint8]],
    near: Callable[[NDArray[np.uint8]], NDArray[np.float64]],
    n_candidates: int,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw so many candidates of every picture, one round at a time, and keep the nearest.

    Two rounds of pictures are in memory at once, whatever the number of candidates.

    Parameters
    ----------
    draw : callable
        Number of the candidate to pictures (n, height, width, 3).
    near : callable
        Pictures to the likeness of each, shape (n,); not called where there is one candidate.
    n_candidates : int

    Returns
    -------
    pictures : ndarray of uint8, shape (n, height, width, 3)
    chosen : ndarray of int64, shape (n,)
        Which candidate was kept; the first of equals.
    """
    kept = draw(0)
    chosen = np.zeros(len(kept), dtype=np.int64)
    if n_candidates == 1:
        return kept, chosen
    best = near(kept)
    for candidate in range(1, n_candidates):
        found = draw(candidate)
        value = near(found)
        better = value > best
        kept[better], best[better], chosen[better] = found[better], value[better], candidate
    return kept, chosen


def likeness(found: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cosine of each flattened pair, shape (n,); 0 where one of them is zero.

    Raises
    ------
    DataFault
        If the shapes differ.
    """
    if found.shape != wanted.shape:
        raise DataFault(f"embeddings of shape {found.shape} and {wanted.shape} compared")
    a, b = (values.reshape(len(values), -1).astype(np.float64) for values in (found, wanted))
    products = np.einsum("nf,nf->n", a, b)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.divide(products, norms, out=np.zeros(len(a)), where=norms > 0)
