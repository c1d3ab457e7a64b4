"""What a trained HiSTN looks at, in numbers: regions, electrodes, the global signal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from neurodecode.emotion.histn import Features
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from neurodecode.emotion.graphs import Hierarchy
    from neurodecode.emotion.histn import HiSTN


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
            starts = range(0, len(windows), batch_size)
            parts = [network.features(windows[k : k + batch_size]) for k in starts]
    finally:
        network.train(mode)
    node, region, overall, penultimate = (
        torch.cat(level) for level in zip(*(part[:4] for part in parts), strict=True)
    )
    fusion = {key: torch.cat([part.fusion[key] for part in parts]) for key in parts[0].fusion}
    return Features(node, region, overall, penultimate, fusion)


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
    mean, spread = values.mean(axis=(0, 1)), values.std(axis=1).mean(axis=0)
    scaled = {"mean_scaled": _rescale(mean), "spread_scaled": _rescale(spread)}
    return pd.DataFrame({"mean": mean, "spread": spread, **scaled})


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


def _rescale(values: NDArray[np.float64]) -> NDArray[np.float64]:
    low, span = values.min(), np.ptp(values)
    return (values - low) / span if span > 0 else np.full(len(values), 0.5)
