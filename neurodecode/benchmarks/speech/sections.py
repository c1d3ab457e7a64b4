"""The three parts of the report of a benchmark of ``speech``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.ratios import SPREAD, ratio_cells
from neurodecode.benchmarks.speech.config import settings_of
from neurodecode.benchmarks.speech.programs import OURS, PEER, PROGRAMS, READERS
from neurodecode.report.model import Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from neurodecode.benchmarks.config import BenchConfig
    from neurodecode.evaluation.metric_row import MetricRow

Cells = list[tuple[Any, ...]]


def step_section(steps: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig) -> Section:
    """Ratios and seconds of a training step, by program and number of threads."""
    sizes, shape = settings_of(config).step, settings_of(config).signals
    text = (
        f"Forward, contrastive loss, backward and Adam on {sizes.batch_size} windows of "
        f"{config.data.simulation.n_channels} channels x {shape.n_samples} samples, "
        f"{sizes.n_participants} participants, {sizes.n_features} features. Every program takes "
        f"the same steps from the same parameters, in turn; {sizes.rounds} timed steps per repeat, "
        f"of which the median ratio counts. The peer is the straightforward program: attention "
        f"trial by trial, PyTorch's convolutions. 'our attention' and 'our convolutions' are the "
        f"peer with that one part of ours: attention once per sensor layout; convolutions in half "
        f"the multiplications. CPU seconds are added over threads and hardly feel other work on "
        f"the machine."
    )
    rows: Cells = []
    for threads, part in steps.groupby("threads"):
        for name in PROGRAMS:
            ratio = ratio_cells(ratios, name, f"threads-{threads}") if name != PEER else ("1", "")
            cpu = part[f"{PEER}, CPU"] / part[f"{name}, CPU"]
            seconds = (part[name], part[f"{name}, CPU"])
            rows.append((threads, name, *ratio, *(f"{s.median():.3g}" for s in seconds),
                         f"{cpu.median():.2f}"))  # fmt: skip
    columns = ("threads", "program", "times as fast, median", SPREAD, "s per step",
               "CPU s per step", "ratio of CPU s")  # fmt: skip
    return Section("Training step", [text, Table(columns, rows)])


def windows_section(
    windows: pd.DataFrame, ratios: Sequence[MetricRow], config: BenchConfig
) -> Section:
    """Windows per second of every program, and ours against each."""
    sizes, settings = settings_of(config).windows, settings_of(config).signals
    n = config.data.simulation
    text = (
        f"{sizes.n_windows} windows of {n.n_channels} channels x {settings.n_samples} samples in "
        f"random order from {n.n_trials} recordings: cut, baseline subtracted, scaled, clamped. "
        f"Ours reads {sizes.batch_size} at a time from memory-mapped stores; the peers call "
        f"get_data for each, on FIF files that are open, or are loaded whole before the clock runs."
    )
    rows: Cells = []
    for name in (OURS, *READERS):
        found = windows.loc[windows["program"] == name, "per_second"]
        ratio = ("1", "") if name == OURS else ratio_cells(ratios, OURS, name)
        rows.append((name, f"{found.median():.0f}", f"{found.min():.0f} to {found.max():.0f}",
                     *ratio))  # fmt: skip
    columns = ("program", "windows per s, median", SPREAD, "ours, times as fast", SPREAD)
    return Section("Windows", [text, Table(columns, rows)])


def retrieval_section(found: Mapping[str, Any], config: BenchConfig) -> Section:
    """Memory, seconds and correctness of one evaluation."""
    sizes = settings_of(config).retrieval
    text = (
        f"{sizes.n_queries} queries against {sizes.n_candidates} candidates of "
        f"{sizes.n_features} x {sizes.n_frames} values, drawn when they are needed, "
        f"{sizes.batch_size} at a time, in a process of its own, threads: "
        f"{max(config.workers)}, once. Ranks of the first {found['n_checked']} queries are "
        f"compared with those of a dense statement in double precision."
    )
    rows: Cells = [
        ("peak resident memory of the process", f"{found['peak_memory_gb']:.2f} GB"),
        ("ranking", f"{found['seconds']:.1f} s"),
        ("drawing candidates and estimates, not counted", f"{found['drawing']:.1f} s"),
        ("ranks that differ", f"{found['n_wrong']} of {found['n_checked']}"),
        ("first choices that are right", f"{found['first_choices']:.3f}"),
    ]
    return Section("Retrieval", [text, Table(("", ""), rows)])
