"""The three parts of the report of a benchmark of ``spikes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.ratios import SPREAD, ratio_cells
from neurodecode.benchmarks.spikes.config import settings_of
from neurodecode.benchmarks.spikes.evaluation import training_split, writing_split
from neurodecode.benchmarks.spikes.programs import BATCHED, FUSED, MAPS, PREFIX, SINGLE, WHOLE
from neurodecode.report.figures import curves_figure
from neurodecode.report.model import Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.benchmarks.spikes.growth import Growth
    from neurodecode.evaluation.metric_row import MetricRow

Cells = list[tuple[Any, ...]]


def writing_section(
    table: pd.DataFrame, written: Mapping[str, Any], ratios: Sequence[MetricRow],
    config: BenchConfig,
) -> Section:  # fmt: skip
    """Seconds per window of each program, and ours against both peers."""
    bench = settings_of(config)
    text = (
        f"{bench.writing.n_tokens} tokens of a window, the most probable ones, by turns with the "
        f"same weights, of which none ends a window early; up to {written['distinct']} different "
        f"neurons among them. '{BATCHED}' writes {bench.writing.batch_size}, seconds are per "
        f"window. The released code passes the whole block, padding included, through the network "
        f"for each token ('{WHOLE}'); '{PREFIX}' is the best that can be done without keeping "
        f"keys and values of earlier tokens. Both encode past and frames anew each time. The "
        f"tokens that were timed are compared."
    )
    rows: Cells = []
    for threads, part in table.groupby("threads"):
        for name in (SINGLE, BATCHED, PREFIX, WHOLE):
            seconds = part.loc[part["program"] == name, "seconds_per_window"]
            ours = name in (SINGLE, BATCHED)
            cells = [
                cell for peer in (WHOLE, PREFIX) for cell in
                (ratio_cells(ratios, name, writing_split(peer, int(str(threads)))) if ours
                 else ("", ""))
            ]  # fmt: skip
            rows.append((threads, name, f"{seconds.median():.3g}",
                         f"{seconds.min():.3g} to {seconds.max():.3g}", *cells))  # fmt: skip
    columns = ("threads", "program", "s per window, median", SPREAD,
               f"times as fast as {WHOLE}", SPREAD,
               f"times as fast as {PREFIX}", SPREAD)  # fmt: skip
    return Section("Writing", [text, Table(columns, rows)])


def training_section(
    table: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig
) -> Section:
    """Tokens per second and memory with fused attention and with maps, by dropout."""
    bench, rows = settings_of(config), []
    for (threads, dropout), part in table.groupby(["threads", "dropout"], sort=False):
        split = training_split(float(str(dropout)), int(str(threads)))
        for name in (FUSED, MAPS):
            mine = part[part["program"] == name]
            speed = mine["tokens_per_second"]
            ratio = ratio_cells(ratios, FUSED, split) if name == FUSED else ("1", "")
            kernel = ("fused" if mine["kernel"].all() else "none") if name == FUSED else ""
            rows.append((threads, f"{dropout:g}", name, kernel, f"{speed.median():,.0f}",
                         f"{speed.min():,.0f} to {speed.max():,.0f}", *ratio,
                         f"{mine['held_mb'].median():,.0f} MB"))  # fmt: skip
    text = (
        f"Forward, loss, backward and AdamW on {bench.training.batch_size} windows of "
        f"{bench.population.windows.block} tokens after {bench.population.windows.past_block} "
        f"of the past, by turns on the same parameters and with the same dropout. '{FUSED}' calls "
        f"PyTorch's scaled_dot_product_attention; '{MAPS}' computes each map in full, as the "
        f"released code. Where PyTorch has no fused kernel, as on processors with dropout, it "
        f"computes maps itself. Tokens are places of the current window, padding included."
    )
    columns = ("threads", "dropout", "program", "kernel", "tokens per s, median", SPREAD,
               "times as many", SPREAD, "held for the backward pass")  # fmt: skip
    return Section("Training", [text, Table(columns, rows)])


def growth_section(table: pd.DataFrame, growths: Sequence[Growth], config: BenchConfig) -> Section:
    """Seconds of a training step against units, and the exponent."""
    bench = settings_of(config)
    sizes = sorted(bench.cost.n_units)[-2:]
    said = "; ".join(
        f"threads: {growth.threads}, exponent {growth.exponent:.2f}, interval {growth.low:.2f} to "
        f"{growth.high:.2f} over {growth.n_rounds} rounds" for growth in growths
    )  # fmt: skip
    text = (
        f"A training step on {bench.cost.batch_size} windows without a stimulus. Vocabulary and "
        f"past tokens (one for four units) grow with the population, the current window does not; "
        f"all populations by turns. Between {sizes[0]} and {sizes[1]} units: {said}. 1 is "
        f"linear; below it, a part of the cost does not grow."
    )
    threads = growths[0].threads
    drawn = table[table["threads"] == threads].assign(value=table["n_units"])
    drawn = drawn.assign(**{"training step": drawn["seconds"]})
    rows = [
        (n, int(part["past_tokens"].iloc[0]), f"{int(part['parameters'].iloc[0]):,}",
         f"{part['seconds'].median():.3g}", f"{part['seconds'].min():.3g} to "
         f"{part['seconds'].max():.3g}")
        for n, part in drawn.groupby("n_units")
    ]  # fmt: skip
    figure = curves_figure(drawn, ("training step",), xlabel="units", ylabel="s", name="growth")
    columns = ("units", "past tokens", "parameters", "s, median", SPREAD)
    return Section("Growth with units", [text, figure, Table(columns, rows)])
