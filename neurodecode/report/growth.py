"""A score against an amount: of participants, of minutes, of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure as Canvas

from neurodecode.report.figures import CHANCE, INK, MAIN, STYLE, to_svg
from neurodecode.report.model import Figure

if TYPE_CHECKING:
    import pandas as pd


def growth_figure(table: pd.DataFrame, *, xlabel: str, ylabel: str, name: str) -> Figure:
    """Draw a score against an amount, each participant in grey, the mean with its interval.

    Parameters
    ----------
    table : DataFrame
        One row per amount and participant: ``amount, subject, value, chance``, and per amount
        ``mean, ci_low, ci_high`` (NaN bounds are not drawn).
    """
    means = table.drop_duplicates("amount").sort_values("amount")
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 3.2), layout="constrained")
        axes = canvas.add_subplot()
        for _, one in table.sort_values("amount").groupby("subject"):
            axes.plot(one["amount"], one["value"], color=INK, alpha=0.25, lw=0.8)
        axes.vlines(means["amount"], means["ci_low"], means["ci_high"], color=MAIN, lw=3, alpha=0.8)
        axes.plot(means["amount"], means["mean"], color=MAIN, marker="o", ms=6)
        axes.plot(means["amount"], means["chance"], color=CHANCE, lw=1, ls="--")
        axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, None))
        axes.set_xticks(means["amount"], [f"{amount:g}" for amount in means["amount"]])
        svg = to_svg(canvas, name)
    spoken = "; ".join(f"{row.amount:g}: {row.mean:.3f}" for row in means.itertuples(index=False))
    caption = "Mean with 95 % interval, each participant in grey, chance dashed."
    return Figure(svg, f"{ylabel} against {xlabel}: {spoken}", caption)
