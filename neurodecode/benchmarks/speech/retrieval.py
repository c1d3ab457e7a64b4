r"""Ranks many queries among large candidates, in bounded memory.

Candidates :math:`y_j` and estimates :math:`z_i = n_i + g\, y_{c(i)} / \lVert y_{c(i)} \rVert` are
drawn when they are needed, each from a seed of its own, with Gaussian :math:`y` and :math:`n`, and
:math:`c(i) = i \bmod N`. A score of the true candidate is then :math:`g` above the others', which
have variance 1.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.benchmarks.machine import peak_memory_gb
from neurodecode.contrastive.retrieval import Candidates, retrieve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from torch import Tensor

    from neurodecode.benchmarks.speech.config import RetrievalSection

GAIN = 4.0
"""g: few scores of other candidates lie near the true one's, so that rounding decides no rank."""
CANDIDATES, NOISE = 0, 1
DENSE_BLOCK = 16
"""Candidates in double precision at a time."""


class Drawn:
    """Estimates and candidates of a given size; counts the seconds of drawing estimates."""

    def __init__(self, sizes: RetrievalSection, seed: int) -> None:
        self.sizes, self.seed, self.seconds = sizes, seed, 0.0
        self.shape = (sizes.n_features, sizes.n_frames)

    def true(self) -> NDArray[np.int64]:
        """Return the true candidate of each query."""
        return np.arange(self.sizes.n_queries) % self.sizes.n_candidates

    def candidates(self, first: int, stop: int) -> Tensor:
        """Return some candidates, shape (n, F, T)."""
        return torch.stack([self._draw(CANDIDATES, i) for i in range(first, stop)])

    def candidate_blocks(self, size: int) -> Iterator[Tensor]:
        """Yield all candidates in order."""
        n = self.sizes.n_candidates
        yield from (self.candidates(i, min(i + size, n)) for i in range(0, n, size))

    def estimates(self, n_queries: int | None = None) -> Iterator[Tensor]:
        """Yield the estimates of the first or of all queries, in batches (n, F, T)."""
        size, stop = self.sizes.batch_size, n_queries or self.sizes.n_queries
        true = self.true()
        for first in range(0, stop, size):
            began = time.perf_counter()
            batch = torch.empty(min(size, stop - first), *self.shape)
            for row, query in enumerate(range(first, first + len(batch))):
                heard = self._draw(CANDIDATES, int(true[query]))
                batch[row] = self._draw(NOISE, query) + GAIN / heard.norm() * heard
            self.seconds += time.perf_counter() - began
            yield batch

    def _draw(self, kind: int, index: int) -> Tensor:
        seed = np.random.SeedSequence([self.seed, kind, index]).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(seed[0] >> 1))
        return torch.randn(self.shape, generator=generator)


def time_retrieval(sizes: RetrievalSection, *, threads: int, seed: int) -> dict[str, Any]:
    """Rank all queries; check the first ones against a dense statement in double precision.

    Returns
    -------
    dict
        ``checked`` (ranks of the first queries, ours and dense); ``seconds`` of ranking;
        ``drawing``, those of drawing estimates and storing candidates; ``peak_memory_gb`` of this
        process (1e9 bytes); ``first_choices``, the share of queries of rank 1.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        drawn = Drawn(sizes, seed)
        began = time.perf_counter()
        candidates = Candidates(drawn.candidate_blocks(DENSE_BLOCK))
        stored = time.perf_counter() - began
        words = [str(i) for i in range(len(candidates))]
        began = time.perf_counter()
        ranks = retrieve(drawn.estimates(), candidates, drawn.true().tolist(), words)["rank"]
        seconds = time.perf_counter() - began - drawn.seconds
        drawing = drawn.seconds + stored
        n_checked = min(sizes.n_checked, sizes.n_queries)
        dense = dense_ranks(drawn, n_checked)
    finally:
        torch.set_num_threads(before)
    return {
        "checked": {"ours": ranks[:n_checked].tolist(), "dense": dense.tolist()},
        "seconds": seconds,
        "drawing": drawing,
        "peak_memory_gb": peak_memory_gb(),
        "first_choices": float((ranks == 1).mean()),
    }


def dense_ranks(drawn: Drawn, n_queries: int) -> NDArray[np.int64]:
    """Return the ranks of the first queries from all their scores, in double precision."""
    scores = torch.cat([_dense_scores(batch, drawn) for batch in drawn.estimates(n_queries)])
    own = scores[torch.arange(n_queries), torch.from_numpy(drawn.true()[:n_queries])]
    ranks: NDArray[np.int64] = (1 + (scores > own[:, None]).sum(dim=1)).numpy()
    return ranks


def _dense_scores(estimates: Tensor, drawn: Drawn) -> Tensor:
    parts = []
    for block in drawn.candidate_blocks(DENSE_BLOCK):
        candidates = block.double()
        norms = candidates.norm(dim=(1, 2))
        products = [torch.einsum("ft,jft->j", z.double(), candidates) for z in estimates]
        parts.append(torch.stack(products) / (1e-8 + norms))
    return torch.cat(parts, dim=1)
