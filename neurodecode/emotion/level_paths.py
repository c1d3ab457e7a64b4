"""Do features keep the levels of a rating in order: a plane, and the path from level to level."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Method = Literal["pca", "lda"]


def fit_embedding(penultimate: ArrayLike, levels: ArrayLike, method: Method = "pca") -> Any:
    """Fit a map of penultimate features to the plane.

    Parameters
    ----------
    penultimate : array-like, shape (n, n_features)
    levels : array-like of int, shape (n,)
        Used by "lda" alone: what it shows of its own windows flatters, so show it others.
    method : {"pca", "lda"}, default="pca"
        Principal components, or linear discriminants, of standardised features.

    Returns
    -------
    Pipeline
        Fitted; its ``transform`` gives (n, 2).

    Raises
    ------
    ConfigFault
        If there is no such method.
    DataFault
        If there are fewer than three levels for "lda".
    """
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if method not in get_args(Method):
        raise ConfigFault(unknown("embedding", method, get_args(Method)))
    n_levels = len(np.unique(levels))
    if method == "lda" and n_levels < 3:
        raise DataFault(f"{n_levels} levels give no plane of discriminants", fix="method: pca")
    step = PCA(2) if method == "pca" else LinearDiscriminantAnalysis(n_components=2)
    return make_pipeline(StandardScaler(), step).fit(np.asarray(penultimate), np.asarray(levels))


class Crossing(NamedTuple):
    """Two pieces of a path that cross, each named by the level it starts from."""

    first: int
    second: int


@dataclass(frozen=True)
class LevelPath:
    """Where the levels of a rating lie in the plane, and whether in their order.

    Attributes
    ----------
    levels : ndarray of int, shape (n_levels,)
        Those present, rising.
    centroids : ndarray, shape (n_levels, 2)
        Mean of each level.
    order : float
        Magnitude of Kendall's tau between the levels and their places along the main axis of the
        centroids: 1 in order, near 0 without. NaN with fewer than three levels: two are always in
        order.
    crossings : tuple of Crossing
        Pieces of the path from level to level that cross; none where it is ordered.
    straightness : float
        Distance from the first to the last centroid over the length of the path.
    """

    levels: NDArray[np.int64]
    centroids: NDArray[np.float64]
    order: float
    crossings: tuple[Crossing, ...]
    straightness: float


def level_path(embedded: ArrayLike, levels: ArrayLike) -> LevelPath:
    """Join the centroids of the levels, from the lowest to the highest.

    Parameters
    ----------
    embedded : array-like, shape (n, 2)
    levels : array-like of int, shape (n,)

    Raises
    ------
    DataFault
        If there are fewer than two levels.
    """
    from scipy.stats import kendalltau

    points, found = np.asarray(embedded, np.float64), np.asarray(levels, np.int64)
    present = np.unique(found)
    if len(present) < 2:
        raise DataFault("a path needs windows of two levels at least")
    centroids = np.array([points[found == level].mean(axis=0) for level in present])
    centred = centroids - centroids.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    order = abs(kendalltau(present, along).statistic) if len(present) > 2 else np.nan
    crossings = _crossings(present, centroids)
    steps = np.linalg.norm(np.diff(centroids, axis=0), axis=1).sum()
    straight = np.linalg.norm(centroids[-1] - centroids[0]) / steps if steps > 0 else np.nan
    return LevelPath(present, centroids, float(order), crossings, float(straight))


def _crossings(levels: NDArray[np.int64], centroids: NDArray[np.float64]) -> tuple[Crossing, ...]:
    pieces = list(zip(levels[:-1].tolist(), centroids[:-1], centroids[1:], strict=True))
    return tuple(
        Crossing(pieces[i][0], pieces[j][0])
        for i, j in combinations(range(len(pieces)), 2)
        if j > i + 1 and _cross(*pieces[i][1:], *pieces[j][1:])
    )


def _cross(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    c: NDArray[np.float64],
    d: NDArray[np.float64],
) -> bool:
    """Return whether the open pieces ab and cd cross: each one's ends lie on both sides."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: NDArray[np.float64], b: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    (x, y), (u, v) = b - a, point - a
    return float(x * v - y * u)
