"""Scores against time, with their intervals, chance, events and what is significant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import CEILING, CHANCE, CONTROL, INK, MAIN, OTHER, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import pandas as pd

COLOURS = (MAIN, CONTROL, CEILING, OTHER)


def time_course_figure(
    table: pd.DataFrame,
    *,
    xlabel: str,
    ylabel: str,
    events: Mapping[str, float],
    name: str,
    alpha: float = 0.05,
) -> Figure:
    """Draw the score of each model against time; bars below mark its significant clusters.

    Parameters
    ----------
    table : DataFrame
        ``model, time, value, ci_low, ci_high, chance, p_cluster``, a row per model and time.
    events : mapping of str to float
        Times to mark, by what happens, as onset and offset.
    alpha : float, default=0.05
        Clusters below are marked.
    """
    models = list(dict.fromkeys(table["model"]))
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 3.4), layout="constrained")
        axes = canvas.add_subplot()
        low = float(min(table["value"].min(), table["chance"].min()))
        span = max(float(table["ci_high"].max()) - low, 1e-3)
        for i, model in enumerate(models):
            mine = table[table["model"] == model].sort_values("time")
            colour = COLOURS[i % len(COLOURS)]
            axes.fill_between(mine["time"], mine["ci_low"], mine["ci_high"], color=colour,
                              alpha=0.2, lw=0)  # fmt: skip
            axes.plot(mine["time"], mine["value"], color=colour, marker="o", ms=3, label=model)
            _bars(axes, mine[mine["p_cluster"] < alpha], low - (0.06 + 0.05 * i) * span, colour)
        axes.axhline(table["chance"].mean(), color=CHANCE, lw=1, ls="--", label="chance")
        for label, time in events.items():
            axes.axvline(time, color=INK, lw=0.8, ls=":")
            axes.annotate(label, (time, 1), xycoords=("data", "axes fraction"), fontsize=8,
                          xytext=(2, -8), textcoords="offset points")  # fmt: skip
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.legend(frameon=False, fontsize=8, loc="upper right")
        svg = to_svg(canvas, name)
    best = table.sort_values("value").drop_duplicates("model", keep="last")
    spoken = "; ".join(
        f"{row.model} best {row.value:.3f} at {row.time:g} s" for row in best.itertuples()
    )
    caption = (
        f"Mean with 95 % interval; bars below: clusters with p < {alpha:g} (permutation test over "
        "all times)."
    )
    return Figure(svg, f"{ylabel} against {xlabel}: {spoken}", caption)


def _bars(axes: Any, significant: pd.DataFrame, height: float, colour: str) -> None:
    axes.scatter(significant["time"], [height] * len(significant), marker="s", s=10,
                 color=colour, lw=0)  # fmt: skip
