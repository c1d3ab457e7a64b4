"""Estimates are averaged over a person's repetitions first, then over people; signals never."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.contrastive.image.averaging import EVERYBODY, average_estimates

SEEN = [("a", "cat"), ("b", "cat"), ("a", "dog"), ("a", "cat"), ("b", "dog"), ("b", "dog"),
        ("b", "dog")]  # fmt: skip


def trials_of(pairs):
    table = pd.DataFrame(pairs, columns=["participant", "image"])
    return table.assign(category=table["image"], onset=np.arange(len(table), dtype=float))


def levels_of(pairs, likelihood=None):
    estimates = torch.arange(2.0 * len(pairs)).reshape(-1, 2) ** 2
    found = list(average_estimates(trials_of(pairs), estimates, likelihood))
    return estimates, {queries.table["average"].iloc[0]: queries for queries in found}


def test_single_trials_pass_unchanged_and_in_order():
    estimates, levels = levels_of(SEEN)
    single = levels["single"]
    assert torch.equal(single.estimates, estimates)
    assert list(zip(single.table["participant"], single.table["image"], strict=True)) == SEEN
    assert (single.table["n_trials"] == 1).all()


def test_repetitions_are_averaged_within_each_participant():
    estimates, levels = levels_of(SEEN)
    found = levels["repetitions"]
    keys = list(zip(found.table["participant"], found.table["image"], strict=True))
    assert keys == [("a", "cat"), ("b", "cat"), ("a", "dog"), ("b", "dog")]
    assert found.table["n_trials"].tolist() == [2, 1, 1, 3]
    for key, mean in zip(keys, found.estimates, strict=True):
        mine = [row for row, pair in enumerate(SEEN) if pair == key]
        torch.testing.assert_close(mean, estimates[mine].mean(dim=0))


def test_participants_weigh_alike_however_often_they_saw_the_picture():
    _, levels = levels_of(SEEN)
    found, each = levels["participants"], levels["repetitions"]
    assert set(found.table["participant"]) == {EVERYBODY}
    assert found.table["image"].tolist() == ["cat", "dog"]
    assert found.table["n_trials"].tolist() == [3, 4]
    torch.testing.assert_close(found.estimates[0], each.estimates[[0, 1]].mean(dim=0))
    torch.testing.assert_close(found.estimates[1], each.estimates[[2, 3]].mean(dim=0))


def test_log_likelihoods_are_summed_where_estimates_are_averaged():
    likelihood = np.arange(3.0 * len(SEEN)).reshape(len(SEEN), 3)
    _, levels = levels_of(SEEN, likelihood)
    np.testing.assert_array_equal(levels["single"].likelihood, likelihood)
    repeated = levels["repetitions"].likelihood
    np.testing.assert_allclose(repeated[0], likelihood[[0, 3]].sum(axis=0))
    np.testing.assert_allclose(repeated[3], likelihood[[4, 5, 6]].sum(axis=0))
    np.testing.assert_allclose(
        levels["participants"].likelihood, [likelihood[[0, 1, 3]].sum(0), likelihood[2:].sum(0)
                                            - likelihood[3]])  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "levels"),
    [
        ([("a", "cat"), ("a", "dog")], ["single"]),
        ([("a", "cat"), ("a", "cat")], ["single", "repetitions"]),
        ([("a", "cat"), ("b", "cat")], ["single", "participants"]),
        (SEEN, ["single", "repetitions", "participants"]),
    ],
)
def test_a_level_that_would_repeat_the_one_before_is_left_out(pairs, levels):
    assert list(levels_of(pairs)[1]) == levels


def test_the_index_of_the_trials_does_not_matter():
    trials = trials_of(SEEN)
    estimates = torch.randn(len(SEEN), 4, generator=torch.Generator().manual_seed(0))
    plain = list(average_estimates(trials, estimates))
    moved = list(average_estimates(trials.set_axis([9, 3, 7, 1, 0, 5, 2]), estimates))
    for one, other in zip(plain, moved, strict=True):
        pd.testing.assert_frame_equal(one.table, other.table)
        assert torch.equal(one.estimates, other.estimates)
