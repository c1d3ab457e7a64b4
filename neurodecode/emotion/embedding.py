"""What the last layer of a network reads, in the plane, and the path of the levels there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from neurodecode.artefacts import read_json, write_json, write_parquet
from neurodecode.emotion.level_paths import Crossing, LevelPath, Method, fit_embedding, level_path
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from neurodecode.emotion.network import EmotionNetwork

FITTED, HELD_OUT = "fitted", "held out"
"""Windows that the plane was fitted to, and those that say where the levels lie."""
LEAST_LEVELS = 3
"""Fewer have no plane of discriminants."""


@dataclass(frozen=True)
class Embedding:
    """Windows in a plane.

    Attributes
    ----------
    points : DataFrame
        One row per window, in their order: ``x``, ``y``, ``level`` (from 0), ``part`` ("fitted" or
        "held out").
    path : LevelPath
        Of the windows held out.
    method : {"lda", "pca"}
    """

    points: pd.DataFrame
    path: LevelPath
    method: Method

    def save(self, folder: Path, name: str = "embedding") -> None:
        """Write ``NAME.parquet`` and ``NAME.json``."""
        write_parquet(folder / f"{name}.parquet", self.points)
        write_json(folder / f"{name}.json", {**vars(self.path), "method": self.method})

    @classmethod
    def read(cls, folder: Path, name: str = "embedding") -> Embedding:
        """Read what :meth:`save` wrote.

        Raises
        ------
        DataFault
            If a file is missing or not whole.
        """
        found = read_json(folder / f"{name}.json")
        path = LevelPath(
            np.array(found["levels"], np.int64),
            np.array(found["centroids"], np.float64),
            np.nan if found["order"] is None else found["order"],
            tuple(Crossing(*pair) for pair in found["crossings"]),
            np.nan if found["straightness"] is None else found["straightness"],
        )
        return cls(pd.read_parquet(folder / f"{name}.parquet"), path, found["method"])


def penultimate_features(
    network: EmotionNetwork, windows: torch.Tensor, batch_size: int = 512
) -> NDArray[np.float64]:
    """Return what the last linear layer reads of each window, of any network of this room.

    Parameters
    ----------
    network : EmotionNetwork
        With a layer ``head``. Evaluated without dropout, and left in the mode that it was in.
    windows : Tensor, shape (n, n_channels, n_samples)
    batch_size : int, default=512

    Returns
    -------
    ndarray of float64, shape (n, n_features)

    Raises
    ------
    DataFault
        If there is no window, or windows have another shape.
    """
    if not len(windows):
        raise DataFault("no window to take features of")
    read: list[torch.Tensor] = []
    mode = network.training
    head = network.get_submodule("head")
    hook = head.register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].cpu()))
    network.eval()
    try:
        with torch.no_grad():
            for start in range(0, len(windows), batch_size):
                network(windows[start : start + batch_size])
    finally:
        hook.remove()
        network.train(mode)
    return np.asarray(torch.cat(read), np.float64)


def embed_levels(
    penultimate: ArrayLike,
    levels: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    method: Method = "lda",
) -> Embedding:
    """Fit a plane to a part of the windows, and follow the levels of the others in it.

    A plane of discriminants separates the windows that it is fitted to even where nothing is to be
    separated; so the path is that of other windows, and no group has windows in both parts.

    Parameters
    ----------
    penultimate : array-like, shape (n, n_features)
        See :func:`penultimate_features`.
    levels : array-like of int, shape (n,)
        From 0.
    groups : array-like, shape (n,), optional
        What must not be in both parts, as the trial of each window: windows of one trial are alike
        whatever was felt. Default: each window by itself. Those of each level are held out and
        fitted in turn, in the order in which they come, so that every level is among the held-out.
    method : {"lda", "pca"}, default="lda"
        Discriminants, or principal components, which are also taken where fewer than three levels
        are fitted.

    Raises
    ------
    DataFault
        If numbers of rows differ, or the parts would have fewer than two levels or windows.
    """
    features, found = np.asarray(penultimate, np.float64), np.asarray(levels, np.int64)
    of = np.arange(len(found)) if groups is None else np.asarray(groups)
    if not len(features) == len(found) == len(of):
        raise DataFault(f"{len(features)} windows, {len(found)} levels and {len(of)} groups")
    held = _held_out(found, of)
    fitted_levels = np.unique(found[~held])
    if (~held).sum() < 2 or len(np.unique(found[held])) < 2:
        raise DataFault("too few windows to hold some out", fix="two levels with two trials each")
    used: Method = method if len(fitted_levels) >= LEAST_LEVELS else "pca"
    plane = fit_embedding(features[~held], found[~held], used).transform(features)
    points = pd.DataFrame({"x": plane[:, 0], "y": plane[:, 1], "level": found})
    part = np.where(held, HELD_OUT, FITTED)
    return Embedding(points.assign(part=part), level_path(plane[held], found[held]), used)


def _held_out(levels: NDArray[np.int64], groups: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return a mask: of the groups of each level the first, third, ... in order of appearance.

    A group with windows of several levels counts to that of its first window.
    """
    names, first, place = np.unique(groups, return_index=True, return_inverse=True)
    out = np.zeros(len(names), dtype=bool)
    for level in np.unique(levels[first]):
        mine = np.flatnonzero(levels[first] == level)
        out[mine[np.argsort(first[mine])][::2]] = True
    held: NDArray[np.bool_] = out[place]
    return held
