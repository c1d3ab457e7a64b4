"""Values at electrodes as maps of the scalp, several side by side on common scales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import INK, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Maps = Mapping[str, NDArray[np.float64]]

WIDTH, HEIGHT = 1.8, 1.75
"""Inches of one map."""
RADIUS_M = 0.095
"""Of the head that MNE draws; positions are brought to it, whatever their unit."""
NAMED = 3
"""Electrodes named in the text alternative."""


def scalp_figure(
    rows: Mapping[str, Maps],
    positions: Mapping[str, NDArray[np.float64]],
    *,
    name: str,
    patches: frozenset[str] = frozenset(),
    caption: str = "",
) -> Figure:
    """Draw maps in rows and columns, each column on one scale.

    Parameters
    ----------
    rows : mapping of str to mapping of str to ndarray
        By title of the row, then of the column (the same of each row): a value per electrode.
    positions : mapping of str to ndarray, shape (2,) or (3,)
        Of the electrodes, in the order of the values: x to the right, y to the front, z up, from
        the middle of the head, in any unit.
    patches : frozenset of str, default=empty
        Columns whose values are the same over neighbouring electrodes, not smoothed in between.
    """
    columns = list(next(iter(rows.values())))
    with mpl.rc_context(STYLE):
        size = (0.5 + WIDTH * len(columns), 0.55 + HEIGHT * len(rows))
        canvas = Canvas(figsize=size, layout="constrained")
        grid = canvas.subplots(len(rows), len(columns), squeeze=False)
        for j, column in enumerate(columns):
            scale = _scale([maps[column] for maps in rows.values()])
            for i, maps in enumerate(rows.values()):
                image = _map(
                    grid[i, j], maps[column], positions, scale, smooth=column not in patches
                )
            grid[0, j].set_title(column, fontsize=9)
            bar = canvas.colorbar(image, ax=list(grid[:, j]), orientation="horizontal",
                                  shrink=0.75, aspect=22, pad=0.02)  # fmt: skip
            bar.set_ticks([scale[0], sum(scale) / 2, scale[1]])
            bar.ax.xaxis.set_major_formatter("{x:.2g}")
            bar.ax.tick_params(labelsize=7)
            bar.outline.set_edgecolor(INK)
        for axes, title in zip(grid[:, 0], rows, strict=True):
            axes.text(-0.12, 0.5, title, rotation=90, va="center", ha="right", fontsize=9,
                      transform=axes.transAxes)  # fmt: skip
        svg = to_svg(canvas, name)
    return Figure(svg, _spoken(rows, list(positions)), caption)


def _scale(values: list[NDArray[np.float64]]) -> tuple[float, float]:
    """Return the limits of the colours; a column of equal values still has a width."""
    low, high = float(np.min(values)), float(np.max(values))
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _map(
    axes: Any,
    values: NDArray[np.float64],
    positions: Mapping[str, NDArray[np.float64]],
    scale: tuple[float, float],
    *,
    smooth: bool,
) -> Any:
    import mne
    from scipy.spatial import QhullError

    where, sphere = _where(positions)
    try:
        image, _ = mne.viz.plot_topomap(
            values, where, axes=axes, show=False, cmap="viridis", vlim=scale, sphere=sphere,
            contours=0, sensors=".", extrapolate="head",
            image_interp="cubic" if smooth else "nearest",
        )  # fmt: skip
    except QhullError:  # as on one circle: there is nothing in between
        return _dots(axes, values, positions, scale)
    for line in axes.lines:  # the head's outline and the electrodes, black otherwise
        line.set(color=INK, linewidth=1, markersize=3)
    return image


def _dots(
    axes: Any,
    values: NDArray[np.float64],
    positions: Mapping[str, NDArray[np.float64]],
    scale: tuple[float, float],
) -> Any:
    x, y = np.array([place[:2] for place in positions.values()]).T
    axes.cla()
    axes.set_axis_off()
    axes.set_aspect("equal", adjustable="datalim")
    low, high = scale
    return axes.scatter(x, y, c=values, vmin=low, vmax=high, cmap="viridis", edgecolor=INK, lw=0.5)


def _where(positions: Mapping[str, NDArray[np.float64]]) -> tuple[Any, Any]:
    """Return what MNE draws at: an Info of places in space, or places in the plane."""
    import mne

    places = np.array(list(positions.values()))
    if places.shape[1] == 2:
        return places, (0.0, 0.0, 0.0, 1.05 * float(np.linalg.norm(places, axis=1).max()))
    scaled = places * RADIUS_M / np.median(np.linalg.norm(places, axis=1))
    named = dict(zip(positions, scaled, strict=True))
    montage = mne.channels.make_dig_montage(named, coord_frame="head")
    return mne.create_info(list(positions), 1.0, "eeg").set_montage(montage), None


def _spoken(rows: Mapping[str, Maps], names: list[str]) -> str:
    said = []
    for title, maps in rows.items():
        for column, values in maps.items():
            largest = np.argsort(values)[::-1][:NAMED]
            places = ", ".join(f"{names[k]} {values[k]:.3g}" for k in largest)
            said.append(f"{title}, {column}: largest at {places}")
    return f"Scalp maps, seen from above, nose up. {'; '.join(said)}"
