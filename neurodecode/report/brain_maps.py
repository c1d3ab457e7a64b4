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

SLICES = (-30, -12, 6, 24, 42, 58)
"""Axial slices, mm."""
PAPER = "background:#fff"
"""Brain outlines are dark, so they stay on paper in dark mode."""


def brain_figures(
    values: NDArray[np.floating[Any]], mask: Path, *, title: str, name: str
) -> list[Figure]:
    """Draw a value per voxel as a glass brain and as axial slices.

    Parameters
    ----------
    values : ndarray, shape (n_voxels,)
        In C order of the mask's grid.
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
    shared = {
        "cmap": "RdBu_r" if signed else "Reds", "vmax": largest, "colorbar": True,
        "vmin": -largest if signed else 0.0, "symmetric_cbar": signed,
    }  # fmt: skip
    spoken = _spoken(values, inside, image.affine, title)
    found = []
    for kind, draw, options in (
        ("glass", plot_glass_brain, {"plot_abs": False, "display_mode": "lyrz"}),
        ("slices", plot_stat_map, {"display_mode": "z", "cut_coords": SLICES, "threshold": None}),
    ):
        with mpl.rc_context({"svg.hashsalt": "neurodecode", "svg.fonttype": "none"}):
            canvas = Canvas(figsize=(7.2, 2.2))
            axes = canvas.add_axes((0.0, 0.0, 1.0, 1.0))
            axes.set_axis_off()
            draw(
                drawn, figure=canvas, axes=axes, annotate=True, black_bg=False, **shared, **options
            )
            svg = to_svg(canvas, f"{name}-{kind}").replace('style="', f'style="{PAPER};', 1)
        found.append(Figure(svg, spoken, title if kind == "glass" else ""))
    return found


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
