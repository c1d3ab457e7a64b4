"""Which image was seen, and whose brain saw it: retrieval in both directions among random sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

BLOCK_BYTES = 64 * 2**20
"""Size in double precision of the features that are worked on at a time."""
ROUNDING = 1e-12
"""Cosines closer than this are a tie."""


@dataclass(frozen=True, eq=False)
class Direction:
    """Retrieval in one direction.

    Attributes
    ----------
    by_set : ndarray, shape (n_sets,)
        Top-1 accuracy within each set, 0 to 1. Sets share stimuli: their spread tells how much the
        choice of a set matters, not how sure the mean is.
    by_query : ndarray, shape (n_stimuli,)
        Mean hit of each query over the sets it was in, NaN for one that was in none: what to
        resample for an interval.
    """

    by_set: NDArray[np.float64]
    by_query: NDArray[np.float64]

    @property
    def accuracy(self) -> float:
        """Mean over sets."""
        return float(self.by_set.mean())


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Both directions, each under its own name.

    Attributes
    ----------
    brain_to_image : Direction
        The image found from the decoded brain signal ("forward", image retrieval).
    image_to_brain : Direction
        The decoded brain signal found from the image ("backward", brain retrieval).
    set_size : int
        Stimuli in a set.
    chance : float
        1 / set_size.
    """

    brain_to_image: Direction
    image_to_brain: Direction
    set_size: int
    chance: float


def retrieve(
    predicted: NDArray[Any] | Tensor,
    target: NDArray[Any] | Tensor,
    *,
    set_size: int = 300,
    n_sets: int = 30,
    seed: int = 42,
) -> Retrieval:
    """Return top-1 accuracy in both directions, within random sets of stimuli.

    Similarity is the cosine of flattened tokens. Ties with the true one share the hit, so that
    constant predictions score exactly chance.

    Parameters
    ----------
    predicted, target : ndarray or Tensor, shape (n_stimuli, ...)
        Row i of both belongs to stimulus i; every stimulus another image.
    set_size : int, default=300
        Lowered to the number of stimuli where there are fewer; the chance level follows.
    n_sets : int, default=30
        Drawn without replacement within a set. A set that holds all stimuli is taken once.
    seed : int, default=42

    Raises
    ------
    DataFault
        If shapes differ, there are fewer than two stimuli, or a row is zero or not finite.
    ConfigFault
        If a set has fewer than two stimuli, or there is none.

    References
    ----------
    Scotti et al. (2023), Reconstructing the mind's eye, NeurIPS: sets of 300, 30 repeats. The
    helper of the authors' codes returns the transposed matrix, so that what is called forward
    there ranks brains for each image; here directions have names instead.
    """
    return retrieve_by(cosines(predicted, target), set_size=set_size, n_sets=n_sets, seed=seed)


def retrieve_by(
    likeness: NDArray[np.floating[Any]], *, set_size: int = 300, n_sets: int = 30, seed: int = 42
) -> Retrieval:
    """Return top-1 accuracy in both directions by any likeness of signals and pictures.

    Parameters
    ----------
    likeness : ndarray, shape (n_stimuli, n_stimuli)
        Of every decoded signal (rows) and every picture; the diagonal belongs together.
    set_size, n_sets, seed
        As in :func:`retrieve`: the same numbers draw the same sets.

    Raises
    ------
    ConfigFault
        If a set has fewer than two stimuli, or there is none.
    """
    if set_size < 2 or n_sets < 1:
        raise ConfigFault(f"{n_sets} sets of {set_size} stimuli", fix="one set of two or more")
    n = len(likeness)
    size = min(set_size, n)
    rng = np.random.default_rng(seed)
    sets = [np.arange(n)] if size == n else [rng.choice(n, size, replace=False)
                                             for _ in range(n_sets)]  # fmt: skip
    return Retrieval(
        brain_to_image=_direction(likeness, sets),
        image_to_brain=_direction(likeness.T, sets),
        set_size=size,
        chance=1 / size,
    )


def cosines(predicted: NDArray[Any] | Tensor, target: NDArray[Any] | Tensor) -> Any:
    """Return the cosine of every flattened prediction (rows) with every target, (n, n).

    In double precision, a block of features at a time.

    Raises
    ------
    DataFault
        If shapes differ, there are fewer than two stimuli, or a row is zero or not finite.
    """
    P, T = (np.asarray(values) for values in (predicted, target))
    if P.shape != T.shape or P.ndim < 2 or len(P) < 2:
        raise DataFault(f"predictions of shape {P.shape}, targets of {T.shape}",
                        fix="give two or more stimuli, in the same order")  # fmt: skip
    return cosine_table(P, T)


def cosine_table(predicted: NDArray[Any], candidates: NDArray[Any]) -> NDArray[np.float64]:
    """Return the cosine of every flattened prediction with every candidate.

    In double precision, a block of features at a time.

    Parameters
    ----------
    predicted : ndarray, shape (n, *shape)
    candidates : ndarray, shape (n_candidates, *shape)

    Returns
    -------
    ndarray of float64, shape (n, n_candidates)

    Raises
    ------
    DataFault
        If the shapes of rows differ, or a row is zero or not finite.
    """
    if predicted.shape[1:] != candidates.shape[1:]:
        raise DataFault(f"predictions of shape {predicted.shape}, targets of {candidates.shape}")
    P, T = (rows.reshape(len(rows), -1) for rows in (predicted, candidates))
    products = np.zeros((len(P), len(T)))
    squares = np.zeros(len(P)), np.zeros(len(T))
    step = max(1, BLOCK_BYTES // (8 * max(len(P), len(T))))
    for first in range(0, P.shape[1], step):
        p, t = (rows[:, first : first + step].astype(np.float64) for rows in (P, T))
        products += p @ t.T
        for square, rows in zip(squares, (p, t), strict=True):
            square += (rows * rows).sum(axis=1)
    for which, square in zip(("prediction", "target"), squares, strict=True):
        usable = np.isfinite(square) & (square > 0)
        if not usable.all():
            raise DataFault(f"a {which} is zero or not finite",
                            where=f"stimulus {int(np.argmin(usable))}")  # fmt: skip
    found: NDArray[np.float64] = products / np.outer(np.sqrt(squares[0]), np.sqrt(squares[1]))
    return found


def _direction(similarity: NDArray[np.floating[Any]], sets: list[NDArray[Any]]) -> Direction:
    hits, shown = np.zeros(len(similarity)), np.zeros(len(similarity))
    by_set = np.empty(len(sets))
    for i, members in enumerate(sets):
        found = share_of_best(similarity[np.ix_(members, members)], np.arange(len(members)))
        by_set[i] = found.mean()
        hits[members] += found
        shown[members] += 1
    by_query = np.divide(hits, shown, out=np.full(len(hits), np.nan), where=shown > 0)
    return Direction(by_set, by_query)


def share_of_best(
    similarity: NDArray[np.floating[Any]], true: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """Return each row's hit: 1 over the number of best candidates if the true one is among them.

    Parameters
    ----------
    similarity : ndarray, shape (n, n_candidates)
    true : ndarray of int, shape (n,)
        Column of each row's own.
    """
    best = similarity >= similarity.max(axis=1, keepdims=True) - ROUNDING
    share: NDArray[np.float64] = best[np.arange(len(best)), true] / best.sum(axis=1)
    return share
