"""Scores of ranks stand beside the chance level of the candidates they were drawn from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.contrastive.speech.accuracy import (
    chance_of,
    metric_names,
    participant_rows,
    values_of,
)
from neurodecode.contrastive.speech.config import SpeechEvaluation
from neurodecode.evaluation.group_scores import group_rows, over_seeds, value_of_ranks
from neurodecode.evaluation.metric_row import metric_frame
from neurodecode.faults import ConfigFault

EVALUATION = SpeechEvaluation(n_bootstrap=200)
N, WORDS = 40, 12


def predictions(n=4000, *, participants=("01", "02"), model="m", seed=0, ceiling=False):
    """Return random ranks among 40 segments and 12 words."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "model": model,
            "participant": np.resize(list(participants), n),
            "sentence": np.resize([f"s{i}" for i in range(50)], n),
            "rank": rng.integers(1, N + 1, n),
            "word_rank": rng.integers(1, WORDS + 1, n),
            "n_candidates": N,
            "n_words": WORDS,
            "split": "sentence_hash",
            "seed": seed,
        }
    )
    return table.assign(optimal_rank=1) if ceiling else table


def test_the_headline_is_first_and_the_word_level_follows():
    assert metric_names(EVALUATION) == [
        "top-10 accuracy", "top-1 accuracy", "top-5 accuracy", "mean reciprocal rank",
        "word top-10 accuracy", "word top-1 accuracy", "word top-5 accuracy",
        "word mean reciprocal rank",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("metric", "chance"),
    [
        ("top-1 accuracy", 1 / 40),
        ("top-10 accuracy", 10 / 40),
        ("mean reciprocal rank", sum(1 / k for k in range(1, 41)) / 40),
        ("word top-5 accuracy", 5 / 12),
        ("word mean reciprocal rank", sum(1 / k for k in range(1, 13)) / 12),
        ("top-50 accuracy", 1.0),
    ],
)
def test_chance_is_that_of_random_ranks(metric, chance):
    found = predictions()
    assert chance_of(found, metric) == pytest.approx(chance)
    # Four standard errors of 4,000 draws are below 0.032
    assert values_of(found, metric).mean() == pytest.approx(chance, abs=0.032)


def test_a_hit_is_a_rank_of_k_or_better():
    ranks = np.array([1, 5, 6, 10, 11])
    assert value_of_ranks(ranks, "top-5 accuracy").tolist() == [1, 1, 0, 0, 0]
    assert value_of_ranks(ranks, "top-10 accuracy").tolist() == [1, 1, 1, 1, 0]
    assert value_of_ranks(ranks, "mean reciprocal rank").tolist() == (1 / ranks).tolist()


def test_every_participant_and_score_has_a_row_with_interval_and_chance():
    rows = metric_frame(participant_rows(predictions(400), EVALUATION, seed=0))
    assert len(rows) == 2 * 8
    assert set(rows["level"]) == {"subject"}
    assert rows[["value", "chance", "ci_low", "ci_high"]].notna().all().all()
    assert (rows["ci_low"] <= rows["value"]).all()
    assert (rows["value"] <= rows["ci_high"]).all()
    assert set(rows["n"]) == {200}
    first = predictions(400).query("participant == '01'")
    row = rows.query("subject == '01' and metric == 'top-10 accuracy'")
    assert row["value"].item() == (first["rank"] <= 10).mean()


def test_the_ceiling_is_the_optimal_decoders_score_at_segment_level():
    rows = metric_frame(participant_rows(predictions(400, ceiling=True), EVALUATION, seed=0))
    word = rows["metric"].str.startswith("word ")
    assert (rows.loc[~word, "ceiling"] == 1).all()
    assert rows.loc[word, "ceiling"].isna().all()


def test_the_group_is_the_mean_over_participants_after_that_over_seeds():
    everybody = tuple(f"{i:02d}" for i in range(8))
    found = pd.concat(
        [metric_frame(participant_rows(predictions(800, participants=everybody, seed=s),
                                       EVALUATION, seed=0)) for s in (0, 1)]
    )  # fmt: skip
    averaged = over_seeds(found)
    assert len(averaged) == 8 * 8
    group = metric_frame(group_rows(found, n_resamples=200, seed=0)).set_index("metric")
    mine = averaged[averaged["metric"] == "top-10 accuracy"]["value"]
    assert group.loc["top-10 accuracy", "value"] == pytest.approx(mine.mean())
    assert group.loc["top-10 accuracy", "chance"] == 0.25
    assert set(group["n"]) == {8}
    assert group["p_value"].between(0, 1).all()


def test_what_is_above_chance_in_everybody_is_significant_and_random_ranks_are_not():
    everybody = tuple(f"{i:02d}" for i in range(8))
    random = predictions(1600, participants=everybody)
    better = random.assign(model="better", rank=np.maximum(1, random["rank"] // 2))
    rows = metric_frame(participant_rows(pd.concat([random, better]), EVALUATION, seed=0))
    group = metric_frame(group_rows(rows, n_resamples=200, seed=0))
    p = group.query("metric == 'top-10 accuracy'").set_index("model")["p_value"]
    assert p["better"] < 0.01
    assert p["m"] > 0.01


def test_the_headline_must_be_computed():
    with pytest.raises(ConfigFault, match="headline_k must be one of top_k"):
        validate(SpeechEvaluation, {"top_k": [1, 5]})


def test_a_single_participant_is_the_group_with_the_interval_of_their_own_row():
    own = {"model": "m", "metric": "top-1 accuracy", "split": "s", "level": "subject",
           "subject": "01", "chance": 0.1, "unit": "picture", "n": 40, "ceiling": None}  # fmt: skip
    seeds = [{**own, "value": v, "ci_low": v - 0.1, "ci_high": v + 0.1} for v in (0.4, 0.5)]
    (row,) = group_rows(pd.DataFrame(seeds), n_resamples=200, seed=0)
    assert (row.level, row.subject, row.unit, row.n) == ("group", None, "picture", 40)
    assert row.value == pytest.approx(0.45)
    assert (row.ci_low, row.ci_high) == (pytest.approx(0.3), pytest.approx(0.5))
    assert (row.p_value, row.ceiling) == (None, None)
