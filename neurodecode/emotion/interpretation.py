"""What a trained HiSTN looks at, in numbers: regions, maps, the global signal, the order of levels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
import torch

from neurodecode.emotion.histn import Features
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurodecode.emotion.graphs import Hierarchy
    from neurodecode.emotion.histn import HiSTN

Method = Literal["pca", "lda"]


def collect_features(network: HiSTN, windows: torch.Tensor, batch_size: int = 512) -> Features:
    """Return the features of many windows, in evaluation mode and without gradients.

    Parameters
    ----------
    network : HiSTN
        Left in the mode that it was in.
    windows : Tensor, shape (n, n_channels, n_samples)
    batch_size : int, default=512

    Raises
    ------
    DataFault
        If there is no window.
    """
    if not len(windows):
        raise DataFault("no window to take features of")
    mode = network.training
    network.eval()
    try:
        with torch.no_grad():
            parts = [network.features(batch) for batch in windows.split_with_sizes(
                _batches(len(windows), batch_size))]  # fmt: skip
    finally:
        network.train(mode)
    signals = (torch.cat([part[k] for part in parts]) for k in range(4))
    fusion = {key: torch.cat([part.fusion[key] for part in parts]) for key in parts[0].fusion}
    return Features(*signals, fusion)


def region_importance(features: Features, hierarchy: Hierarchy) -> pd.DataFrame:
    """Return the weight of each region in the global node, mean and spread over windows.

    Returns
    -------
    DataFrame
        One row per region: ``region``; ``weight`` and ``spread`` (standard deviation) in the fusion
        of signals before the exchange of messages, ``weight_passed`` and ``spread_passed`` after
        it. Weights sum to 1 over regions; 1 / n_regions is what no preference gives.

    Raises
    ------
    DataFault
        If the network has no such weights.
    """
    table = _weights(features, "overall")
    return table.assign(region=[region.name for region in hierarchy.regions])[["region", *table]]


def channel_importance(features: Features, hierarchy: Hierarchy) -> pd.DataFrame:
    """Return the weight of each electrode in its region, mean and spread over windows.

    Returns
    -------
    DataFrame
        One row per electrode, in the hierarchy's order: ``channel``, ``region`` and the columns of
        :func:`region_importance`. Weights sum to 1 within a region.

    Raises
    ------
    DataFault
        If the network's fusion has no weights that depend on the window ("sepconv").
    """
    table = _weights(features, "region")
    regions = np.repeat([region.name for region in hierarchy.regions], hierarchy.sizes)
    return table.assign(channel=hierarchy.channels, region=regions)[["channel", "region", *table]]


def signal_map(signals: ArrayLike) -> pd.DataFrame:
    r"""Return each signal's mean and spread over time, averaged over windows, and rescaled.

    .. math:: v \mapsto (v - \min v) / (\max v - \min v)

    over the signals; 0.5 where all are equal. To be drawn on the scalp, before and after a
    calibration.

    Parameters
    ----------
    signals : array-like, shape (B, T, n)
        ``features.node`` or ``features.region``.

    Returns
    -------
    DataFrame
        One row per signal: ``mean``, ``spread`` (standard deviation over time), ``mean_scaled``,
        ``spread_scaled``.
    """
    values = np.asarray(signals, np.float64)
    table = pd.DataFrame(
        {"mean": values.mean(axis=(0, 1)), "spread": values.std(axis=1).mean(axis=0)}
    )
    return table.assign(
        mean_scaled=_rescale(table["mean"]), spread_scaled=_rescale(table["spread"])
    )


def on_channels(values: ArrayLike, hierarchy: Hierarchy) -> NDArray[np.float64]:
    """Return one value per electrode, in the hierarchy's order, from one per region."""
    repeated: NDArray[np.float64] = np.repeat(np.asarray(values, np.float64), hierarchy.sizes)
    return repeated


def overall_trace(features: Features, coverage: float = 0.68) -> pd.DataFrame:
    """Return the global node's signal over time: its mean over windows, and a band around it.

    Parameters
    ----------
    features : Features
    coverage : float, default=0.68
        Share of the windows within the band, between equally many below and above.

    Returns
    -------
    DataFrame
        One row per sample: ``mean``, ``low``, ``high``.
    """
    if not 0 < coverage < 1:
        raise ConfigFault(f"a band that holds {coverage} of the windows", fix="between 0 and 1")
    values = np.asarray(features.overall, np.float64)[..., 0]
    low, high = np.quantile(values, [(1 - coverage) / 2, (1 + coverage) / 2], axis=0)
    return pd.DataFrame({"mean": values.mean(axis=0), "low": low, "high": high})


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
    steps = np.linalg.norm(np.diff(centroids, axis=0), axis=1).sum()
    straight = np.linalg.norm(centroids[-1] - centroids[0]) / steps if steps > 0 else np.nan
    return LevelPath(
        present, centroids, float(order), _crossings(present, centroids), float(straight)
    )


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


def _weights(features: Features, name: str) -> pd.DataFrame:
    if name not in features.fusion:
        raise DataFault(f"this network's fusion to '{name}' has no weights of single windows",
                        fix="HiSTN with fusion: dense and its upper levels")  # fmt: skip
    columns = {}
    for key, suffix in ((name, ""), (f"{name}_passed", "_passed")):
        weights = np.asarray(features.fusion[key], np.float64)
        columns[f"weight{suffix}"] = weights.mean(axis=0)
        columns[f"spread{suffix}"] = weights.std(axis=0)
    return pd.DataFrame(columns)


def _rescale(values: pd.Series) -> pd.Series:
    span = values.max() - values.min()
    if span == 0:
        return pd.Series(0.5, index=values.index)
    return (values - values.min()) / span


def _batches(n: int, size: int) -> list[int]:
    return [min(size, n - start) for start in range(0, n, size)]
