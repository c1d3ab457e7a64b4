r"""Find the heard segment among all candidates: ranks only, whatever the number of queries.

The score of query :math:`z` and candidate :math:`y_j` is the contrastive loss's,
:math:`\langle z, y_j \rangle / (10^{-8} + \lVert y_j \rVert)`; a softmax over the candidates gives
probabilities. Candidates are fixed and lie in memory, or in a temporary file where they are
large; queries come in batches, of which only ranks and a few probabilities are kept.

References
----------
Défossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
"""

from __future__ import annotations

import tempfile
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

IN_MEMORY_BYTES = 256 * 2**20
"""Candidates up to this size stay in memory."""
BLOCK_BYTES = 128 * 2**20
"""Size of the part of a candidate file that is read at a time."""
QUERY_BYTES = 192 * 2**20
"""Batches of queries are joined up to this size: each join reads the candidate file once."""
NORM_FLOOR = 1e-8


class Candidates:
    """Normalised candidates, in memory or in a file that is gone when the object is.

    Parameters
    ----------
    blocks : iterable of Tensor, each of shape (n, F, T)
        In the order of their indices.
    in_memory_bytes : int, default=256 MiB
        Larger ones are written to a temporary file and read back in parts.
    """

    def __init__(self, blocks: Iterable[Tensor], in_memory_bytes: int = IN_MEMORY_BYTES) -> None:
        self._file: Any = None
        held: list[Tensor] = []
        self.n, self.width = 0, 0
        for block in blocks:
            flat = block.detach().float().reshape(len(block), -1)
            flat = flat / (NORM_FLOOR + flat.norm(dim=1, keepdim=True))
            self.n, self.width = self.n + len(flat), flat.shape[1]
            held.append(flat)
            if self._file is not None or self.n * self.width * 4 > in_memory_bytes:
                self._spill(held)
        if not self.n:
            raise DataFault("no candidate to find the heard segment among")
        self._matrix = torch.cat(held) if held else None

    def _spill(self, held: list[Tensor]) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the object)
            weakref.finalize(self, self._file.close)
        for block in held:
            self._file.write(block.numpy().tobytes())
        held.clear()

    def __len__(self) -> int:
        return self.n

    def blocks(self) -> Iterator[Tensor]:
        """Yield the candidates in order, shape (n, F * T)."""
        if self._matrix is not None:
            yield self._matrix
            return
        rows = max(1, BLOCK_BYTES // (4 * self.width))
        buffer = torch.empty(min(rows, self.n), self.width)
        self._file.seek(0)
        for first in range(0, self.n, rows):
            part = buffer[: min(rows, self.n - first)]
            self._file.readinto(part.numpy().data.cast("B"))
            yield part

    def scores(self, estimates: Tensor) -> Tensor:
        """Return the scores (n_queries, n_candidates) of estimates (n_queries, F, T).

        Raises
        ------
        DataFault
            If the sizes differ, or an estimate is not finite: it would rank first everywhere.
        """
        flat = estimates.detach().float().reshape(len(estimates), -1)
        if not torch.isfinite(flat).all():
            raise DataFault("an estimate is NaN or infinite", fix="train again with --force train")
        if flat.shape[1] != self.width:
            raise DataFault(
                f"estimates of {flat.shape[1]} values per query, candidates of {self.width}"
            )
        return torch.cat([flat @ block.T for block in self.blocks()], dim=1)


def rank_of(scores: Tensor, true: Tensor) -> Tensor:
    """Return the rank of the true candidate of each query, 1 for the best.

    Candidates that tie with the true one count half, rounded up: a constant score does not win.

    Parameters
    ----------
    scores : Tensor, shape (n_queries, n_candidates)
    true : Tensor of int64, shape (n_queries,)
    """
    own = scores.gather(1, true[:, None])
    above = (scores > own).sum(dim=1)
    tied = (scores == own).sum(dim=1) - 1
    return 1 + above + torch.div(tied + 1, 2, rounding_mode="floor")


def join_batches(batches: Iterable[Tensor], n_bytes: int) -> Iterator[Tensor]:
    """Yield the rows of consecutive batches together, once they reach a size in bytes."""
    held: list[Tensor] = []
    for batch in batches:
        held.append(batch)
        if sum(part.nbytes for part in held) >= n_bytes:
            joined = torch.cat(held) if len(held) > 1 else batch
            held.clear()  # before the scores are computed, so that nothing lies here twice
            yield joined
    if held:
        yield torch.cat(held)


def retrieve(
    estimates: Iterable[Tensor],
    candidates: Candidates,
    true: Sequence[int],
    words: Sequence[str],
) -> dict[str, np.ndarray[Any, Any]]:
    """Rank all queries.

    Parameters
    ----------
    estimates : iterable of Tensor, each of shape (n, F, T)
        Batches of queries, in order.
    candidates : Candidates
    true : sequence of int, shape (n_queries,)
        Index of each query's true candidate.
    words : sequence of str, shape (n_candidates,)
        Word at each candidate's anchor, as in the vocabulary.

    Returns
    -------
    dict of ndarray, shape (n_queries,)
        ``rank``; ``probability`` of the true segment; ``word_rank`` and ``word_probability``, a
        word's probability being the sum over the segments that begin at it.
    """
    vocabulary, member = np.unique(np.asarray(words, dtype=str), return_inverse=True)
    spread = torch.zeros(len(candidates), len(vocabulary))
    spread[torch.arange(len(candidates)), torch.from_numpy(member)] = 1.0
    wanted, place = torch.as_tensor(np.asarray(true, dtype=np.int64)), 0
    found: dict[str, list[Tensor]] = {
        name: [] for name in ("rank", "probability", "word_rank", "word_probability")
    }
    for batch in join_batches(estimates, QUERY_BYTES):
        target = wanted[place : place + len(batch)]
        place += len(batch)
        scores = candidates.scores(batch)
        by_segment = scores.softmax(dim=1)
        by_word = by_segment @ spread
        word = torch.from_numpy(member)[target]
        found["rank"].append(rank_of(scores, target))
        found["probability"].append(by_segment.gather(1, target[:, None])[:, 0])
        found["word_rank"].append(rank_of(by_word, word))
        found["word_probability"].append(by_word.gather(1, word[:, None])[:, 0])
    if place != len(wanted):
        raise DataFault(f"{place} estimates for {len(wanted)} queries")
    return {name: torch.cat(parts).numpy() for name, parts in found.items()}
