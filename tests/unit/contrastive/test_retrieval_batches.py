"""Queries are ranked alike however they arrive, and a candidate file is not read for each batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.contrastive import retrieval
from neurodecode.contrastive.retrieval import Candidates, join_batches, retrieve


@pytest.fixture
def drawn():
    generator = torch.Generator().manual_seed(0)
    candidates = torch.randn(11, 3, 5, generator=generator)
    estimates = torch.randn(17, 3, 5, generator=generator) + candidates[torch.arange(17) % 11]
    return estimates, candidates


def ranks(estimates, fixed, size):
    true, words = [i % 11 for i in range(17)], list("abcdefghijk")
    return retrieve(estimates.split(size), fixed, true, words)


@pytest.mark.parametrize("size", [1, 4, 17])
@pytest.mark.parametrize("query_bytes", [1, 400, 10**6])
def test_ranks_do_not_depend_on_how_queries_arrive(drawn, size, query_bytes, monkeypatch):
    estimates, candidates = drawn
    expected = ranks(estimates, Candidates([candidates]), 17)
    monkeypatch.setattr(retrieval, "QUERY_BYTES", query_bytes)
    found = ranks(estimates, Candidates(candidates.split(3), in_memory_bytes=0), size)
    for name in ("rank", "word_rank"):
        np.testing.assert_array_equal(found[name], expected[name])
    np.testing.assert_allclose(found["probability"], expected["probability"], rtol=1e-5)


def test_small_batches_share_one_reading_of_the_candidates(drawn, monkeypatch):
    estimates, candidates = drawn
    fixed, read = Candidates([candidates], in_memory_bytes=0), []
    blocks = Candidates.blocks
    monkeypatch.setattr(Candidates, "blocks", lambda self: read.append(1) or blocks(self))
    ranks(estimates, fixed, 1)
    assert len(read) == 1


def test_joined_batches_keep_rows_and_order_and_reach_the_size():
    rows = torch.arange(10.0).reshape(10, 1)
    joined = list(join_batches(rows.split(2), 16))
    assert [len(part) for part in joined] == [4, 4, 2]
    assert torch.equal(torch.cat(joined), rows)
