"""A value per sensor, drawn on the flat layout of the head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import INK, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NAMED = 8


def sensor_figure(
    positions: NDArray[Any], values: NDArray[Any], names: Sequence[str], *, label: str, name: str
) -> Figure:
    """Draw values at sensors, smoothed in between, the largest ones named.

    Parameters
    ----------
    positions : ndarray, shape (n_sensors, 2)
        x to the right, y to the front; NaN for sensors that are not drawn.
    values : ndarray, shape (n_sensors,)
    label : str
        What the values are.
    """
    known = ~np.isnan(positions).any(axis=1)
    x, y = positions[known].T
    shown, labels = np.asarray(values)[known], [n for n, k in zip(names, known, strict=True) if k]
    largest = np.argsort(shown)[::-1][:NAMED]
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(4.6, 4.0), layout="constrained")
        axes = canvas.add_subplot()
        if len(x) > 3 and _span_a_plane(positions[known]):
            drawn: Any = axes.tricontourf(x, y, shown, levels=12, cmap="viridis")
        else:
            drawn = axes.scatter(x, y, c=shown, cmap="viridis")
        canvas.colorbar(drawn, ax=axes, label=label, shrink=0.8)
        axes.scatter(x, y, s=8, color=INK)
        for i in largest:
            axes.annotate(labels[i], (x[i], y[i]), xytext=(3, 3), textcoords="offset points",
                          fontsize=8)  # fmt: skip
        axes.set_aspect("equal")
        axes.set_axis_off()
        svg = to_svg(canvas, name)
    spoken = ", ".join(f"{labels[i]} {shown[i]:.3g}" for i in largest)
    return Figure(svg, f"{label} by sensor, largest: {spoken}", "Seen from above, nose up.")


def _span_a_plane(points: NDArray[Any]) -> bool:
    """Return False for points on one line, between which nothing can be smoothed."""
    return bool(np.linalg.matrix_rank(points - points.mean(axis=0), tol=1e-6) == 2)
