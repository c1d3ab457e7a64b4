r"""Ranks the picture that was seen among all candidates, with every program, in turn.

The estimate of a query is :math:`z_i = n_i + g\, y_{c(i)} / \lVert y_{c(i)} \rVert` with Gaussian
noise :math:`n_i` and a gain of 3. So that every program computes the very same scores, whatever the
order of its sums, all numbers are exact in float32: candidates :math:`y_j` have :math:`4^k` entries
of 1 or -1, the others 0, so that their norm is a power of two, and noise is on a grid of
:math:`2^{-16}`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.benchmarks.image.programs import LOOP, OURS, SORTED
from neurodecode.contrastive.retrieval import Candidates, rank_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from neurodecode.benchmarks.image.config import RetrievalSection

    Floats = NDArray[np.float32]
    Ranks = NDArray[np.int64]
    Ranker = Callable[[Floats, Floats, Ranks], Ranks]

GAIN, GRID = 3.0, np.float32(2.0**-16)
N_WARM = 8
"""Queries of a first ranking with every program."""


def time_retrieval(sizes: RetrievalSection, *, seed: int, turn: int) -> dict[str, Any]:
    """Rank all queries with every program.

    Parameters
    ----------
    turn : int
        Which program begins, so that no one is always first.

    Returns
    -------
    dict
        By program ``ranks``, ``seconds`` from embeddings to ranks, and ``cpu_seconds``.
    """
    queries, candidates, true = draw(sizes, seed=seed)
    programs: dict[str, Ranker] = {OURS: ours, LOOP: query_by_query, SORTED: all_sorted}
    names = list(programs)
    names = names[turn % len(names) :] + names[: turn % len(names)]
    for name in names:
        programs[name](queries[:N_WARM], candidates, true[:N_WARM])
    ranks, seconds, cpu = {}, {}, {}
    for name in names:
        began, of_cpu = time.perf_counter(), time.process_time()
        ranks[name] = programs[name](queries, candidates, true).tolist()
        seconds[name], cpu[name] = time.perf_counter() - began, time.process_time() - of_cpu
    return {"ranks": ranks, "seconds": seconds, "cpu_seconds": cpu}


def draw(sizes: RetrievalSection, *, seed: int) -> tuple[Floats, Floats, Ranks]:
    """Return estimates, candidates and the true candidate of each estimate."""
    rng = np.random.default_rng(seed)
    n_set = 4 ** int(np.log(sizes.n_features) / np.log(4) + 1e-9)
    signs = rng.choice(np.array([-1, 1], np.float32), (sizes.n_candidates, sizes.n_features))
    signs[:, n_set:] = 0
    candidates = rng.permuted(signs, axis=1)
    true = np.arange(sizes.n_queries) % sizes.n_candidates
    shown = candidates[true]
    noise = rng.standard_normal((sizes.n_queries, sizes.n_features), np.float32)
    noise = np.round(noise / GRID) * GRID
    queries = noise + np.float32(GAIN) * shown / np.linalg.norm(shown, axis=1, keepdims=True)
    return queries, candidates, true


def ours(queries: Floats, candidates: Floats, true: Ranks) -> Ranks:
    """Rank with the pipeline's own code."""
    found = Candidates([torch.from_numpy(candidates)])
    scores = found.scores(torch.from_numpy(queries))
    ranks: Ranks = rank_of(scores, torch.from_numpy(true)).numpy()
    return ranks


def query_by_query(queries: Floats, candidates: Floats, true: Ranks) -> Ranks:
    """Rank as one would write it first: cosines of a query, sorted, and where the true one is."""
    normed = candidates / np.linalg.norm(candidates, axis=1, keepdims=True)
    ranks = []
    for query, index in zip(queries, true, strict=True):
        order = np.argsort(-(normed @ query))
        ranks.append(1 + int(np.flatnonzero(order == index)[0]))
    return np.array(ranks)


def all_sorted(queries: Floats, candidates: Floats, true: Ranks) -> Ranks:
    """Rank with one product, all of whose rows are sorted."""
    normed = candidates / np.linalg.norm(candidates, axis=1, keepdims=True)
    order = np.argsort(-(queries @ normed.T), axis=1)
    return np.asarray(1 + (order == true[:, None]).argmax(axis=1))
