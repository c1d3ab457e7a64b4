"""Sections of the ``spikes`` report on wiring, few-shot tuning and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure as Canvas

from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.report.figures import STYLE, to_svg
from neurodecode.report.lines import line_figure
from neurodecode.report.model import Block, Figure, Section, Table
from neurodecode.report.sections import interval
from neurodecode.spikes.cost import growth_exponent
from neurodecode.spikes.loading import PRETRAINED, SCRATCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.evaluation.bootstrap import Interval
    from neurodecode.spikes.wiring import Wiring

METRICS = {"auc": "AUC", "direction": "direction"}
MOST_SHOWN = 4


def wiring_section(wirings: Sequence[Wiring], scores: pd.DataFrame) -> list[Section]:
    """Estimates beside the truth, and their scores; nothing where no wiring was read."""
    if not wirings:
        return []
    first = wirings[0]
    blocks: list[Block] = [
        "Row: the unit that is driven; column: the unit that drives. Attention is that of tokens "
        "of one unit to tokens of another in the past window, per pair of tokens; the rivals see "
        "the counts of the same recording. AUC: do connections have larger weights than other "
        "pairs; direction: is the weight larger the true way round. Chance is 0.5 for both.",
        matrices_figure(first),
    ]
    if not scores.empty:
        rows, main = [], next(iter(first.estimates))
        for name, part in scores.groupby("estimate", sort=False):
            cells: list[str] = []
            for metric in METRICS:
                one = part[part["metric"] == metric].mean(numeric_only=True)
                cells += [f"{one['value']:.3f}", interval(one["ci_low"], one["ci_high"])]
                bounds = interval(one["lead_low"], one["lead_high"], signed=True)
                cells.append("-" if name == main else f"{one['lead']:+.3f} {bounds}")
            rows.append((name, *cells))
        columns = ["estimate"]
        for shown in METRICS.values():
            columns += [shown, "95 % interval", "attention ahead by"]
        n = int(scores["n"].mean())
        caption = f"{len(wirings)} session(s); intervals over the {n} units that drive others."
        blocks.append(Table(columns, rows, caption))
    return [Section("Wiring", blocks)]


def matrices_figure(wiring: Wiring) -> Figure:
    """Draw the truth, if known, and estimates, each on its own scale."""
    shown: dict[str, NDArray[np.float64]] = {}
    if wiring.truth is not None:
        shown["truth"] = wiring.truth.astype(float)
    for name in [*wiring.estimates][:MOST_SHOWN]:
        shown[name] = np.abs(wiring.estimates[name])
    with mpl.rc_context(STYLE):
        canvas = Canvas(figsize=(2.1 * len(shown), 2.5), layout="constrained")
        for axes, (name, matrix) in zip(np.atleast_1d(canvas.subplots(1, len(shown))),
                                        shown.items(), strict=True):  # fmt: skip
            off = matrix[~np.eye(len(matrix), dtype=bool)]
            axes.imshow(matrix, vmin=0, vmax=float(np.quantile(off, 0.995)) or 1.0, cmap="magma_r",
                        interpolation="nearest")  # fmt: skip
            axes.set_title(name, fontsize=8)
            axes.set_xticks([])
            axes.set_yticks([])
        svg = to_svg(canvas, "wiring")
    alt = f"Matrices of {len(wiring.estimates)} estimates of the wiring: {', '.join(shown)}"
    caption = f"Session {wiring.session}; darker is stronger, each on its own scale."
    return Figure(svg, alt, caption)


def few_shot_section(table: pd.DataFrame) -> list[Section]:
    """Scores against the share of windows, pretrained and from scratch; nothing without them."""
    if table.empty:
        return []
    sections = []
    for variable, mine in table.groupby("variable", sort=False):
        lines = mine.groupby(["way", "share"], sort=False)["value"].mean().reset_index()
        figure = line_figure(
            lines.rename(columns={"way": "line", "share": "x", "value": "y"}),
            xlabel="share of training windows whose behaviour is known",
            ylabel=f"{mine['metric'].iloc[0]}", name=f"few-shot-{variable}", log_x=True,
        )  # fmt: skip
        rows = []
        for share, part in mine.groupby("share"):
            gain = few_shot_gain(part)
            means = part.groupby("way")["value"].mean()
            rows.append((f"{share:.3g}", f"{means[PRETRAINED]:.3f}", f"{means[SCRATCH]:.3f}",
                         f"{gain.estimate:+.3f}",
                         interval(gain.low, gain.high, signed=True)))  # fmt: skip
        n = mine["seed"].nunique()
        text = (
            f"A model is trained on spikes, then tuned to {variable} on few windows; the same "
            "model from random weights sees the same windows for as many epochs. The last weights "
            f"are kept, so no behaviour beyond the share is used. {n} seeds, each with its own "
            "pretraining and draw of windows; intervals are over seeds."
        )
        columns = ("share", PRETRAINED, SCRATCH, "gain", "95 % interval")
        sections.append(Section(f"Few-shot {variable}", [text, figure, Table(columns, rows)]))
    return sections


def few_shot_gain(part: pd.DataFrame) -> Interval:
    """Return pretrained minus scratch at one share, with an interval over seeds and subjects."""
    wide = part.pivot_table(index=["subject", "seed"], columns="way", values="value")
    return mean_ci(wide[PRETRAINED] - wide[SCRATCH], expand=True, random_state=0, unit="seed")


def cost_section(table: pd.DataFrame) -> list[Section]:
    """Time of a training step against the number of units; nothing where none was measured."""
    if table.empty:
        return []
    slope = growth_exponent(table)
    sizes, cost = table["n_units"].to_numpy(), 1000 * table["seconds"].to_numpy(float)
    lines = pd.concat([
        pd.DataFrame({"line": "measured", "x": sizes, "y": cost}),
        pd.DataFrame({"line": "linear", "x": sizes, "y": cost[-1] * sizes / sizes[-1]}),
    ])  # fmt: skip
    figure = line_figure(lines, xlabel="units", ylabel="ms per training step", name="cost",
                         dashed=("linear",))  # fmt: skip
    shown = table.assign(**{name: 1000 * table[name] for name in ("seconds", "low", "high")})
    rows = [
        (row["n_units"], row["past_tokens"], f"{row['parameters']:,}", f"{row['seconds']:.1f}",
         f"{row['low']:.1f} to {row['high']:.1f}")
        for row in shown.to_dict("records")
    ]  # fmt: skip
    text = (
        "A training step of 4 windows of simulated populations; the past window has a token for "
        "every four units, the current window 32. Between the two largest populations the cost "
        f"grows with the power {slope:.2f} of their size. Other jobs may have run meanwhile."
    )
    columns = ("units", "tokens of the past", "parameters", "ms per step", "second least to most")
    return [Section("Cost", [text, figure, Table(columns, rows)])]
