"""Time courses: planted effects are found where they are, and chance is called an effect rarely."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.contrasts import (
    Course,
    contrast,
    courses,
    early,
    high_over_low,
    late_after,
    level_of,
    offset_gain,
    redrawn_difference,
    times_better,
)
from neurodecode.contrastive.image.time_course import (
    COLUMNS,
    headline_set,
    time_course,
    unit_of_test,
    window_values,
)
from neurodecode.evaluation.time_clusters import time_clusters
from neurodecode.faults import DataFault

SPANS = [(round(-0.2 + 0.1 * i, 1), round(-0.1 + 0.1 * i, 1)) for i in range(12)]
N = 40


def config_of(**sections):
    tree = {"description": "", "data": {"dataset": "simulated-viewing"},
            "embedding": {"target": "vgg19"},
            "evaluation": {"n_bootstrap": 200, "n_permutations": 200}, **sections}  # fmt: skip
    return validate(ImageConfig, tree)


def predictions_of(better, participants=("01", "02"), model="ridge", seed=0, n_images=N):
    """Return ranks among ``N`` candidates; ``better(start, stop)`` is the share found first."""
    rng = np.random.default_rng(seed)
    rows = [
        (participant, f"image {i:02d}", start, stop,
         1 if rng.random() < better(start, stop) else int(rng.integers(1, N + 1)))
        for start, stop in SPANS for participant in participants for i in range(n_images)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["participant", "image", "start", "stop", "rank"])
    return table.assign(kind="sliding", model=model, set="small", average="repetitions",
                        n_candidates=N)  # fmt: skip


def test_a_planted_effect_is_found_in_its_windows_and_not_before():
    found = time_course(predictions_of(lambda start, _: 0.5 * (0.1 <= start <= 0.4)), config_of())
    assert list(found.columns) == COLUMNS
    inside = found["start"].between(0.1, 0.4)
    assert (found.loc[inside, "p_cluster"] < 0.01).all()
    assert (found.loc[~inside, "p_cluster"] > 0.05).all()
    assert (found.loc[inside, "ci_low"] > found.loc[inside, "chance"]).all()
    assert found["chance"].unique() == pytest.approx([5 / N])
    assert list(zip(found["start"], found["stop"], strict=True)) == SPANS


def test_values_are_accuracies_and_mean_relative_ranks():
    table = predictions_of(lambda *_: 0.3)
    found = time_course(table, config_of())
    for _, row in found.iterrows():
        ranks = table.loc[table["start"] == row["start"], "rank"].to_numpy()
        assert row["value"] == pytest.approx((ranks <= 5).mean())
        assert row["relative_rank"] == pytest.approx(((ranks - 1) / N).mean())
        assert row["ci_low"] <= row["value"] <= row["ci_high"]


def test_signs_are_flipped_of_participants_only_where_there_are_eight():
    labels = [f"{i:02d}" for i in range(8)]
    many = predictions_of(lambda *_: 0.0, participants=labels, n_images=4)
    assert unit_of_test(many) == "participant"
    assert unit_of_test(many[many["participant"] != "07"]) == "image"
    assert window_values(many, "relative rank", "participant").shape == (8, 12)


def test_averages_over_participants_are_no_further_person():
    table = predictions_of(lambda *_: 0.2)
    together = table.drop_duplicates(["image", "start"]).assign(participant="all", rank=N)
    found = time_course(pd.concat([table, together]), config_of())
    pd.testing.assert_frame_equal(found, time_course(table, config_of()))


def test_repetitions_are_taken_where_there_are_any():
    table = predictions_of(lambda *_: 0.2)
    single = table.assign(average="single", rank=N)
    both = window_values(pd.concat([single, table]), "top-5 accuracy", "image")
    pd.testing.assert_frame_equal(both, window_values(table, "top-5 accuracy", "image"))
    assert window_values(single, "top-5 accuracy", "image").to_numpy().max() == 0


def test_the_test_set_that_is_wanted_is_shown_where_it_is_there():
    table = predictions_of(lambda *_: 0.0)
    both = pd.concat([table, table.assign(set="large")])
    assert headline_set(both, "large") == "large"
    assert headline_set(table, "large") == "small"


def test_without_windows_the_course_is_empty():
    none = predictions_of(lambda *_: 0.0).assign(kind="decoder")
    assert time_course(none, config_of()).empty
    assert courses(none, config_of()) == {}


def gains_of(seed, n_units=12, n_times=10, effect=0.0):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n_units, n_times + 2))  # neighbours are alike
    gains = noise[:, :-2] + noise[:, 1:-1] + noise[:, 2:]
    gains[:, 4:7] += effect
    return gains


def test_chance_is_called_an_effect_in_one_of_twenty_sets():
    smallest = []
    for seed in range(200):
        found = time_clusters(gains_of(seed), n_permutations=99, seed=seed)
        smallest.append(found["p"].min() if len(found) else 1.0)
    share = np.mean(np.array(smallest) < 0.05)
    assert 0.01 <= share <= 0.09  # 5 % +- 2.6 standard errors of 200 sets


def test_an_effect_is_found_once_and_where_it_is():
    found = time_clusters(gains_of(1, effect=4.0), n_permutations=500)
    best = found.loc[found["mass"].idxmax()]
    assert best["p"] < 0.01
    assert best["first"] <= 4
    assert best["last"] >= 6


def test_scores_below_chance_are_no_effect():
    found = time_clusters(-np.abs(gains_of(0)) - 1, n_permutations=100)
    assert found.empty


def test_the_same_seed_gives_the_same_p():
    one, other = (time_clusters(gains_of(5, effect=1.0), n_permutations=200, seed=3)
                  for _ in range(2))  # fmt: skip
    pd.testing.assert_frame_equal(one, other)


def test_fewer_than_five_units_and_times_without_spread_are_no_error():
    assert time_clusters(np.ones((4, 3))).empty
    found = time_clusters(np.tile([[0.0, 0.0, 1.0]], (8, 1)), n_permutations=100)
    assert (found.loc[found["last"] == 2, "p"] < 0.05).all()
    with pytest.raises(DataFault, match="not finite"):
        time_clusters(np.full((8, 3), np.nan))


def test_a_target_is_low_or_high_level_or_neither():
    config = config_of()
    levels = {"ridge": "high", "ridge, hog": "low", "ridge, pixels": "low", "joint, dinov2": "high",
              "ridge, category": "", "contrastive, latent": "",
              "contrastive, pictures shuffled": ""}  # fmt: skip
    assert {name: level_of(name, config) for name in levels} == levels


def course_of(better, model, seed=0):
    table = predictions_of(better, model=model, seed=seed)
    return courses(table, config_of())[model]


def test_high_and_low_level_targets_are_contrasted_in_chosen_windows():
    found = {
        "ridge, hog": course_of(lambda start, _: 0.8 * (start < 0.25), "ridge, hog", 1),
        "ridge": course_of(lambda start, _: 0.8 * (start >= 0.5), "ridge", 2),
    }
    late = high_over_low(found, config_of(), late_after(0.5), 0)
    start = high_over_low(found, config_of(), early, 0)
    assert late.low > 0 > start.high
    assert (late.n, late.unit) == (N, "image")
    assert high_over_low({"ridge": found["ridge"]}, config_of(), early, 0) is None
    control = {"ridge, hog": found["ridge, hog"], "contrastive, pictures shuffled": found["ridge"]}
    assert high_over_low(control, config_of(), early, 0) is None


@pytest.mark.parametrize(("after", "side"), [(0.8, 1), (0.0, -1)])
def test_the_offset_answers_where_ranks_rise_again(after, side):
    course = course_of(
        lambda _, stop: after if stop >= 0.65 else 0.4 if stop > 0.35 else 0.0, "ridge"
    )
    gain = offset_gain(course, 0.5, 0)
    assert (gain.low > 0) if side > 0 else (gain.high < 0)
    assert offset_gain(course, 5.0, 0) is None
    assert offset_gain(course, float("nan"), 0) is None  # the offset is unknown


def test_edges_of_windows_may_be_inexact():
    assert early(0.0, 0.25)
    assert early(-1e-9, 0.1 + 0.15)
    assert not early(0.1, 0.3)
    assert late_after(0.5)(0.25 - 1e-9, 0.8 + 1e-9)
    assert not late_after(0.5)(0.2, 0.3)
    assert not late_after(0.5)(0.8, 0.9)
    assert Course(pd.DataFrame(), "image").during(early) is None


def test_how_many_times_as_often_is_a_ratio_of_means():
    rows = pd.DataFrame(
        {"subject": list("abcd") * 2, "model": ["deep"] * 4 + ["ridge"] * 4,
         "value": [0.6, 0.4, 0.8, 0.6, 0.2, 0.1, 0.3, 0.2]}
    )  # fmt: skip
    found = times_better(rows, "deep", "ridge", 0)
    assert found.estimate == pytest.approx(3.0)
    assert found.low <= 3.0 <= found.high
    assert found.n == 4
    assert times_better(rows, "deep", "other", 0) is None
    assert times_better(rows.assign(value=0.0), "deep", "ridge", 0) is None
    assert times_better(rows[rows["subject"] == "a"], "deep", "ridge", 0) is None


def test_a_contrast_is_a_mean_with_an_interval_that_covers_it():
    draws = np.random.default_rng(0).normal(0.5, 1.0, (100, 20))
    found = [contrast(values, "image", 0) for values in draws]
    covered = np.mean([one.low <= 0.5 <= one.high for one in found])
    assert 0.87 <= covered <= 1.0
    assert found[0].text == f"{found[0].estimate:+.3f} [{found[0].low:+.3f}, {found[0].high:+.3f}]"


def test_redrawn_pictures_are_compared_picture_by_picture():
    first = pd.DataFrame({"image": ["a", "b", "c", "a"], "PixCorr": [0.5, 0.4, 0.9, 0.7]})
    second = pd.DataFrame({"image": ["b", "a", "d"], "PixCorr": [0.1, 0.2, 0.0]})
    found = redrawn_difference(first, second, "PixCorr", 0)
    assert found.estimate == pytest.approx(np.mean([0.6 - 0.2, 0.4 - 0.1]))
    assert found.n == 2
    assert redrawn_difference(first, second, "SSIM", 0) is None
