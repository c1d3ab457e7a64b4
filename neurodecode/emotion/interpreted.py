"""All that is said of the inside of one trained HiSTN, in tables that can be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import write_parquet
from neurodecode.emotion.embedding import Embedding, embed_levels
from neurodecode.emotion.front import POOL, TAPS
from neurodecode.emotion.interpretation import (
    channel_importance,
    collect_features,
    overall_trace,
    region_importance,
    signal_map,
)
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike

    from neurodecode.emotion.graphs import Hierarchy
    from neurodecode.emotion.histn import Features, HiSTN
    from neurodecode.emotion.level_paths import Method

TABLES = ("regions", "channels", "trace")
MAPPED = ("mean", "spread", "mean_scaled", "spread_scaled")
WEIGHTS = ("weight", "weight_spread", "weight_passed", "weight_passed_spread")


@dataclass(frozen=True)
class Interpretation:
    """What a network makes of some windows.

    Attributes
    ----------
    regions : DataFrame
        One row per region: ``region``; ``mean``, ``spread``, ``mean_scaled``, ``spread_scaled`` of
        its signal (see :func:`~neurodecode.emotion.interpretation.signal_map`); ``weight``,
        ``weight_spread``, ``weight_passed``, ``weight_passed_spread`` in the global node (see
        :func:`~neurodecode.emotion.interpretation.region_importance`). No row without hierarchy.
    channels : DataFrame
        One row per electrode, in the hierarchy's order: ``channel``, ``region``, and the same of
        its signal and of its weight in its region; weights are NaN where the fusion has none.
    trace : DataFrame
        The global node over time: ``time`` (s from the start of a window), ``mean``, ``low``,
        ``high``. No row without hierarchy.
    embedding : Embedding
        Of the penultimate features.
    """

    regions: pd.DataFrame
    channels: pd.DataFrame
    trace: pd.DataFrame
    embedding: Embedding

    def save(self, folder: Path) -> None:
        """Write a Parquet file per table, and the embedding's files."""
        for name in TABLES:
            write_parquet(folder / f"{name}.parquet", getattr(self, name))
        self.embedding.save(folder)

    @classmethod
    def read(cls, folder: Path) -> Interpretation:
        """Read what :meth:`save` wrote.

        Raises
        ------
        DataFault
            If a file is missing.
        """
        lost = [name for name in TABLES if not (folder / f"{name}.parquet").exists()]
        if lost:
            raise DataFault(f"no {', '.join(lost)} of an interpretation", where=str(folder))
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in TABLES}
        return cls(**tables, embedding=Embedding.read(folder))


def interpret(
    network: HiSTN,
    windows: torch.Tensor,
    levels: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    sampling_rate: float = 128.0,
    method: Method = "lda",
) -> Interpretation:
    """Interpret a trained network on windows.

    Parameters
    ----------
    network : HiSTN
        Of any hierarchy and fusion, also without hierarchy. Left in its mode.
    windows : Tensor, shape (n, n_channels, n_samples)
        Not those of the training, if the path of the levels is to say something of others.
    levels : array-like of int, shape (n,)
        From 0.
    groups : array-like, shape (n,), optional
        Trial of each window: see :func:`~neurodecode.emotion.embedding.embed_levels`.
    sampling_rate : float, default=128
        Of the windows, in Hz.
    method : {"lda", "pca"}, default="lda"
        Of the embedding.

    Raises
    ------
    DataFault
        If there are too few windows or levels, or their numbers differ.
    """
    features, form = collect_features(network, windows), network.hierarchy
    embedding = embed_levels(features.penultimate, levels, groups, method=method)
    return Interpretation(
        _regions(features, form), _channels(features, form), _trace(features, sampling_rate),
        embedding,
    )  # fmt: skip


def _regions(features: Features, form: Hierarchy) -> pd.DataFrame:
    if not features.region.shape[-1]:
        return pd.DataFrame(columns=["region", *MAPPED, *WEIGHTS])
    weights = region_importance(features, form)
    signals = signal_map(features.region).assign(region=weights["region"])
    return _joined(signals, weights)[["region", *MAPPED, *WEIGHTS]]


def _channels(features: Features, form: Hierarchy) -> pd.DataFrame:
    regions = np.repeat([region.name for region in form.regions], form.sizes)
    signals = signal_map(features.node).assign(channel=form.channels, region=regions)
    known = "region" in features.fusion
    weights = channel_importance(features, form) if known else pd.DataFrame()
    return _joined(signals, weights)[["channel", "region", *MAPPED, *WEIGHTS]]


def _joined(signals: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Return signals with the weights beside them, NaN where there are none."""
    named = weights.rename(
        columns={"spread": "weight_spread", "spread_passed": "weight_passed_spread"}
    )
    return signals.assign(**{name: named.get(name, np.nan) for name in WEIGHTS})


def _trace(features: Features, sampling_rate: float) -> pd.DataFrame:
    if not features.overall.shape[-1]:
        return pd.DataFrame(columns=["time", "mean", "low", "high"], dtype=np.float64)
    trace = overall_trace(features)
    # the middle of what a pooled sample sees, apart from the shared filters, which are centred
    first = (TAPS + POOL) / 2 - 1
    trace.insert(0, "time", (first + POOL * np.arange(len(trace))) / sampling_rate)
    return trace
