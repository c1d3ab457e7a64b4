"""Scores over a grid of two settings, one small map per subject, with what was chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import CONTROL, INK, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = 4


def surface_figure(
    surfaces: Mapping[str, pd.DataFrame],
    chosen: Mapping[str, pd.DataFrame],
    marked: Mapping[str, pd.DataFrame],
    *,
    metric: str,
    mark: str,
    name: str,
) -> Figure:
    """Draw each subject's scores over order and lag.

    Parameters
    ----------
    surfaces : mapping of subject to DataFrame
        Scores, orders as rows and lags as columns; NaN where there is none.
    chosen, marked : mapping of subject to DataFrame
        Columns ``order, lag``, a row per fold: what the search chose, and another choice.
    mark : str
        What the other choice is, for the caption.
    """
    subjects = list(surfaces)
    n_columns = min(COLUMNS, len(subjects))
    n_rows = -(-len(subjects) // n_columns)
    low = min(float(np.nanmin(s.to_numpy())) for s in surfaces.values())
    high = max(float(np.nanmax(s.to_numpy())) for s in surfaces.values())
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 0.6 + 1.9 * n_rows), layout="constrained")
        axes = canvas.subplots(n_rows, n_columns, squeeze=False).ravel()
        for unused in axes[len(subjects) :]:
            unused.set_axis_off()
        for ax, subject in zip(axes, subjects, strict=False):
            image = _map(ax, surfaces[subject], low, high)
            _points(ax, surfaces[subject], chosen.get(subject), "o", "white", 26)
            _points(ax, surfaces[subject], marked.get(subject), "X", CONTROL, 34)
            ax.set_title(subject, fontsize=9)
        canvas.supxlabel("lag, samples", fontsize=9)
        canvas.supylabel("order", fontsize=9)
        canvas.colorbar(image, ax=list(axes), label=metric, shrink=0.8)
        svg = to_svg(canvas, name)
    spoken = "; ".join(f"{subject} {_best(surface)}" for subject, surface in surfaces.items())
    caption = (
        f"Inner score, mean over outer folds; circles: chosen by the search; crosses: {mark}, "
        "at the border where they lie beyond the grid."
    )
    return Figure(svg, f"{metric} over order and lag: {spoken}", caption)


def _best(surface: pd.DataFrame) -> str:
    scores = surface.to_numpy(float)
    row, column = divmod(int(np.nanargmax(scores)), scores.shape[1])
    place = f"order {surface.index[row]}, lag {surface.columns[column]}"
    return f"best {scores[row, column]:.3f} at {place}"


def _map(ax: Any, surface: pd.DataFrame, low: float, high: float) -> Any:
    orders, lags = list(surface.index), list(surface.columns)
    image = ax.imshow(
        surface.to_numpy(float), origin="lower", aspect="auto", cmap="viridis", vmin=low, vmax=high
    )
    ax.set_xticks(range(len(lags)), lags, fontsize=7)
    ax.set_yticks(range(len(orders)), orders, fontsize=7)
    return image


def _points(
    ax: Any, surface: pd.DataFrame, points: pd.DataFrame | None, marker: str, colour: str, size: int
) -> None:
    """Mark points by their nearest cell; those beyond the grid sit on its border."""
    if points is None:
        return
    orders, lags = np.array(surface.index), np.array(surface.columns)
    for (order, lag), count in Counter(zip(points["order"], points["lag"], strict=True)).items():
        x = int(np.abs(lags - lag).argmin())
        y = int(np.abs(orders - order).argmin())
        ax.scatter([x], [y], s=size * np.sqrt(count), marker=marker, color=colour,
                   edgecolor=INK, lw=0.6)  # fmt: skip
