"""Exact numbers of 3-cycles through each node, by engines that all give the same integers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.connectome.bits import neighbour_blocks, row_degrees, unpack
from neurodecode.connectome.graph import VoxelGraph
from neurodecode.connectome.progress import told
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from neurodecode.connectome.bits import Bits
    from neurodecode.connectome.progress import Progress

    Engine = Callable[[Bits, int, Progress], NDArray[np.int64]]

SMALL = 2048
"""Up to this size a dense product takes less time than compiling."""
SPARSE_ROWS = 512
PRODUCT_ROWS = 2048
PARTS = 16
"""Parts of the compiled engine's work, between which progress is told."""


def three_cycle_map(
    graph: VoxelGraph | NDArray[np.bool_],
    *,
    engine: str = "auto",
    n_jobs: int = 1,
    progress: Progress | bool | None = None,
) -> NDArray[np.int64]:
    r"""Count the triangles each voxel is part of.

    .. math:: c_v = \tfrac12 \sum_u A_{vu} (A A)_{vu}

    Parameters
    ----------
    graph : VoxelGraph or ndarray of bool, shape (n_voxels, n_voxels)
    engine : str, default="auto"
        One of :data:`ENGINES`; "auto" picks by size, density and what is installed. All are
        exact and equal.
    n_jobs : int, default=1
        Threads of the "compiled" engine; the products use those of the linear algebra library.
    progress : callable or bool, optional
        Called with (parts done, parts in all); True draws a bar on a terminal.

    Returns
    -------
    ndarray of int64, shape (n_voxels,)
        Their sum is three times the number of triangles.

    Raises
    ------
    ConfigFault
        If the engine is unknown, or needs numba and it is not installed.
    DataFault
        If an array is no undirected graph.

    References
    ----------
    Dey, Rao and Shah (2012), Frontiers in Systems Neuroscience 6:75.
    """
    if not isinstance(graph, VoxelGraph):
        graph = VoxelGraph.from_adjacency(graph)
    name = pick_engine(graph.n_voxels, graph.density) if engine == "auto" else engine
    if name not in ENGINES:
        raise ConfigFault(unknown("engine", name, ("auto", *ENGINES)))
    if n_jobs < 1:
        raise ConfigFault(f"n_jobs is {n_jobs}, must be 1 or more", where="n_jobs")
    with told(progress, "3-cycles") as tell:
        return ENGINES[name](graph.bits, n_jobs, tell)


def pick_engine(
    n_voxels: int, density: float, *, compiled: bool | None = None, integers: bool | None = None
) -> str:
    """Name the engine that takes least time.

    Parameters
    ----------
    n_voxels : int
    density : float
        Edges over pairs.
    compiled : bool, optional
        Whether numba is there; default: looked up.
    integers : bool, optional
        Whether the processor multiplies int8 matrices; default: looked up.
    """
    if n_voxels <= SMALL:
        return "product"
    if has_numba() if compiled is None else compiled:
        return "compiled"
    if density < 0.05:
        return "sparse" if density < 0.01 else "bitset"
    fast = multiplies_integers() if integers is None else integers
    return "int8" if fast else "product"


