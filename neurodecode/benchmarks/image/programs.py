"""Names of the programs that are timed, as the report shows them."""

from __future__ import annotations

OURS = "ours"
SKLEARN = "scikit-learn, RidgeCV"
KERNEL = "himalaya, KernelRidgeCV"
SVD = "himalaya, RidgeCV"
RIDGES = (SKLEARN, KERNEL, SVD)
"""Peers that choose the penalty of a ridge regression."""
LOOP, SORTED = "NumPy, query by query", "NumPy, all at once and sorted"
RANKERS = (LOOP, SORTED)
"""Peers that rank the shown picture among all candidates."""


def split_of(peer: str, threads: int | str) -> str:
    """Return the split of a ratio: the peer, and the threads of both programs."""
    return f"{peer}, threads: {threads}"
