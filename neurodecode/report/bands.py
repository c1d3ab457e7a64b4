"""Lines over time with a band around each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import STYLE, to_svg
from neurodecode.report.model import Figure
from neurodecode.report.shares import series_colours

if TYPE_CHECKING:
    import pandas as pd


def band_figure(
    table: pd.DataFrame, *, xlabel: str, ylabel: str, name: str, caption: str = ""
) -> Figure:
    """Draw a line and its band for each name.

    Parameters
    ----------
    table : DataFrame
        ``line`` (its name), ``x``, ``y``, ``low``, ``high``.
    """
    lines = list(dict.fromkeys(table["line"]))
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 2.8), layout="constrained")
        axes = canvas.add_subplot()
        for line, colour in zip(lines, series_colours(len(lines)), strict=True):
            mine = table[table["line"] == line]
            axes.fill_between(mine["x"], mine["low"], mine["high"], color=colour, alpha=0.22, lw=0)
            axes.plot(mine["x"], mine["y"], color=colour, lw=1.6, label=line)
        axes.margins(x=0)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        if len(lines) > 1:
            axes.legend(frameon=False, fontsize=8, ncols=len(lines), loc="lower right",
                        bbox_to_anchor=(1, 1))  # fmt: skip
        svg = to_svg(canvas, name)
    spoken = "; ".join(
        f"{line}: {mine['y'].min():.3g} to {mine['y'].max():.3g}, band {mine['low'].min():.3g} to "
        f"{mine['high'].max():.3g}"
        for line, mine in table.groupby("line", sort=False)
    )
    return Figure(svg, f"{ylabel} against {xlabel}. {spoken}", caption)
