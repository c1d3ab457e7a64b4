"""Scores of all orders of one lag: the piece of work of a search that one process does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from neurodecode.faults import DataFault
from neurodecode.riemann.block_averages import average_blocks
from neurodecode.riemann.candidates import SearchPlan, score_point
from neurodecode.riemann.grid import AugmentedCovarianceGrid, GridPoint
from neurodecode.riemann.search_store import PointScores, SearchStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from neurodecode.riemann.augmented import AugmentedCovariances


def score_lag(
    X: NDArray[Any],
    lag: int,
    orders: Sequence[int],
    plan: SearchPlan,
    features: AugmentedCovariances,
    store: SearchStore | None = None,
) -> Iterator[PointScores]:
    """Score the given orders of one lag, yielding each point once it is saved.

    One BLAS thread: more do not help matrices of a few hundred rows, and workers would compete.
    """
    for point in _matrices(X, lag, orders, features):
        with threadpool_limits(1):
            scores = _scored(point, plan)
        if store is not None:
            store.write(scores)
        yield scores


def list_lag(*args: Any) -> list[PointScores]:
    """Return what :func:`score_lag` yields, for worker processes."""
    return list(score_lag(*args))


def _matrices(
    X: NDArray[Any], lag: int, orders: Sequence[int], features: AugmentedCovariances
) -> Iterator[GridPoint]:
    if features.estimator == "scm":
        for point in AugmentedCovarianceGrid(orders, [lag]).iterate_lag(X, lag, orders):
            yield point if features.structure == "full" else _averaged(point, X.shape[1])
        return
    for order in orders:
        try:
            matrices = clone(features).set_params(order=order, lag=lag).transform(X)
            yield GridPoint(order, lag, matrices)
        except DataFault as fault:
            yield GridPoint(order, lag, None, fault.what)


def _averaged(point: GridPoint, n_channels: int) -> GridPoint:
    if point.matrices is None:
        return point
    try:
        return replace(point, matrices=average_blocks(point.matrices, n_channels))
    except DataFault as fault:
        return replace(point, matrices=None, reason=fault.what)


def _scored(point: GridPoint, plan: SearchPlan) -> PointScores:
    shape = (len(plan.settings), len(plan.splits))
    missing = np.full(shape, np.nan).tolist()
    if point.matrices is None:
        return PointScores(point.order, point.lag, missing, point.reason)
    try:
        scores = score_point(point.matrices, plan)
    except (np.linalg.LinAlgError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        return PointScores(point.order, point.lag, missing, reason)
    return PointScores(point.order, point.lag, scores.tolist())
