"""Figures as inline SVG: theme-aware, small, each with a text alternative."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import NullFormatter, NullLocator, StrMethodFormatter

from neurodecode.report.model import Figure

if TYPE_CHECKING:
    import pandas as pd

INK = "#123456"  # replaced by the page's text colour, so that dark mode works
MAIN, OTHER, CONTROL = "#2f7ed8", "#8a94a6", "#c9822b"
CHANCE, CEILING = "#c0392b", "#2e9e5b"
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "neurodecode",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def to_svg(canvas: Canvas, name: str) -> str:
    """Return the figure as an inline SVG element whose ids start with ``name``."""
    buffer = io.StringIO()
    canvas.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\1{name}-", svg)
    width = canvas.get_figwidth() * 72
    return re.sub(r'width="[^"]*" ?|height="[^"]*pt" ?', "", svg, count=2).replace(
        "<svg", f'<svg style="max-width:{width * 1.3:.0f}px"', 1
    )


def score_figure(rows: pd.DataFrame, *, metric: str, name: str, main: str) -> Figure:
    """Draw each decoder's score with its interval, one point per subject, chance and ceiling.

    Parameters
    ----------
    rows : DataFrame
        Metric rows (see ``MetricRow``) of one split, levels "subject" and "group".
    main : str
        The decoder to set off.
    """
    group = rows[rows["level"] == "group"].set_index("model")
    subjects = rows[rows["level"] == "subject"]
    models = list(group.index)[::-1]
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 0.9 + 0.42 * len(models)), layout="constrained")
        axes = canvas.add_subplot()
        for y, model in enumerate(models):
            points = subjects.loc[subjects["model"] == model, "value"].to_numpy(float)
            _score_line(axes, y, group.loc[model], points, _colour(model, main))
        axes.axvline(group["chance"].mean(), color=CHANCE, lw=1, ls="--", label="chance")
        ceiling = group["ceiling"].dropna()
        if len(ceiling):
            axes.axvline(ceiling.iloc[0], color=CEILING, lw=1, ls=":", label="best possible")
        axes.set_yticks(range(len(models)), models)
        axes.set_xlabel(metric)
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.0), frameon=False, fontsize=8, ncols=2)
        axes.set_ylim(-0.6, len(models) + 0.2)
        svg = to_svg(canvas, name)
    spoken = "; ".join(f"{m} {group.loc[m, 'value']:.3f}" for m in reversed(models))
    alt = f"{metric} of each decoder against chance {group['chance'].mean():.2f}: {spoken}"
    points = "; small points are subjects" if len(subjects) else ""
    return Figure(svg, alt, f"Mean and 95 % interval{points}.")


def _score_line(axes: Any, y: int, row: pd.Series, points: Any, colour: str) -> None:
    jitter = np.linspace(-0.16, 0.16, len(points)) if len(points) > 1 else np.zeros(len(points))
    axes.scatter(points, y + jitter, s=12, color=colour, alpha=0.45, lw=0)
    if row["ci_low"] is not None and np.isfinite(float(row["ci_low"])):
        axes.plot([row["ci_low"], row["ci_high"]], [y, y], color=colour, lw=3, alpha=0.8)
    axes.scatter([row["value"]], [y], s=46, color=colour, zorder=3, edgecolor="white", lw=0.8)


def _colour(model: str, main: str) -> str:
    if "shuffled" in model:
        return CONTROL
    return MAIN if model == main else OTHER


def difference_figure(table: pd.DataFrame, *, metric: str, name: str) -> Figure:
    """Draw paired differences with their intervals, zero marked.

    Parameters
    ----------
    table : DataFrame
        Rows ``label, difference, ci_low, ci_high``.
    """
    labels = list(table["label"])[::-1]
    rows = table.iloc[::-1]
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 0.8 + 0.38 * len(labels)), layout="constrained")
        axes = canvas.add_subplot()
        for y, (_, row) in enumerate(rows.iterrows()):
            axes.plot([row["ci_low"], row["ci_high"]], [y, y], color=MAIN, lw=3, alpha=0.8)
            axes.scatter([row["difference"]], [y], s=40, color=MAIN, zorder=3)
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(-0.6, len(labels) - 0.4)
        axes.set_xlabel(f"difference in {metric}")
        svg = to_svg(canvas, name)
    spoken = "; ".join(
        f"{r['label']} {r['difference']:+z.3f} [{r['ci_low']:+z.3f}, {r['ci_high']:+z.3f}]"
        for _, r in table.iterrows()
    )
    return Figure(svg, f"Paired differences in {metric}: {spoken}", "Mean and 95 % interval.")


def confusion_figure(predictions: pd.DataFrame, *, name: str, unit: str = "trials") -> Figure:
    """Draw the confusion matrix, each row (true class) as shares of what it counts.

    Parameters
    ----------
    predictions : DataFrame
        Columns ``y_true`` and ``y_pred`` of one decoder.
    unit : str, default="trials"
        What a row of the table is, in the plural.
    """
    classes = sorted(set(predictions["y_true"]) | set(predictions["y_pred"]))
    index = {label: i for i, label in enumerate(classes)}
    counts = np.zeros((len(classes), len(classes)))
    np.add.at(counts, (predictions["y_true"].map(index), predictions["y_pred"].map(index)), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with mpl.rc_context(STYLE):
        size = 1.8 + 0.7 * len(classes)
        canvas = Canvas(figsize=(size + 0.8, size), layout="constrained")
        axes = canvas.add_subplot()
        axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=2)
        axes.invert_yaxis()
        for i, j in np.ndindex(*shares.shape):
            colour = "white" if shares[i, j] > 0.5 else "#1b2a41"
            axes.text(j + 0.5, i + 0.5, f"{shares[i, j]:.2f}\n({counts[i, j]:.0f})",
                      ha="center", va="center", color=colour)  # fmt: skip
        ticks = np.arange(len(classes)) + 0.5
        axes.set_xticks(ticks, classes, rotation=30 if len(classes) > 2 else 0)
        axes.set_yticks(ticks, classes)
        axes.set(xlabel="decoded", ylabel="true")
        svg = to_svg(canvas, name)
    spoken = "; ".join(
        f"{label} decoded as {classes[int(shares[i].argmax())]} most often ({shares[i].max():.2f})"
        for label, i in index.items()
    )
    return Figure(svg, f"Confusion matrix: {spoken}", f"Share of each true class ({unit}).")


def curves_figure(
    table: pd.DataFrame, columns: Sequence[str], *, xlabel: str, ylabel: str, name: str
) -> Figure:
    """Draw medians against a size on two logarithmic axes, with the range of the repeats.

    Parameters
    ----------
    table : DataFrame
        One row per repeat: ``value`` (the size) and ``columns``, all positive.
    columns : sequence of str
        At most three, one line each; the first is drawn in the accent for "other".
    """
    groups = table.groupby("value")[list(columns)]
    middle, low, high = groups.median(), groups.min(), groups.max()
    sizes = middle.index.to_numpy()
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 3.4), layout="constrained")
        axes = canvas.add_subplot()
        for column, colour, mark in zip(columns, (OTHER, MAIN, CONTROL), "osD", strict=False):
            axes.fill_between(sizes, low[column], high[column], color=colour, alpha=0.25, lw=0)
            axes.plot(sizes, middle[column], color=colour, marker=mark, ms=5, label=column)
        axes.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
        axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.legend(frameon=False, fontsize=8)
        svg = to_svg(canvas, name)
    spoken = "; ".join(
        f"{column}: "
        + ", ".join(f"{size:g} {xlabel} {y:.3g}" for size, y in middle[column].items())
        for column in columns
    )
    return Figure(svg, f"{ylabel} against {xlabel}. {spoken}", "Median; bands are the range.")


def timing_figure(jobs: Sequence[Mapping[str, Any]], *, name: str) -> Figure:
    """Draw the CPU and wall seconds of each rule, summed over its jobs."""
    rules = list(dict.fromkeys(job["rule"] for job in jobs))
    wall = [sum(job["wall_s"] for job in jobs if job["rule"] == rule) for rule in rules]
    cpu = [sum(job["cpu_s"] for job in jobs if job["rule"] == rule) for rule in rules]
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(7.2, 0.9 + 0.4 * len(rules)), layout="constrained")
        axes = canvas.add_subplot()
        y = np.arange(len(rules))
        axes.barh(y - 0.18, wall, height=0.34, color=MAIN, label="wall")
        axes.barh(y + 0.18, cpu, height=0.34, color=OTHER, label="CPU")
        axes.set_yticks(y, rules)
        axes.invert_yaxis()
        axes.set_xlabel("seconds, all jobs of the rule")
        axes.legend(frameon=False, fontsize=8)
        svg = to_svg(canvas, name)
    spoken = "; ".join(f"{r} {w:.1f} s" for r, w in zip(rules, wall, strict=True))
    return Figure(svg, f"Wall time by rule: {spoken}")
