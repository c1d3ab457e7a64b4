"""Lines against a number: one per decoder, or against time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import NullLocator

from neurodecode.report.figures import CEILING, CHANCE, CONTROL, INK, MAIN, OTHER, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

COLOURS = (MAIN, CONTROL, CEILING, OTHER, "#8e5ab5", "#c76b98", "#5b8c85")


def line_figure(
    table: pd.DataFrame,
    *,
    xlabel: str,
    ylabel: str,
    name: str,
    log_x: bool = False,
    dashed: Sequence[str] = (),
    events: Mapping[str, float] | None = None,
) -> Figure:
    """Draw one line per name.

    Parameters
    ----------
    table : DataFrame
        ``line`` (its name), ``x``, ``y``.
    log_x : bool, default=False
        Logarithmic axis with a tick per value.
    dashed : sequence of str
        Lines that are references.
    events : mapping of str to float, optional
        Values of x to mark, by what happens there.
    """
    names = list(dict.fromkeys(table["line"]))
    colours = iter(COLOURS)
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 3.2), layout="constrained")
        axes = canvas.add_subplot()
        for line in names:
            mine = table[table["line"] == line].sort_values("x")
            reference = line in dashed
            colour = CHANCE if reference else next(colours, INK)
            axes.plot(mine["x"], mine["y"], color=colour, lw=1 if reference else 1.6,
                      ls="--" if reference else "-", label=line)  # fmt: skip
        if log_x:
            values = sorted(set(table["x"]))
            axes.set_xscale("log")
            axes.set_xticks(values, [f"{value:g}" for value in values])
            axes.xaxis.set_minor_locator(NullLocator())
        for label, value in (events or {}).items():
            axes.axvline(value, color=INK, lw=0.8, ls=":")
            axes.annotate(label, (value, 1), xycoords=("data", "axes fraction"), fontsize=8,
                          xytext=(2, -8), textcoords="offset points")  # fmt: skip
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.legend(frameon=False, fontsize=8)
        svg = to_svg(canvas, name)
    spoken = "; ".join(
        f"{line} {mine['y'].iloc[0]:.3g} at {mine['x'].iloc[0]:.3g}, {mine['y'].iloc[-1]:.3g} at "
        f"{mine['x'].iloc[-1]:.3g}"
        for line, mine in table.groupby("line", sort=False)
    )
    return Figure(svg, f"{ylabel} against {xlabel}: {spoken}")
