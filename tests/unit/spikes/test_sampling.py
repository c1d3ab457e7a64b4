"""Filters keep what they say, and draws follow the probabilities."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.spikes import filter_logits, token_probabilities
from neurodecode.spikes.sampling import draw_tokens

LOGITS = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()


def kept(logits):
    return torch.isfinite(logits)[0].tolist()


@pytest.mark.parametrize(("top_p", "n_kept"), [(0.4, 1), (0.6, 2), (0.79, 2), (0.9, 3), (1.0, 4)])
def test_the_nucleus_keeps_the_token_that_crosses(top_p, n_kept):
    assert kept(filter_logits(LOGITS, top_p=top_p)) == [True] * n_kept + [False] * (4 - n_kept)


def test_top_k_keeps_k_tokens_and_ties():
    assert kept(filter_logits(LOGITS, top_k=2)) == [True, True, False, False]
    assert kept(filter_logits(torch.zeros(1, 3), top_k=1)) == [True, True, True]
    assert kept(filter_logits(LOGITS, top_k=9)) == [True] * 4


def test_temperature_before_the_filter_changes_what_is_kept():
    options = {"top_p": 0.7, "temperature": 3.0}
    before = token_probabilities(LOGITS, temperature_first=True, **options)
    after = token_probabilities(LOGITS, temperature_first=False, **options)
    assert (before > 0)[0].tolist() == [True, True, True, False]
    assert (after > 0)[0].tolist() == [True, True, False, False]


@given(st.lists(st.floats(-8, 8), min_size=1, max_size=12), st.floats(0, 1, exclude_max=True))
def test_a_token_without_probability_is_never_drawn(values, number):
    probabilities = token_probabilities(torch.tensor([values]), top_p=0.5)
    token = int(draw_tokens(probabilities, torch.tensor([number], dtype=torch.float64)))
    assert probabilities[0, token] > 0


def test_draws_have_the_frequencies_of_the_probabilities():
    numbers = torch.from_numpy(np.random.default_rng(0).random(20_000))
    drawn = draw_tokens(LOGITS.exp().expand(20_000, 4), numbers)
    shares = drawn.bincount(minlength=4) / 20_000
    np.testing.assert_allclose(shares, [0.5, 0.3, 0.15, 0.05], atol=0.012)
