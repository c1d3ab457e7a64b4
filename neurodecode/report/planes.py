"""Points in the plane, coloured by an ordered level, and the path through the levels' means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import INK, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

COLUMNS, SIDE = 3, 2.6
"""Panels in a row, and inches of one."""
SHOWN = 1500
"""Points of a panel; of more, evenly spaced ones are drawn."""


@dataclass(frozen=True)
class Plane:
    """One panel.

    Attributes
    ----------
    points : ndarray, shape (n, 2)
    levels : ndarray of str, shape (n,)
        Of the points, as they are named.
    names : sequence of str
        Of the levels, in their order.
    means : ndarray, shape (n_levels, 2)
        Where each level lies: the path joins them.
    note : str
        Below the title.
    """

    points: NDArray[np.float64]
    levels: NDArray[np.str_]
    names: Sequence[str]
    means: NDArray[np.float64]
    note: str


def plane_figure(
    planes: Mapping[str, Plane], *, levels: Sequence[str], label: str, name: str, caption: str = ""
) -> Figure:
    """Draw planes side by side.

    Parameters
    ----------
    planes : mapping of str to Plane
        By title.
    levels : sequence of str
        All levels, in order: their colours are the same in every panel.
    label : str
        What the levels are of.
    """
    shades = mpl.colormaps["plasma"](np.linspace(0.05, 0.88, len(levels)))
    colours = dict(zip(levels, shades, strict=True))
    n_columns = min(COLUMNS, len(planes))
    n_rows = -(-len(planes) // n_columns)
    with mpl.rc_context(STYLE):
        size = (0.9 + SIDE * n_columns, (SIDE + 0.4) * n_rows)
        canvas = Canvas(figsize=size, layout="constrained", dpi=160)
        grid = canvas.subplots(n_rows, n_columns, squeeze=False).ravel()
        for unused in grid[len(planes) :]:
            unused.set_axis_off()
        for axes, (title, plane) in zip(grid, planes.items(), strict=False):
            _draw(axes, plane, colours)
            axes.set_title(f"{title}\n{plane.note}", fontsize=9)
        handles = [
            mpl.lines.Line2D([], [], color=shade, marker="o", ls="", label=level)
            for level, shade in colours.items()
        ]
        canvas.legend(handles=handles, title=label, loc="outside right center", frameon=False,
                      fontsize=8, title_fontsize=8)  # fmt: skip
        svg = to_svg(canvas, name)
    spoken = "; ".join(f"{title}: {plane.note}" for title, plane in planes.items())
    return Figure(svg, f"Windows in the plane, coloured by {label}. {spoken}", caption)


def _draw(axes: Any, plane: Plane, colours: Mapping[str, Any]) -> None:
    every = max(1, -(-len(plane.points) // SHOWN))
    x, y = plane.points[::every].T
    shades = [colours[level] for level in plane.levels[::every]]
    axes.scatter(x, y, s=7, c=shades, alpha=0.45, lw=0, rasterized=True)
    for start, stop in zip(plane.means[:-1], plane.means[1:], strict=True):
        axes.annotate("", stop, start, arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 1.4,
                                                   "shrinkA": 5, "shrinkB": 6})  # fmt: skip
    for level, (x, y) in zip(plane.names, plane.means, strict=True):
        axes.scatter(x, y, s=110, color=colours[level], edgecolor="white", lw=1.2, zorder=3)
        axes.annotate(level, (x, y), ha="center", va="center", fontsize=7, color="white",
                      weight="bold", zorder=4)  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.set_aspect("equal", adjustable="datalim")
    axes.spines[["left", "bottom"]].set_visible(False)
