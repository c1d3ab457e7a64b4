"""Times one whole subject: from courses to degree and 3-cycle maps."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from neurodecode.benchmarks.adhd.person import draw_person
from neurodecode.benchmarks.machine import peak_memory_gb
from neurodecode.connectome import (
    VoxelGraph,
    VoxelSeries,
    degree_map,
    three_cycle_map,
    voxel_graphs,
)
from neurodecode.connectome.bits import empty_bits
from neurodecode.connectome.triangles import SMALL, pick_engine

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from neurodecode.benchmarks.adhd.config import ADHDBenchmark

PARTS = ("standardised", "correlation", "degree", "3-cycles")
"""What a subject takes, in order."""


def time_subject(bench: ADHDBenchmark, *, threads: int, seed: int) -> dict[str, Any]:
    """Compute the maps of one person at a threshold that is known.

    Returns
    -------
    dict
        ``parts``: seconds of :data:`PARTS` by round; ``compiling``: seconds that the first count
        of a process takes to compile; ``n_voxels, n_volumes, theta, density, engine``;
        ``peak_memory_gb`` of this process, drawing the person included.
    """
    courses = draw_person(bench.brain, seed=seed)
    series = VoxelSeries.from_array(courses)
    (sought,) = voxel_graphs(series, densities=(bench.subject.density,))
    theta = float(sought.theta or 0)
    found: dict[str, Any] = {
        "n_voxels": len(courses), "n_volumes": courses.shape[1], "theta": theta,
        "density": sought.density, "engine": pick_engine(sought.n_voxels, sought.density),
    }  # fmt: skip
    del sought, series
    found["compiling"] = compile_engine()
    found["parts"] = [one_subject(courses, theta, threads) for _ in range(bench.subject.rounds)]
    return {**found, "peak_memory_gb": peak_memory_gb()}


def one_subject(courses: NDArray[np.float32], theta: float, threads: int) -> dict[str, float]:
    """Return the seconds of each part of one subject."""
    clock = [time.perf_counter()]
    series = VoxelSeries.from_array(courses)
    clock.append(time.perf_counter())
    (graph,) = voxel_graphs(series, thetas=(theta,))
    clock.append(time.perf_counter())
    degree_map(graph)
    clock.append(time.perf_counter())
    three_cycle_map(graph, n_jobs=threads)
    clock.append(time.perf_counter())
    spans = [end - start for start, end in pairwise(clock)]
    return dict(zip(PARTS, spans, strict=True))


def compile_engine() -> float:
    """Count an empty graph just large enough for the engine of large ones; return seconds."""
    began = time.perf_counter()
    three_cycle_map(VoxelGraph(empty_bits(SMALL + 1)))
    return time.perf_counter() - began
