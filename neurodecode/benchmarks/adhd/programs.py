"""Names of the programs that are timed, as the report shows them."""

from __future__ import annotations

OURS = "ours"
"""Our engine, which picks by size and density."""
DENSE, SPARSE = "float32 product", "scipy, A.A*A"
"""Peers at the full size: blocks of a dense product, and a sparse one."""
NETWORKX, IGRAPH = "networkx", "igraph"
"""Peers at a size that they can do; each is timed where it is installed."""
FULL_PEERS, SMALL_PEERS = (DENSE, SPARSE), (NETWORKX, IGRAPH)


def split_of(peer: str, density: float, threads: int) -> str:
    """Name what a ratio is of."""
    return f"{peer}, density {density:g}, threads: {threads}"
