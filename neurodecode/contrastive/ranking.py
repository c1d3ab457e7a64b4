"""From the scores of candidates to the best of them, and to the rank of the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from neurodecode.contrastive.retrieval import rank_of
from neurodecode.streaming.protocol import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence


def rank_candidates(
    scores: torch.Tensor,
    names: Sequence[str],
    groups: Sequence[str],
    *,
    top: int,
    true: Sequence[str] | None = None,
) -> Ranking:
    """Return the ``top`` candidates of each trial; ties keep the candidates' order.

    Parameters
    ----------
    scores : Tensor, shape (n_trials, n_candidates)
    names, groups : sequence of str, shape (n_candidates,)
        Of each candidate, and what it belongs to.
    top : int
    true : sequence of str, shape (n_trials,), optional
        Their rank is counted as in :func:`~neurodecode.contrastive.retrieval.rank_of`; 0 where
        it is no candidate.
    """
    order = scores.sort(dim=1, descending=True, stable=True).indices[:, :top]
    return Ranking(
        names=[[names[k] for k in row] for row in order.tolist()],
        groups=[[groups[k] for k in row] for row in order.tolist()],
        scores=scores.gather(1, order).numpy(),
        probabilities=scores.softmax(dim=1).gather(1, order).numpy(),
        true_rank=None if true is None else _true_ranks(scores, names, true),
        n_candidates=len(names),
    )


def _true_ranks(scores: torch.Tensor, names: Sequence[str], true: Sequence[str]) -> np.ndarray:
    """Return the rank of each true candidate, 0 where it is none."""
    place = {name: k for k, name in enumerate(names)}
    known = np.array([name in place for name in true], dtype=bool)
    ranks = np.zeros(len(true), dtype=np.int64)
    if known.any():
        wanted = torch.tensor([place[name] for name in true if name in place])
        ranks[known] = rank_of(scores[torch.from_numpy(known)], wanted).numpy()
    return ranks
