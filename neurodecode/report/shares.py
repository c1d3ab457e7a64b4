"""Shares of a whole as bars, in panels, one colour per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import CHANCE, CONTROL, INK, MAIN, OTHER, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

THICKNESS = 0.8
"""Of all bars of one label together."""


def series_colours(n: int) -> Sequence[str]:
    """Return a colour per line or bar: what comes last is what the report is about."""
    return (MAIN,) if n == 1 else (OTHER, MAIN, CONTROL)[:n] if n < 4 else (INK,) * n


def share_figure(table: pd.DataFrame, *, even: float, xlabel: str, name: str) -> Figure:
    """Draw shares with their spread, labels down the side, and what an even share would be.

    Parameters
    ----------
    table : DataFrame
        ``panel, line, label, value, spread``; labels and lines the same in each panel.
    even : float
        Share of each label without preference.
    """
    panels, lines, labels = (list(dict.fromkeys(table[c])) for c in ("panel", "line", "label"))
    height = THICKNESS / len(lines)
    with mpl.rc_context(STYLE):
        size = (7.2, 0.9 + (0.25 + 0.22 * len(lines)) * len(labels))
        canvas = Canvas(figsize=size, layout="constrained")
        for axes, panel in zip(
            canvas.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0], panels,
            strict=True,
        ):  # fmt: skip
            for k, (line, colour) in enumerate(zip(lines, series_colours(len(lines)), strict=True)):
                mine = table[(table["panel"] == panel) & (table["line"] == line)]
                y = np.arange(len(labels)) + (k - (len(lines) - 1) / 2) * height
                axes.barh(y, mine["value"], height * 0.9, color=colour, label=line,
                          xerr=mine["spread"], error_kw={"ecolor": INK, "lw": 0.8})  # fmt: skip
            axes.axvline(even, color=CHANCE, lw=1, ls="--", label="no preference")
            axes.set_title(panel, fontsize=9)
            axes.set_xlabel(xlabel)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlim(0, min(1, 1.05 * float((table["value"] + table["spread"]).max())))
        axes.invert_yaxis()
        handles, named = axes.get_legend_handles_labels()
        canvas.legend(handles, named, loc="outside upper right", ncols=len(named), frameon=False,
                      fontsize=8)  # fmt: skip
        svg = to_svg(canvas, name)
    spoken = "; ".join(
        f"{row.panel}, {row.line}, {row.label} {row.value:.3f}" for row in table.itertuples()
    )
    caption = "Mean over windows; whiskers: one standard deviation between windows."
    return Figure(svg, f"{xlabel}, no preference {even:.3f}: {spoken}", caption)
