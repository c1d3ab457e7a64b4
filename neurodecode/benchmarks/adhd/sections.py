"""The parts of the report of a benchmark of ``adhd``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.adhd.config import settings_of
from neurodecode.benchmarks.adhd.programs import DENSE, NETWORKX, OURS, SPARSE, split_of
from neurodecode.benchmarks.adhd.whole_subject import PARTS
from neurodecode.benchmarks.ratios import SPREAD, ratio_cells
from neurodecode.report.model import Section, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow

Cells = list[tuple[Any, ...]]


def subject_section(table: pd.DataFrame, config: BenchConfig) -> Section:
    """Seconds by part, memory, and what the study would cost."""
    bench, first = settings_of(config), table.iloc[0]
    n = bench.n_subjects
    text = (
        f"{first['n_voxels']:,} voxels of {bench.brain.voxel_mm} mm and {first['n_volumes']} "
        f"volumes: networks, smooth and white noise, band-passed. From raw courses to both maps at "
        f"one threshold ({first['theta']:.3f}, density {first['density']:.2%}), reading files left "
        f"out; engine of 3-cycles: {first['engine']}. Compiling it takes "
        f"{table['compiling'].median():.2g} s more, once in a process. Memory is the peak of the "
        f"job's process, which also draws the person."
    )
    rows: Cells = [
        (threads, *(f"{part[name].median():.2g} s" for name in PARTS),
         f"{part['seconds'].median():.3g} s",
         f"{part['seconds'].min():.3g} to {part['seconds'].max():.3g}",
         f"{part['peak_memory_gb'].max():.2f} GB", hours(part["seconds"].median() * n))
        for threads, part in table.groupby("threads")
    ]  # fmt: skip
    columns = ("threads", *PARTS, "subject, median", SPREAD, "peak memory", f"{n} subjects")
    return Section("A whole subject", [text, Table(columns, rows)])


def counting_section(
    table: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig
) -> Section:
    """Seconds of 3-cycles at the full size, by density and program."""
    counting = settings_of(config).counting
    text = (
        f"3-cycles of all {table['n_voxels'].iloc[0]:,} voxels; the graph is there already, in the "
        f"form that each program takes, and only arithmetic is timed. '{OURS}' counts all voxels; "
        f"'{DENSE}' (blocks of whole rows) and '{SPARSE}' count {counting.n_rows} spread evenly, "
        f"in turn with ours, and their seconds are multiplied by the work of all over the work of "
        f"these: for the dense product the blocks on and above the diagonal, for the sparse one "
        f"the multiplications, which are counted. Counts are compared at those voxels."
    )
    columns = ("threads", "density", "mean degree", "program", "s measured", "s of all voxels",
               SPREAD, "ours, times as fast", SPREAD,
               f"{settings_of(config).n_subjects} subjects")  # fmt: skip
    return Section("3-cycles at the full size",
                   [text, Table(columns, _rows(table, ratios, config))])  # fmt: skip


def small_section(
    table: pd.DataFrame, full: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig
) -> Section:
    """Seconds of networkx and igraph at a size they can do, and what the full size would take."""
    wedges = full.groupby("density")["wedges"].median()
    text = (
        f"The same kind of person on a grid of {settings_of(config).counting.small_voxel_mm} mm, "
        f"{table['n_voxels'].iloc[0]:,} voxels; building the library's graph is not timed. "
        f"Extrapolated to {full['n_voxels'].iloc[0]:,} voxels: time grows as the pairs of "
        f"neighbours of all voxels, the sum of squared degrees, which is known at both sizes. "
        f"Memory is left out of account: a networkx graph would not fit. Timed where installed: "
        f"{', '.join(name for name in sorted(set(table['program'])) if name != OURS) or 'none'}."
    )
    grown = table.assign(
        grown=table["seconds"] * table["density"].map(wedges) / table["wedges"]
    )  # fmt: skip
    rows = [
        (*cells[:4], cells[5], cells[6], cells[7], cells[8], _extrapolated(grown, cells))
        for cells in _rows(table, ratios, config)
    ]
    columns = ("threads", "density", "mean degree", "program", "s", SPREAD, "ours, times as fast",
               SPREAD, "full size, extrapolated")  # fmt: skip
    return Section(f"{NETWORKX} and igraph", [text, Table(columns, rows)])


def _rows(table: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig) -> Cells:
    rows: Cells = []
    for (threads, density, name), part in table.groupby(["threads", "density", "program"]):
        seconds, ours = part["seconds"], name == OURS
        split = split_of(str(name), float(str(density)), int(str(threads)))
        cells = (f"{part['engine'].iloc[0]}", "") if ours else ratio_cells(ratios, OURS, split)
        rows.append((
            threads, f"{density:g}", f"{part['mean_degree'].median():.0f}", name,
            f"{part['measured_seconds'].median():.3g}", f"{seconds.median():.3g}",
            f"{seconds.min():.3g} to {seconds.max():.3g}", *cells,
            hours(seconds.median() * settings_of(config).n_subjects),
        ))  # fmt: skip
    return rows


def _extrapolated(grown: pd.DataFrame, cells: tuple[Any, ...]) -> str:
    if cells[3] == OURS:
        return "measured above"
    mine = grown[(grown["threads"] == cells[0]) & (grown["program"] == cells[3])]
    mine = mine[mine["density"].map("{:g}".format) == cells[1]]
    return hours(mine["grown"].median())


def hours(seconds: float) -> str:
    """Write a time in hours, minutes or seconds."""
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.3g} s"
