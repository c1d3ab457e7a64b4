"""Ranks are those of a dense computation, whatever the batches, and memory does not grow."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch

from neurodecode.contrastive.losses import scores as loss_scores
from neurodecode.contrastive.retrieval import Candidates, rank_of, retrieve
from neurodecode.faults import DataFault

N, F, T, QUERIES = 30, 4, 6, 23
WORDS = [f"word{i % 7}" for i in range(N)]


def draw(n, seed):
    return torch.randn(n, F, T, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def drawn():
    true = np.random.default_rng(2).integers(0, N, QUERIES)
    candidates = draw(N, 0)
    return candidates, candidates[true] + 2 * draw(QUERIES, 1), true


def dense(candidates, estimates, true):
    """Ranks and probabilities in numpy, all at once."""
    y = candidates.double().numpy().reshape(N, -1)
    z = estimates.double().numpy().reshape(len(estimates), -1)
    scores = z @ (y / (1e-8 + np.linalg.norm(y, axis=1, keepdims=True))).T
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    probability = exp / exp.sum(axis=1, keepdims=True)
    rows = np.arange(len(z))
    vocabulary, member = np.unique(WORDS, return_inverse=True)
    by_word = np.stack([probability[:, member == w].sum(axis=1) for w in range(len(vocabulary))], 1)
    word = member[true]
    own = by_word[rows, word][:, None]
    return {
        "rank": 1 + (scores > scores[rows, true][:, None]).sum(axis=1),
        "probability": probability[rows, true],
        "word_rank": 1 + (by_word > own).sum(axis=1),
        "word_probability": own[:, 0],
    }


@pytest.mark.parametrize("batch", [1, 5, QUERIES])
@pytest.mark.parametrize("limit", [2**30, 0])
def test_ranks_and_probabilities_are_those_of_the_dense_computation(drawn, batch, limit):
    candidates, estimates, true = drawn
    fixed = Candidates(candidates.split(8), in_memory_bytes=limit)
    found = retrieve(estimates.split(batch), fixed, true.tolist(), WORDS)
    for name, expected in dense(*drawn).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, err_msg=name)


def test_the_score_is_that_of_the_loss(drawn):
    candidates, estimates, _ = drawn
    found = Candidates([candidates]).scores(estimates)
    torch.testing.assert_close(found, loss_scores(estimates, candidates), rtol=1e-5, atol=1e-5)


def test_candidates_in_a_file_are_those_in_memory(drawn, monkeypatch):
    candidates, estimates, _ = drawn
    monkeypatch.setattr("neurodecode.contrastive.retrieval.BLOCK_BYTES", 7 * F * T * 4)
    memory = Candidates(candidates.split(8), in_memory_bytes=2**30)
    file = Candidates(candidates.split(8), in_memory_bytes=12 * F * T * 4)
    assert len(memory) == len(file) == N
    assert [len(block) for block in file.blocks()] == [7, 7, 7, 7, 2]
    assert torch.equal(torch.cat([block.clone() for block in file.blocks()]),
                       torch.cat(list(memory.blocks())))  # fmt: skip
    torch.testing.assert_close(file.scores(estimates), memory.scores(estimates))
    torch.testing.assert_close(file.scores(estimates), memory.scores(estimates))  # and again


def test_a_candidate_of_zeros_is_no_division_by_zero():
    fixed = Candidates([torch.zeros(2, F, T)])
    assert (fixed.scores(draw(3, 0)) == 0).all()


@pytest.mark.parametrize(
    ("scores", "rank"),
    [
        ([5.0, 1.0, 0.0, -1.0], 1),
        ([0.0, 1.0, 2.0, 3.0], 4),
        ([1.0, 1.0, 0.0, 0.0], 2),  # one tie: half of it, rounded up
        ([1.0, 1.0, 1.0, 0.0], 2),
        ([1.0, 1.0, 1.0, 1.0], 3),
        ([1.0, 2.0, 1.0, 1.0], 3),
    ],
)
def test_ties_count_half_rounded_up(scores, rank):
    assert rank_of(torch.tensor([scores]), torch.tensor([0])).item() == rank


def test_a_constant_score_does_not_win():
    ranks = rank_of(torch.zeros(50, 20), torch.arange(50) % 20)
    assert (ranks == 11).all()


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_an_estimate_that_is_not_finite_is_a_fault_and_not_a_hit(drawn, value):
    candidates, estimates, true = drawn
    spoilt = estimates.clone()
    spoilt[3, 0, 0] = value
    with pytest.raises(DataFault, match="an estimate is NaN or infinite"):
        retrieve([spoilt], Candidates([candidates]), true.tolist(), WORDS)


def test_probabilities_of_words_are_sums_over_their_segments():
    candidates = torch.eye(4)[:, None]
    words = ["a", "b", "a", "c"]
    found = retrieve([torch.tensor([[[0.0, 1.0, 0.0, 0.9]]])], Candidates([candidates]), [0], words)
    # Segments of "a" are the two worst, together they are better than "b" and "c".
    assert found["rank"].item() == 4
    assert found["word_rank"].item() == 3 - 2 * (np.e < 2)
    expected = 2 / (2 + np.e + np.exp(0.9))
    assert found["word_probability"].item() == pytest.approx(expected, rel=1e-5)


def test_sizes_that_do_not_fit_are_faults(drawn):
    candidates, estimates, true = drawn
    fixed = Candidates([candidates])
    with pytest.raises(DataFault, match="estimates of 20 values per query, candidates of 24"):
        fixed.scores(estimates[..., :5])
    with pytest.raises(DataFault, match="no candidate"):
        Candidates([])
    with pytest.raises(DataFault, match=f"{QUERIES} estimates for {QUERIES + 1} queries"):
        retrieve([estimates], fixed, [*true.tolist(), 0], WORDS)


def peak_bytes(n_queries):
    """Largest memory while queries are ranked; torch's and numpy's arrays both count."""
    fixed = Candidates([torch.randn(40, 8, 50)])

    def batches():
        for _ in range(n_queries // 20):
            # From numpy, whose memory the tracer sees.
            yield torch.from_numpy(np.random.default_rng(0).random((20, 8, 50), np.float32))

    tracemalloc.start()
    retrieve(batches(), fixed, [0] * n_queries, ["w"] * 40)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_does_not_hold_the_estimates_of_all_queries(monkeypatch):
    monkeypatch.setattr("neurodecode.contrastive.retrieval.QUERY_BYTES", 2**17)
    peak_bytes(20)  # what the first call loads
    few, many = peak_bytes(100), peak_bytes(2000)
    estimates = 1900 * 8 * 50 * 4
    assert many - few < 0.2 * estimates


def test_memory_does_not_hold_large_candidates(monkeypatch):
    monkeypatch.setattr("neurodecode.contrastive.retrieval.BLOCK_BYTES", 2**12)
    fixed = Candidates((torch.randn(10, F, T) for _ in range(50)), in_memory_bytes=2**12)
    assert fixed._matrix is None
    assert max(len(block) for block in fixed.blocks()) * fixed.width * 4 <= 2**12
    assert len(fixed) == 500
