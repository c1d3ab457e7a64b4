"""Splits of rated trials: what each protocol promises, and that the audit can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation import (
    RATED_PROTOCOLS,
    SplitSettings,
    assert_no_leak,
    audit_rated,
    consensus_levels,
    missing_levels,
    split_rated,
    whole_trials,
)
from neurodecode.evaluation.rated_assignment import clip_folds
from neurodecode.evaluation.rated_folds import PARTS, RatedFold
from neurodecode.evaluation.rated_splits import SAMPLE
from neurodecode.evaluation.stretches import (
    cut_first,
    cut_pieces,
    cut_windows,
    merge_touching,
    shared_samples,
)
from neurodecode.faults import ConfigFault, DataFault, LeakFault

N_SAMPLES = 7680
RATINGS = [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5]
HONEST = [name for name, protocol in RATED_PROTOCOLS.items() if protocol.leaks is None]
LEAKY = [name for name in RATED_PROTOCOLS if name not in HONEST]


def person(subject, ratings=RATINGS, seed=0):
    order = np.random.default_rng([seed, int(subject)]).permutation(len(ratings))
    table = pd.DataFrame({
        "subject": subject, "session": "0", "trial": np.arange(len(ratings)),
        "clip": [f"clip{k:02d}" for k in range(len(ratings))],
        "valence": np.asarray(ratings)[order],
    })  # fmt: skip
    return whole_trials(table, N_SAMPLES, "valence", (1, 5))


def study(people=4, **options):
    return pd.concat([person(str(k), **options) for k in range(people)], ignore_index=True)


def parts(table, fold, column):
    return {part: set(table[column].iloc[getattr(fold, part)]) for part in PARTS}


@pytest.mark.parametrize("name", list(RATED_PROTOCOLS))
def test_every_stretch_is_tested_once_and_no_sample_is_in_two_parts(name):
    table, folds = split_rated(study(), name)
    rows = audit_rated(table, folds, name)
    assert all(row.overlap == 0 for row in rows if row.unit == SAMPLE)
    tested = np.concatenate([fold.test for fold in folds])
    assert len(np.unique(tested)) == len(tested)
    expected = table[table["piece"] == 1] if name == "calibrated" else table
    assert len(tested) == len(expected)


@pytest.mark.parametrize("name", HONEST)
def test_no_unit_crosses_in_an_honest_protocol(name):
    table, folds = split_rated(study(), name)
    rows = audit_rated(table, folds, name)
    assert_no_leak(rows)
    assert {row.overlap for row in rows} == {0}


@pytest.mark.parametrize("name", LEAKY)
def test_a_leaky_protocol_says_what_crosses_and_how_much(name):
    table, folds = split_rated(study(), name)
    rows = [row for row in audit_rated(table, folds, name) if row.unit != SAMPLE]
    assert_no_leak(rows)  # declared
    assert all(row.leaks for row in rows)
    against_test = [row for row in rows if row.fold.endswith("/ test")]
    assert all(row.overlap == row.n_units_test > 0 for row in against_test)


@pytest.mark.parametrize("name", HONEST)
def test_the_audit_finds_a_unit_moved_across(name):
    table, folds = split_rated(study(), name)
    fold = folds[0]
    table = pd.concat([table, table.iloc[[fold.test[0]]]], ignore_index=True)
    moved = replace(fold, train=np.append(fold.train, len(table) - 1))
    with pytest.raises(LeakFault):
        assert_no_leak(audit_rated(table, [moved], name))


def test_the_audit_never_excuses_a_shared_sample():
    table, folds = split_rated(study(), "time_blocks")
    table.loc[folds[0].test[0], "stop"] += 1  # reaches into the next piece, which trains
    with pytest.raises(LeakFault, match=SAMPLE):
        assert_no_leak(audit_rated(table, folds[:1], "time_blocks"))


def test_time_blocks_are_the_published_ones():
    table, folds = split_rated(study(people=1), "time_blocks")
    assert len(folds) == 10
    for number, fold in enumerate(folds):
        pieces = parts(table, fold, "piece")
        assert pieces["test"] == {number}
        assert pieces["valid"] == {(number - 1) % 10}
        assert len(pieces["train"]) == 8
        assert parts(table, fold, "clip")["test"] == set(table["clip"])
    lengths = (table["stop"] - table["start"]).unique()
    assert lengths.tolist() == [768]


def test_clips_are_dealt_evenly_within_every_level():
    table = study(people=3)
    fold = clip_folds(table, 6, seed=1)
    for _, mine in table.assign(fold=fold).groupby("subject"):
        assert mine["fold"].value_counts().tolist() == [3] * 6
        counted = pd.crosstab(mine["level"], mine["fold"]).reindex(columns=range(6), fill_value=0)
        assert (counted.max(axis=1) - counted.min(axis=1) <= 1).all()


def test_a_level_with_two_clips_keeps_one_in_training():
    for seed in range(5):
        _, folds = split_rated(study(), "leave_clips_out", SplitSettings(seed=seed))
        assert all(fold.untrained == () for fold in folds)


def test_folds_of_clips_depend_on_seed_and_clip_alone():
    table = study(people=2)
    fold = clip_folds(table, 6, seed=0)
    turned = table.iloc[::-1].reset_index(drop=True)
    assert clip_folds(turned, 6, seed=0)[::-1].tolist() == fold.tolist()
    assert clip_folds(table, 6, seed=1).tolist() != fold.tolist()


def test_a_level_of_one_clip_stops_the_split_or_is_listed():
    table = study(people=1, ratings=[1, *RATINGS[2:], 2])
    with pytest.raises(DataFault, match="level 0 is tested but not trained on"):
        split_rated(table, "leave_clips_out")
    table, folds = split_rated(table, "leave_clips_out", SplitSettings(missing="warn"))
    listed = missing_levels(table, folds)
    assert listed["level"].tolist() == [0]
    assert listed["n_clips"].tolist() == [1]
    assert [fold.untrained for fold in folds if fold.untrained] == [(0,)]


def test_a_subject_with_one_rating_stops_every_within_subject_split():
    for name in ("time_blocks", "leave_clips_out"):
        with pytest.raises(DataFault, match="a single level, 2, to train on"):
            split_rated(study(people=1, ratings=[3] * 18), name, SplitSettings(missing="warn"))


def test_calibration_is_the_first_ten_seconds_of_the_target_alone():
    table, folds = split_rated(study(), "calibrated")
    for fold in folds:
        calibration, test = table.iloc[fold.calibrate], table.iloc[fold.test]
        assert set(calibration["subject"]) == set(test["subject"]) == {fold.subject}
        assert (calibration["stop"] == 1280).all()
        assert (test["start"] == 1280).all()
        assert fold.subject not in set(table["subject"].iloc[fold.train])


def test_the_pair_and_the_scratch_variant_name_their_sources():
    table, folds = split_rated(
        study(), "calibrated", SplitSettings(sources="previous", valid_subjects=0)
    )
    assert set(table["subject"].iloc[folds[2].train]) == {"1"}
    assert set(table["subject"].iloc[folds[0].train]) == {"3"}
    _, folds = split_rated(
        study(people=1), "calibrated", SplitSettings(sources="none", valid_subjects=0)
    )
    assert folds[0].train.size == 0


def test_nothing_of_the_target_trains_or_validates_a_zero_shot_model():
    table, folds = split_rated(study(), "zero_shot", SplitSettings(valid_subjects=2))
    for fold in folds:
        people = parts(table, fold, "subject")
        assert people["test"] == {fold.subject}
        assert len(people["valid"]) == 2
        assert len(people["train"]) == 1
        assert not people["calibrate"]


def test_unseen_clips_are_held_out_of_the_sources_too():
    table, folds = split_rated(study(), "zero_shot_unseen_clips")
    assert len(folds) == 4 * 6
    for fold in folds:
        clips = parts(table, fold, "clip")
        assert not clips["test"] & (clips["train"] | clips["valid"])
        assert len(clips["train"]) == 15


def test_consensus_is_one_vote_per_trial_and_the_lowest_of_ties():
    trials = pd.concat([person("0"), person("1"), person("2")], ignore_index=True)
    trials = trials[trials["clip"].isin(["clip00", "clip01"])]
    trials["level"] = [3, 0, 1, 0, 1, 4]  # clip00: 3, 1, 1; clip01: 0, 0, 4
    assert consensus_levels(trials).tolist() == [1, 0] * 3
    assert consensus_levels(trials[trials["subject"] != "2"]).tolist() == [1, 0] * 2  # 3 and 1 tie
    uneven = pd.concat([cut_pieces(trials[:2], 10), trials[2:]], ignore_index=True)
    assert set(consensus_levels(uneven[uneven["clip"] == "clip00"])) == {1}


def test_cuts_cover_the_trial_and_merging_undoes_them():
    whole = person("0")[:3]
    for cut in (cut_pieces(whole, 7), cut_first(whole, 1280), cut_windows(whole, 128)):
        lengths = (cut["stop"] - cut["start"]).groupby(cut["row"]).sum()
        assert lengths.tolist() == [N_SAMPLES] * 3
        pd.testing.assert_frame_equal(merge_touching(cut), whole, check_dtype=False)
    holed = cut_pieces(whole, 10).query("piece not in (3, 4)")
    assert merge_touching(holed)[["start", "stop"]].to_numpy().tolist() == [
        [0, 2304], [3840, 7680]
    ] * 3  # fmt: skip


def test_shared_samples_are_those_of_the_same_trial_at_the_same_time():
    whole = person("0")[:2]
    known = whole.assign(start=[100, 0], stop=[200, 50])
    held_out = pd.concat([whole[:1].assign(start=a, stop=b) for a, b in
                          ((0, 100), (0, 101), (199, 300), (200, 300), (120, 130))])  # fmt: skip
    assert shared_samples(known, held_out).tolist() == [False, True, True, False, True]
    assert not shared_samples(known[1:], held_out).any()


@pytest.mark.parametrize("rating", [0, 6, 2.5, np.nan, "high"])
def test_a_rating_off_the_scale_is_named_with_its_trial(rating):
    trials = pd.DataFrame({"subject": "7", "session": "0", "trial": [0, 1], "clip": ["a", "b"],
                           "valence": [3, rating]})  # fmt: skip
    with pytest.raises(DataFault, match=r"from 1 to 5 \[subject 7, session 0, trial 1\]"):
        whole_trials(trials, 100, "valence", (1, 5))


def test_what_the_trials_do_not_allow_is_said():
    with pytest.raises(DataFault, match="1 subjects: 1 validation subjects and a target need 3"):
        split_rated(study(people=1), "zero_shot")
    with pytest.raises(DataFault, match="5 clips for 6 folds"):
        split_rated(study(ratings=[1, 2, 3, 4, 5]), "leave_clips_out")
    with pytest.raises(DataFault, match="too short for a first part"):
        split_rated(study(), "calibrated", SplitSettings(calibration_samples=N_SAMPLES))
    with pytest.raises(ConfigFault, match="did you mean 'zero_shot'"):
        split_rated(study(), "zero-shot")
    with pytest.raises(ConfigFault, match="did you mean 'fault'"):
        split_rated(study(), "zero_shot", SplitSettings(missing="fail"))


def test_one_stretch_in_two_parts_is_refused():
    rows = np.arange(3)
    with pytest.raises(LeakFault, match="in train and in test"):
        RatedFold("fold 0", "1", rows, rows[:0], rows[:0], rows[2:])
