"""Values of voxels on the brain, by nilearn, and values of regions as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import INK, MAIN, OTHER, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

BLANK = 0.05
"""Share of the largest value below which nothing is drawn."""
SLICES = (-30, -12, 6, 24, 42, 58)
"""Axial slices of an image of the whole brain, mm."""
PAPER = "background:#fff"
"""Brain outlines are dark, so they stay on paper in dark mode."""


def brain_figure(values: NDArray[np.floating[Any]], mask: Path, *, title: str, name: str) -> Figure:
    """Draw a value per voxel as a glass brain, and as axial slices below it.

    Parameters
    ----------
    values : ndarray, shape (n_voxels,)
        In C order of the mask's grid; what is near 0 is left blank.
    mask : Path
        3-D image, above 0 in the brain.
    title, name : str
    """
    from nilearn.image import load_img, new_img_like
    from nilearn.plotting import plot_glass_brain, plot_stat_map

    image = load_img(str(mask))
    inside = np.asarray(image.dataobj) > 0
    volume = np.zeros(image.shape, dtype=np.float32)
    volume[inside] = values
    signed = bool((values < 0).any())
    largest = float(np.abs(values).max()) or 1.0
    drawn = new_img_like(image, volume)
    shared: dict[str, Any] = {
        "cmap": "RdBu_r" if signed else "Reds", "vmax": largest, "black_bg": False,
        "vmin": -largest if signed else 0.0, "threshold": BLANK * largest, "colorbar": False,
    }  # fmt: skip
    with mpl.rc_context({"svg.hashsalt": "neurodecode", "svg.fonttype": "none"}):
        canvas = Canvas(figsize=(7.2, 3.6))
        upper, lower = (canvas.add_axes((0.0, y, 0.88, h)) for y, h in ((0.42, 0.58), (0.0, 0.4)))
        for axes in (upper, lower):
            axes.set_axis_off()
        plot_glass_brain(drawn, figure=canvas, axes=upper, display_mode="lyrz", plot_abs=False,
                         symmetric_cbar=signed, **shared)  # fmt: skip
        plot_stat_map(drawn, figure=canvas, axes=lower, display_mode="z",
                      cut_coords=_slices(image), **shared)  # fmt: skip
        scale = mpl.colors.Normalize(shared["vmin"], largest)
        canvas.colorbar(mpl.cm.ScalarMappable(scale, shared["cmap"]),
                        cax=canvas.add_axes((0.9, 0.1, 0.015, 0.8)))  # fmt: skip
        svg = to_svg(canvas, name).replace('style="', f'style="{PAPER};', 1)
    return Figure(svg, _spoken(values, inside, image.affine, title), title)


def _slices(image: Any) -> tuple[float, ...]:
    """Return the usual slices, or as many within an image that covers a part of the brain."""
    ends = np.array(np.meshgrid(*((0, size - 1) for size in image.shape))).reshape(3, -1).T
    heights = ends @ image.affine[2, :3] + image.affine[2, 3]
    low, high = float(heights.min()), float(heights.max())
    if low <= SLICES[0] and SLICES[-1] <= high:
        return SLICES
    return tuple(np.linspace(low, high, len(SLICES) + 2)[1:-1].tolist())


def markers_figure(table: pd.DataFrame, *, title: str, name: str) -> Figure:
    """Draw values of places as dots on a glass brain, red above 0 and blue below.

    Parameters
    ----------
    table : DataFrame
        ``label``, ``value`` and the place ``x``, ``y``, ``z``, mm in MNI space.
    title, name : str
    """
    from nilearn.plotting import plot_markers

    values = table["value"].to_numpy(float)
    largest = float(np.abs(values).max()) or 1.0
    with mpl.rc_context({"svg.hashsalt": "neurodecode", "svg.fonttype": "none"}):
        canvas = Canvas(figsize=(7.2, 2.2))
        axes = canvas.add_axes((0.0, 0.0, 0.88, 1.0))
        axes.set_axis_off()
        plot_markers(
            values, table[["x", "y", "z"]].to_numpy(float), figure=canvas, axes=axes,
            node_size=12 + 60 * np.abs(values) / largest, node_cmap="RdBu_r", node_vmin=-largest,
            node_vmax=largest, display_mode="lyrz", colorbar=False,
        )  # fmt: skip
        scale = mpl.colors.Normalize(-largest, largest)
        canvas.colorbar(mpl.cm.ScalarMappable(scale, "RdBu_r"),
                        cax=canvas.add_axes((0.9, 0.1, 0.015, 0.8)))  # fmt: skip
        svg = to_svg(canvas, name).replace('style="', f'style="{PAPER};', 1)
    first = table.iloc[int(np.abs(values).argmax())]
    spoken = f"{title}. The largest: {first['label']}, {first['value']:.3g}."
    return Figure(svg, spoken, title)


def region_figure(table: pd.DataFrame, *, caption: str, name: str) -> Figure:
    """Draw values of regions as bars, labels down the side.

    Parameters
    ----------
    table : DataFrame
        ``label, value``, in the order to be shown.
    """
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 0.7 + 0.2 * len(table)), layout="constrained")
        axes = canvas.add_subplot()
        values = table["value"].to_numpy(float)
        axes.barh(range(len(table)), values, color=[MAIN if v >= 0 else OTHER for v in values])
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_yticks(range(len(table)), list(table["label"]), fontsize=7)
        axes.invert_yaxis()
        svg = to_svg(canvas, name)
    first = table.iloc[0]
    spoken = f"{caption} The largest: {first['label']}, {first['value']:.3g}."
    return Figure(svg, spoken, caption)


def _spoken(
    values: NDArray[np.floating[Any]], inside: NDArray[np.bool_], affine: Any, title: str
) -> str:
    """Name the place of the largest value, mm."""
    from nilearn.image import coord_transform

    where = np.argwhere(inside)[int(np.abs(values).argmax())]
    place = ", ".join(f"{x:.0f}" for x in coord_transform(*where, affine))
    return f"{title}: the largest value is {values[np.abs(values).argmax()]:.3g} at ({place}) mm"
