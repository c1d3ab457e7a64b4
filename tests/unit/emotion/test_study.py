"""A study divides its trials without a leak, and shuffles whole trials for a control only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import neurodecode.emotion.study as module
from neurodecode.emotion.decoders import decoder_of
from neurodecode.emotion.study import shuffle_ratings
from neurodecode.evaluation.audit import AuditRow
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS
from neurodecode.faults import ConfigFault, DataFault, LeakFault

CONTROL = decoder_of("flat, ratings shuffled")
SPLIT = {"n_folds": 5, "n_random_folds": 5}


def test_ratings_have_the_scale_of_their_data_set(watched):
    study = watched()
    assert study.scale("valence") == (1, 5)
    assert study.n_classes("arousal") == 5
    with pytest.raises(ConfigFault, match=r"unknown rating 'valenc', did you mean 'valence'"):
        study.scale("valenc")


def test_signals_of_everybody_are_those_of_the_stores(watched):
    signals = watched().signals()
    assert list(signals) == ["01", "02", "03"]
    assert {array.shape for array in signals.values()} == {(10, 14, 512)}


@pytest.mark.parametrize("protocol", list(RATED_PROTOCOLS))
def test_a_split_tests_one_person_and_its_audit_counts_everybody(watched, protocol):
    study = watched(split=SPLIT)
    stretches, folds = study.split(protocol, "valence", "02")
    assert {fold.subject for fold in folds} == {"02"}
    for fold in folds:
        assert set(stretches["subject"].iloc[fold.test]) == {"02"}
    audited = study.audit(protocol, "valence")
    assert {row.fold.split(",")[0] for row in audited} == {f"subject {s}" for s in study.subjects}
    crossing = [row for row in audited if row.overlap]
    assert bool(crossing) == (RATED_PROTOCOLS[protocol].leaks is not None)


@pytest.mark.parametrize(("n", "places"), [(1, [0]), (2, [0, 4]), (3, [0, 2, 4]), (5, range(5))])
def test_fewer_folds_are_spread_evenly_and_are_those_of_the_whole_split(watched, n, places):
    stretches, every = watched(split=SPLIT).split("leave_clips_out", "valence", "01")
    again, some = watched(split={**SPLIT, "max_folds": n}).split("leave_clips_out", "valence", "01")
    pd.testing.assert_frame_equal(stretches, again)
    assert [fold.name for fold in some] == [every[k].name for k in places]
    for fold, k in zip(some, places, strict=True):
        np.testing.assert_array_equal(fold.test, every[k].test)
        np.testing.assert_array_equal(fold.train, every[k].train)


def test_every_split_is_audited_before_it_is_used(watched, monkeypatch):
    """An audit that finds a clip on both sides stops the split."""

    def crossing(stretches, folds, protocol):
        return [AuditRow(protocol, fold.name, "clip", 3, 2, 3, 2, 1, ("clip-1",), None)
                for fold in folds]  # fmt: skip

    study = watched()
    study.split("leave_clips_out", "valence", "01")
    monkeypatch.setattr(module, "audit_rated", crossing)
    with pytest.raises(LeakFault, match="clip"):
        study.split("leave_clips_out", "valence", "01")


@pytest.mark.parametrize("people", [("01",), ("01", "02")])
@pytest.mark.parametrize("protocol", ["calibrated", "zero_shot", "zero_shot_unseen_clips"])
def test_a_protocol_across_people_needs_them(watched, protocol, people):
    with pytest.raises(DataFault, match=rf"{len(people)} subjects: .*\[valence, {protocol}\]"):
        watched(people).split(protocol, "valence", "01")


def test_a_split_that_the_trials_do_not_allow_names_rating_and_protocol(watched):
    with pytest.raises(DataFault, match=r"10 clips for 11 folds \[arousal, leave_clips_out, sub"):
        watched(split={"n_folds": 11}).split("leave_clips_out", "arousal", "01")


@pytest.mark.parametrize("protocol", ["leave_clips_out", "time_blocks", "calibrated"])
def test_a_control_learns_from_whole_trials_in_another_order_and_is_tested_on_the_true_ones(
    watched, protocol
):
    stretches, folds = watched(split=SPLIT).split(protocol, "valence", "01")
    for fold in folds:
        shuffled = shuffle_ratings(stretches, fold, CONTROL, seed=1)
        np.testing.assert_array_equal(
            shuffled["level"].iloc[fold.test], stretches["level"].iloc[fold.test]
        )
        pd.testing.assert_frame_equal(
            shuffled.drop(columns="level"), stretches.drop(columns="level")
        )
        rows = np.concatenate([fold.train, fold.valid, fold.calibrate])
        known, true = shuffled.iloc[rows], stretches.iloc[rows]
        assert (known["level"] != true["level"]).any()
        of_trial = known.groupby(["subject", "row"])["level"]
        assert of_trial.agg(np.ptp).eq(0).all()
        for (_, mine), (_, theirs) in zip(
            of_trial.first().groupby("subject"),
            true.groupby(["subject", "row"])["level"].first().groupby("subject"),
            strict=True,
        ):
            assert sorted(mine) == sorted(theirs)


def test_the_shuffle_depends_on_the_seed_and_others_keep_their_ratings(watched):
    stretches, (fold, *_) = watched().split("leave_clips_out", "valence", "01")
    first, same, other = (shuffle_ratings(stretches, fold, CONTROL, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, same)
    assert (first["level"] != other["level"]).any()
    kept = shuffle_ratings(stretches, fold, decoder_of("flat"), 1)
    pd.testing.assert_frame_equal(kept, stretches)
