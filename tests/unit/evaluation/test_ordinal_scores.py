"""Scores of decoded ratings: trials are the unit, chance is what knows nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation import ScoreSettings, ordinal_score, score_ratings
from neurodecode.evaluation.ordinal import ordinal_metric
from neurodecode.evaluation.ordinal_answers import trial_answers
from neurodecode.evaluation.ordinal_scores import PREDICTIONS, shuffled_scores, trial_interval
from neurodecode.faults import ConfigFault, DataFault

COLUMNS = [f"p_{level}" for level in range(5)]


def predictions(people=3, n_clips=12, n_windows=10, strength=1.0, seed=0):
    """Return answers that agree within a trial: what they know of the level, and a bias each."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        levels = rng.permutation(np.resize(np.arange(5), n_clips))
        for clip, level in enumerate(levels):
            bias = rng.standard_normal(5) + strength * np.eye(5)[level]
            logits = bias + 0.3 * rng.standard_normal((n_windows, 5))
            values = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            known = ("m", "s", str(person), "0", clip, f"c{clip:02d}", str(clip % 3), level)
            rows += [(*known, *row) for row in values]
    return pd.DataFrame(rows, columns=[*PREDICTIONS, *COLUMNS])


def test_a_subject_has_the_score_of_all_windows_and_the_group_the_mean():
    table, settings = predictions(), ScoreSettings(n_resamples=200, n_permutations=99)
    names = ["f1_weighted", "top2_present", "seq2hr", "kappa_quadratic"]
    rows = score_ratings(table, settings, metrics=names)
    for name in names:
        mine = {row.subject: row for row in rows if row.metric == name}
        assert list(mine) == ["0", "1", "2", None]
        for subject in "012":
            part = table[table["subject"] == subject]
            expected = ordinal_score(name, part[COLUMNS], part["level"])
            assert mine[subject].value == pytest.approx(expected)
            assert mine[subject].ci_low <= expected <= mine[subject].ci_high
            assert (mine[subject].n, mine[subject].unit) == (12, "trial")
        assert mine[None].value == pytest.approx(np.mean([mine[s].value for s in "012"]))
        assert (mine[None].level, mine[None].n, mine[None].unit) == ("group", 3, "subject")


def test_the_average_over_folds_is_that_of_the_folds_scores():
    table = predictions(people=1)
    settings = ScoreSettings(over="folds", n_resamples=100, n_permutations=0)
    for name in ("f1_macro", "tri_p", "top2_present"):
        row = score_ratings(table, settings, metrics=[name])[0]
        parts = [ordinal_score(name, part[COLUMNS], part["level"])
                 for _, part in table.groupby("fold")]  # fmt: skip
        assert row.value == pytest.approx(np.mean(parts))
        assert row.p_value is None


@pytest.mark.parametrize("over", ["windows", "folds"])
def test_shuffling_moves_whole_trials(over):
    table = predictions(people=1)
    answers = trial_answers(table, COLUMNS, over=over)
    settings = ScoreSettings(over=over, n_permutations=3)
    found = shuffled_scores(ordinal_metric("accuracy"), answers, settings)
    rng = np.random.default_rng(settings.seed)
    places = rng.permuted(np.tile(np.arange(12), (3, 1)), axis=1)
    of_trial = table.groupby("clip")["level"].first().to_numpy()
    for number, order in enumerate(places):
        moved = table.assign(level=of_trial[order][table["trial"]])
        groups = moved.groupby("fold" if over == "folds" else "subject")
        parts = [ordinal_score("accuracy", part[COLUMNS], part["level"]) for _, part in groups]
        assert found[number] == pytest.approx(np.mean(parts))


def test_more_windows_of_the_same_trials_do_not_narrow_the_interval():
    few = predictions(people=1, n_windows=4)
    many = pd.concat([few] * 8, ignore_index=True)
    settings = ScoreSettings(n_resamples=400)
    metric = ordinal_metric("accuracy")
    intervals = [trial_interval(metric, trial_answers(table, COLUMNS), settings)
                 for table in (few, many)]  # fmt: skip
    assert intervals[0] == pytest.approx(intervals[1])


def test_answers_without_information_are_rarely_significant():
    settings = ScoreSettings(n_resamples=0, n_permutations=199)
    found = [
        score_ratings(predictions(people=2, strength=0, seed=seed), settings,
                      metrics=["accuracy"])[-1].p_value
        for seed in range(40)
    ]  # fmt: skip
    assert np.mean(np.array(found) < 0.05) <= 0.15
    assert 0.3 < np.mean(found) < 0.7
    strong = predictions(people=2, strength=4)
    assert score_ratings(strong, settings, metrics=["accuracy"])[-1].p_value == 1 / 200


def test_a_perfect_score_has_the_bound_of_its_trials_not_of_its_windows():
    table = predictions(people=1, strength=50)
    row = score_ratings(table, ScoreSettings(n_permutations=0), metrics=["accuracy"])[0]
    assert row.value == 1
    assert row.ci_low == pytest.approx(0.025 ** (1 / 12))


def test_one_subject_is_its_own_group_and_one_trial_has_no_interval():
    table = predictions(people=1)
    subject, group = score_ratings(table, metrics=["tri_p"])
    assert (group.value, group.ci_low, group.unit) == (subject.value, subject.ci_low, "trial")
    alone = score_ratings(table[table["trial"] == 0], metrics=["tri_p"])[0]
    assert alone.ci_low is None


def test_what_cannot_be_scored_is_named():
    table = predictions(people=1)
    with pytest.raises(DataFault, match="no column clip"):
        score_ratings(table.drop(columns="clip"))
    with pytest.raises(DataFault, match="give p_0, p_1"):
        score_ratings(table.drop(columns="p_1"))
    with pytest.raises(DataFault, match=r"different levels.*trial 0"):
        score_ratings(table.assign(level=[0, 1, *table["level"][2:]]))
    with pytest.raises(ConfigFault, match="did you mean 'tri_p'"):
        score_ratings(table, metrics=["tri-p"])
    with pytest.raises(ConfigFault, match="did you mean 'folds'"):
        ScoreSettings(over="fold")
