r"""Counts 3-cycles of the same graphs with every program, by turns.

Dense and sparse peers count some voxels of the full size, which take the same work per voxel as
all: a dense peer multiplies blocks of equal size, a sparse one takes
:math:`\sum_{u \in N(v)} d_u` multiplications for voxel v. Their seconds are multiplied by the
work of all voxels over the work of these.
"""

from __future__ import annotations

import time
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.benchmarks.adhd.person import draw_person
from neurodecode.benchmarks.adhd.programs import (
    DENSE,
    IGRAPH,
    NETWORKX,
    OURS,
    SMALL_PEERS,
    SPARSE,
)
from neurodecode.benchmarks.adhd.whole_subject import compile_engine
from neurodecode.connectome import VoxelSeries, degree_map, three_cycle_map, voxel_graphs
from neurodecode.connectome.bits import neighbour_blocks, unpack
from neurodecode.connectome.triangles import PRODUCT_ROWS, pick_engine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.benchmarks.adhd.config import ADHDBenchmark
    from neurodecode.connectome import VoxelGraph

    Counts = NDArray[np.int64]
    Voxels = NDArray[np.intp]
    Program = Callable[[], tuple[Counts, float]]

SPARSE_ROWS = 128
"""Rows of a sparse product that are in memory at once."""


def time_counting(
    bench: ADHDBenchmark, *, peers: Sequence[str], threads: int, seed: int, turn: int
) -> dict[str, Any]:
    """Count with our engine and with each peer.

    Parameters
    ----------
    peers : sequence of str
        ``FULL_PEERS``, or ``SMALL_PEERS`` on the coarser grid.
    turn : int
        Where odd, peers come first in the first round.

    Returns
    -------
    dict
        ``n_voxels``; ``graphs``, a dict for each density: ``density``, the one asked for;
        ``theta, edge_density, mean_degree, wedges`` (sum of squared degrees), ``engine``; by
        program ``seconds`` (a list over rounds, of the voxels that it counts), ``scale`` (work of
        all voxels over that of these) and, but for ours, ``differing`` voxels.
    """
    counting, brain = bench.counting, bench.brain
    if peers == SMALL_PEERS:
        brain = brain.model_copy(update={"voxel_mm": counting.small_voxel_mm})
    series = VoxelSeries.from_array(draw_person(brain, seed=seed))
    compile_engine()
    return {
        "n_voxels": len(series.courses),
        "graphs": [
            {"density": density,
             **_by_turns(graph, peers, counting.n_rows, counting.rounds, threads, turn)}
            for density, graph in zip(
                counting.densities, voxel_graphs(series, densities=counting.densities), strict=True
            )
        ],
    }  # fmt: skip


def _by_turns(
    graph: VoxelGraph, peers: Sequence[str], n_rows: int, rounds: int, threads: int, turn: int
) -> dict[str, Any]:
    programs, counted, scales = make_programs(graph, peers, n_rows, threads)
    names, seconds = list(programs), {name: [0.0] * rounds for name in programs}
    found: dict[str, Counts] = {}
    for number in range(rounds):
        for name in names[:: -1 if (number + turn) % 2 else 1]:
            found[name], seconds[name][number] = programs[name]()
    differing = {
        name: int(np.count_nonzero(counts != found[OURS][counted[name]]))
        for name, counts in found.items() if name != OURS
    }  # fmt: skip
    degrees = degree_map(graph)
    return {
        "theta": graph.theta, "edge_density": graph.density, "mean_degree": float(degrees.mean()),
        "wedges": float((degrees.astype(float) ** 2).sum()),
        "engine": pick_engine(graph.n_voxels, graph.density),
        "seconds": seconds, "scale": scales, "differing": differing,
    }  # fmt: skip


def make_programs(
    graph: VoxelGraph, peers: Sequence[str], n_rows: int, threads: int
) -> tuple[Mapping[str, Program], Mapping[str, Voxels], dict[str, float]]:
    """Return each program, the voxels it counts, and its work for all over that for these.

    A program returns counts and seconds. Peers get the graph in their own form beforehand, and
    only their arithmetic is timed.
    """
    n = graph.n_voxels
    everything = np.arange(n)
    some = np.unique(np.linspace(0, n - 1, min(n_rows, n)).astype(np.intp))
    programs: dict[str, Program] = {OURS: lambda: _timed(
        lambda: three_cycle_map(graph, n_jobs=threads)
    )}  # fmt: skip
    counted, scales = {OURS: everything}, {OURS: 1.0}
    makers = {DENSE: _dense, SPARSE: _sparse}
    for peer in peers:
        if peer in makers:
            programs[peer], scales[peer] = makers[peer](graph, some)
            counted[peer] = some
        elif find_spec(peer) is not None:
            programs[peer] = _of_library(graph, peer)
            counted[peer], scales[peer] = everything, 1.0
    return programs, counted, scales


def _timed(count: Callable[[], Any]) -> tuple[Counts, float]:
    began = time.perf_counter()
    counts = count()
    return np.asarray(counts), time.perf_counter() - began


def _dense(graph: VoxelGraph, some: Voxels) -> tuple[Program, float]:
    """Rows of the dense product; all of them would be taken on and above the diagonal only."""
    n = graph.n_voxels
    left = unpack(graph.bits[some], n).astype(np.float32)

    def count() -> tuple[Counts, float]:
        total, seconds = np.zeros(len(some)), 0.0
        for start in range(0, n, PRODUCT_ROWS):
            rows = slice(start, start + PRODUCT_ROWS)
            right = unpack(graph.bits[rows], n).astype(np.float32)
            began = time.perf_counter()
            shared = left @ right.T
            shared *= left[:, rows]
            total += shared.sum(axis=1, dtype=np.float64)
            seconds += time.perf_counter() - began
        return total.astype(np.int64) // 2, seconds

    return count, (n / len(some) + 1) / 2


def _sparse(graph: VoxelGraph, some: Voxels) -> tuple[Program, float]:
    """Rows of the sparse product of the adjacency with itself, times the adjacency."""
    from scipy.sparse import csr_array

    n, degrees = graph.n_voxels, degree_map(graph)
    columns = np.concatenate([v.astype(np.int32) for _, v in neighbour_blocks(graph.bits)])
    ends = np.concatenate([[0], np.cumsum(degrees)])
    edges = csr_array((np.ones(columns.size, np.int32), columns, ends), shape=(n, n))

    def count() -> Counts:
        parts = []
        for start in range(0, len(some), SPARSE_ROWS):
            rows = edges[some[start : start + SPARSE_ROWS]]
            parts.append((rows @ edges).multiply(rows).sum(axis=1, dtype=np.int64))
        return np.concatenate(parts) // 2

    work = edges @ degrees
    return lambda: _timed(count), float(work.sum() / max(work[some].sum(), 1))


def _of_library(graph: VoxelGraph, name: str) -> Program:
    """Triangles of all nodes by networkx or igraph."""
    library, matrix = import_module(name), graph.adjacency()
    if name == NETWORKX:
        network = library.from_numpy_array(matrix)
        return lambda: _timed(lambda: list(library.triangles(network).values()))
    assert name == IGRAPH
    u, v = np.nonzero(np.triu(matrix))
    drawn = library.Graph(n=graph.n_voxels, edges=np.column_stack([u, v]).tolist())

    def count() -> Counts:
        corners = np.asarray(drawn.list_triangles(), dtype=np.intp).reshape(-1)
        return np.bincount(corners, minlength=graph.n_voxels)

    return lambda: _timed(count)