def multiplies_integers() -> bool:
    """Return whether this processor has an extension for products of int8 matrices."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return any(name in flags for name in ("amx_int8", "avx512_vnni", "i8mm")) and has_int8()


def has_numba() -> bool:
    """Return whether the compiled engine can run."""
    return find_spec("numba") is not None


def _compiled(bits: Bits, n_jobs: int, progress: Progress) -> NDArray[np.int64]:
    """AND and popcount over pairs of rows, compiled; each edge once."""
    if not has_numba():
        raise ConfigFault("the engine compiled needs numba", fix="pip install 'neurodecode[adhd]'")
    from neurodecode.connectome.compiled import common_neighbours

    parts = max(PARTS, n_jobs)

    def count(part: int) -> NDArray[np.int64]:
        counts = np.zeros(len(bits), dtype=np.int64)
        common_neighbours(bits, part, parts, counts)
        return counts

    total = np.zeros(len(bits), dtype=np.int64)
    with ThreadPoolExecutor(n_jobs) as pool:
        for done, counts in enumerate(pool.map(count, range(parts)), start=1):
            total += counts
            progress(done, parts)
    return total // 2


def _bitset(bits: Bits, _n_jobs: int, progress: Progress) -> NDArray[np.int64]:
    """AND and popcount with numpy, one row against its later neighbours."""
    n = len(bits)
    total = np.zeros(n, dtype=np.int64)
    for u in range(n):
        later = np.flatnonzero(unpack(bits[u : u + 1], n)[0, u + 1 :]) + u + 1
        shared = np.bitwise_count(bits[later] & bits[u]).sum(axis=1, dtype=np.int64)
        total[u] += shared.sum()
        total[later] += shared
        if u % SPARSE_ROWS == 0 or u == n - 1:
            progress(u + 1, n)
    return total // 2


def _sparse(bits: Bits, _n_jobs: int, progress: Progress) -> NDArray[np.int64]:
    r"""Sparse products of the edges directed from fewer to more neighbours.

    With that triangular matrix U, a triangle has one source u, one middle v and one sink w:
    :math:`(U U) \circ U` counts by (u, w), :math:`(U^\top U) \circ U` by (v, w).
    """
    n = len(bits)
    order = np.argsort(row_degrees(bits), kind="stable")
    rank = np.empty(n, dtype=np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    directed = _directed(bits, rank)
    backwards = directed.T.tocsr()
    total = np.zeros(n, dtype=np.int64)
    for start in range(0, n, SPARSE_ROWS):
        rows = slice(start, min(start + SPARSE_ROWS, n))
        outer = (directed[rows] @ directed).multiply(directed[rows])
        total[rows] += outer.sum(axis=1, dtype=np.int64)
        total += outer.sum(axis=0, dtype=np.int64)
        middle = (backwards[rows] @ directed).multiply(directed[rows])
        total[rows] += middle.sum(axis=1, dtype=np.int64)
        progress(rows.stop, n)
    return total[rank]


def _directed(bits: Bits, rank: NDArray[np.int32]) -> Any:
    """Return the edges from lower to higher rank as a sparse matrix in the order of ranks."""
    from scipy.sparse import coo_array

    n = len(bits)
    sources, targets = [], []
    for u, v in neighbour_blocks(bits):
        upward = rank[u] < rank[v]
        sources.append(rank[u[upward]])
        targets.append(rank[v[upward]])
    u, v = np.concatenate(sources), np.concatenate(targets)
    return coo_array((np.ones(u.size, dtype=np.int32), (u, v)), shape=(n, n)).tocsr()


def _product(bits: Bits, _n_jobs: int, progress: Progress) -> NDArray[np.int64]:
    """Float32 products of blocks of rows. Exact: the sums are whole numbers below 2^24."""
    return _blocked(bits, np.float32, lambda left, right: left @ right.T, progress)


def _int8(bits: Bits, _n_jobs: int, progress: Progress) -> NDArray[np.int64]:
    """Int8 products with int32 sums: several times faster on processors with matrix extensions."""
    if not has_int8():
        raise ConfigFault(
            "the engine int8 needs torch with integer products",
            fix="pip install 'neurodecode[torch]', or use engine='product'",
        )
    import torch

    def multiply(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
        columns = torch.from_numpy(right).T.contiguous()
        found: NDArray[Any] = torch._int_mm(torch.from_numpy(left), columns).numpy()
        return found

    return _blocked(bits, np.int8, multiply, progress)


def has_int8() -> bool:
    """Return whether the engine of integer products can run."""
    if find_spec("torch") is None:
        return False
    import torch

    return hasattr(torch, "_int_mm")


def _blocked(
    bits: Bits, dtype: Any, multiply: Callable[..., NDArray[Any]], progress: Progress
) -> NDArray[np.int64]:
    """Multiply blocks of rows, each pair of blocks once."""
    n = len(bits)
    total = np.zeros(n, dtype=np.int64)
    starts = range(0, n, PRODUCT_ROWS)
    parts, done = len(starts) * (len(starts) + 1) // 2, 0
    for i in starts:
        left = unpack(bits[i : i + PRODUCT_ROWS], n).astype(dtype)
        for j in starts[i // PRODUCT_ROWS :]:
            right = left if i == j else unpack(bits[j : j + PRODUCT_ROWS], n).astype(dtype)
            shared = multiply(left, right) * left[:, j : j + PRODUCT_ROWS]
            total[i : i + PRODUCT_ROWS] += _whole_sums(shared, 1)
            if i != j:
                total[j : j + PRODUCT_ROWS] += _whole_sums(shared, 0)
            done += 1
            progress(done, parts)
    return total // 2


def _whole_sums(counts: NDArray[Any], axis: int) -> NDArray[np.int64]:
    """Sum whole numbers without the rounding that float32 sums would bring."""
    return counts.sum(axis=axis, dtype=np.float64).astype(np.int64)


ENGINES: dict[str, Engine] = {
    "compiled": _compiled,
    "bitset": _bitset,
    "sparse": _sparse,
    "product": _product,
    "int8": _int8,
}
"""Engines by name: (bits, n_jobs, progress) to counts."""
