"""Ranks become scores with their chance; the headline falls back where nothing was averaged."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.contrastive.image.accuracy import (
    MEDIAN_RANK,
    chance_of,
    headline_label,
    k_way_accuracy,
    metric_names,
    metric_rows,
    query_values,
    split_label,
)
from neurodecode.contrastive.image.averaging import EVERYBODY
from neurodecode.contrastive.image.config_evaluation import AVERAGES, ImageEvaluation


def evaluation(**settings):
    return validate(ImageEvaluation, {"n_bootstrap": 200, **settings})


def predictions_of(ranks, n_candidates=20, participants=("01",), **columns):
    """Return a row per participant and rank; picture i has the i-th rank."""
    rows = [(p, f"picture {i}", r) for p in participants for i, r in enumerate(ranks)]
    table = pd.DataFrame(rows, columns=["participant", "image", "rank"])
    content = {"model": "contrastive", "set": "small", "average": "single", "seed": 1}
    return table.assign(n_candidates=n_candidates, **{**content, **columns})


def test_the_best_rank_is_zero_and_random_ranks_have_the_chance_that_is_stated():
    n = 20
    found = predictions_of(np.arange(1, n + 1), n)
    relative = query_values(found, MEDIAN_RANK)
    assert (relative[0], relative[-1]) == (0.0, (n - 1) / n)
    assert np.median(relative) == pytest.approx(chance_of(found, MEDIAN_RANK))
    for k in (1, 5, 20):
        metric = f"top-{k} accuracy"
        assert query_values(found, metric).mean() == pytest.approx(chance_of(found, metric))


def test_chance_is_never_above_one():
    assert chance_of(predictions_of([1], n_candidates=3), "top-5 accuracy") == 1.0


def test_the_headlines_score_comes_first():
    assert metric_names(evaluation(top_k=[1, 5, 10], headline_k=5)) == [
        "top-5 accuracy", "top-1 accuracy", "top-10 accuracy", MEDIAN_RANK,
    ]  # fmt: skip


@pytest.mark.parametrize("k", [1, 2, 3, 6, 7])
def test_k_way_accuracy_is_that_of_all_draws_of_k_candidates(k):
    n, ranks = 7, np.array([1, 3, 3, 6, 7])
    won = []
    for rank in ranks:
        others = [place for place in range(1, n + 1) if place != rank]
        won.append(np.mean([all(rank < o for o in drawn) for drawn in combinations(others, k - 1)]))
    assert k_way_accuracy(ranks, n, k) == pytest.approx(np.mean(won))


def test_k_way_accuracy_of_random_ranks_is_one_in_k():
    ranks = np.arange(1, 201)
    for k in (1, 2, 10, 200):
        assert k_way_accuracy(ranks, 200, k) == pytest.approx(1 / k)


@pytest.mark.parametrize(
    ("wanted", "present", "expected"),
    [
        ("participants", ("single", "repetitions", "participants"), "participants"),
        ("participants", ("single", "repetitions"), "repetitions"),
        ("repetitions", ("single", "participants"), "single"),
        ("single", ("single", "repetitions"), "single"),
    ],
)
def test_the_headline_falls_back_to_the_level_before(wanted, present, expected):
    labels = {split_label("small", average) for average in present}
    found = headline_label(evaluation(headline_average=wanted), labels)
    assert found == f"small set, {AVERAGES[expected]}"


def test_the_headline_takes_the_other_test_set_only_where_the_wanted_one_is_missing():
    both = {split_label(which, "single") for which in ("small", "large")}
    assert headline_label(evaluation(headline_set="large"), both).startswith("large")
    small = {label for label in both if label.startswith("small")}
    assert headline_label(evaluation(headline_set="large"), small).startswith("small")


def test_a_participants_row_is_the_mean_over_their_pictures():
    found = predictions_of([1, 2, 9, 20], participants=("01", "02"))
    found.loc[found["participant"] == "02", "rank"] = [20, 20, 20, 1]
    rows = {(r.subject, r.metric): r for r in metric_rows(found, evaluation(), seed=0)}
    assert rows["01", "top-5 accuracy"].value == 0.5
    assert rows["02", "top-5 accuracy"].value == 0.25
    assert rows["01", "top-1 accuracy"].value == 0.25
    assert rows["01", MEDIAN_RANK].value == pytest.approx((5.5 - 1) / 20)
    for row in rows.values():
        assert (row.level, row.unit, row.n) == ("subject", "picture", 4)
        assert row.split == "small set, single trials"
    assert rows["01", "top-5 accuracy"].chance == 0.25


def test_what_is_averaged_over_participants_is_tested_over_pictures_and_names_nobody():
    found = predictions_of(
        np.r_[np.ones(30), 15], participants=(EVERYBODY,), average="participants"
    )
    rows = {row.metric: row for row in metric_rows(found, evaluation(), seed=0)}
    for row in rows.values():
        assert (row.level, row.subject, row.n) == ("group", None, 31)
        assert row.p_value < 0.01
        assert row.ci_low <= row.value <= row.ci_high
    assert rows["top-1 accuracy"].value == pytest.approx(30 / 31)
    assert rows[MEDIAN_RANK].value == 0


def test_random_ranks_are_not_significant():
    rng = np.random.default_rng(3)
    found = predictions_of(
        rng.integers(1, 21, 60), participants=(EVERYBODY,), average="participants"
    )
    for row in metric_rows(found, evaluation(), seed=0):
        assert row.p_value > 0.05


def test_repetitions_of_a_picture_stay_together_in_the_interval():
    """Twenty presentations of each of five pictures are five draws, not a hundred."""
    few = predictions_of(np.r_[1, 1, 20, 20, 20])
    many = pd.concat([few] * 20, ignore_index=True)
    one, other = (metric_rows(table, evaluation(), seed=0)[1] for table in (few, many))
    assert (one.metric, one.n, other.n) == ("top-1 accuracy", 5, 5)
    assert other.ci_high - other.ci_low > 0.5 * (one.ci_high - one.ci_low)


def test_the_ceiling_is_the_optimal_decoders_score():
    found = predictions_of([9, 9, 9, 20]).assign(optimal_rank=[1, 1, 2, 11])
    rows = {row.metric: row for row in metric_rows(found, evaluation(), seed=0)}
    assert rows["top-1 accuracy"].ceiling == 0.5
    assert rows["top-5 accuracy"].ceiling == 0.75
    assert rows[MEDIAN_RANK].ceiling == pytest.approx(0.5 / 20)
    assert metric_rows(predictions_of([1, 2]), evaluation(), seed=0)[0].ceiling is None
