"""A session of rated clips is whole, or one line says which trial, channel or rating is not."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.rated import RATED, rated_loader
from neurodecode.datasets.rated.recording import Rated, make_rated
from neurodecode.faults import ConfigFault, DataFault


def test_a_whole_session_passes(rated):
    assert rated().label == "subject 01, session 0"
    assert rated(baselines=None).baselines is None


@pytest.mark.parametrize("part", ["signals", "baselines"])
@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "2 samples are NaN from 0.05 s"), (np.inf, "2 samples are infinite value from 0.05")],
)
def test_samples_that_are_no_number_are_named_with_trial_channel_and_time(
    parts, part, value, words
):
    broken = parts()
    broken[part][2][4, 6:8] = value
    name = {"signals": "clip", "baselines": "baseline"}[part]
    with pytest.raises(DataFault, match=rf"{name} of trial 3: T7 {words}.*subject 01, session 0"):
        Rated(**broken)


def test_a_flat_channel_is_named_with_its_trial(parts):
    broken = parts()
    broken["signals"][0][13] = 4199.5
    with pytest.raises(DataFault, match=r"clip of trial 1: AF4 flat at 4199.5 uV"):
        Rated(**broken)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (6.0, "trial 2: arousal 6 is outside the scale, the scale is 1 to 5"),
        (0.0, "trial 2: arousal 0 is outside the scale"),
        (np.nan, "trial 2: arousal nan is missing, the scale is 1 to 5"),
        (2.5, "trial 2: arousal 2.5 is no whole number"),
    ],
)
def test_a_rating_that_is_none_is_named_with_trial_column_and_scale(parts, value, words):
    broken = parts()
    broken["table"].loc[1, "arousal"] = value
    with pytest.raises(DataFault, match=words):
        Rated(**broken)


def test_a_trial_that_stands_twice_is_refused(parts):
    broken = parts()
    broken["table"]["trial"] = [1, 2, 2, 3]
    with pytest.raises(DataFault, match=r"trials table, row 2 \('2'\): trial .*2.* stands twice"):
        Rated(**broken)


def test_the_nearest_column_is_suggested_for_a_rating_that_is_not_there(parts):
    broken = parts()
    broken["table"] = broken["table"].rename(columns={"valence": "valance"})
    with pytest.raises(DataFault, match=r"no column 'valence'.*is 'valance' meant"):
        Rated(**broken)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["signals"].pop(), "3 signals of the clip for 4 trials"),
        (lambda p: p["baselines"].pop(), "3 signals of the baseline for 4 trials"),
        (
            lambda p: p["signals"].__setitem__(1, np.ones((13, 9))),
            r"clip of trial 2 has shape \(13",
        ),
        (
            lambda p: p["signals"].__setitem__(1, np.ones((14, 0))),
            r"clip of trial 2 has shape \(14, 0",
        ),
        (lambda p: p["channel_names"].__setitem__(0, "T3"), "T3 and T7 are the same site twice"),
        (lambda p: p.update(sampling_rate=0.0), "a sampling rate of 0 Hz"),
        (lambda p: p.update(ratings={}), "no rating"),
        (lambda p: p.update(table=p["table"][:0]), "no clip was watched"),
        (lambda p: p["table"].__setitem__("clip", ""), "is empty or not text"),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, change, words):
    broken = parts()
    change(broken)
    with pytest.raises(DataFault, match=words):
        Rated(**broken)


def test_bad_trials_are_left_out_with_a_note_each_where_that_is_wanted(parts):
    broken = parts()
    broken["table"].loc[0, "valence"] = np.nan
    broken["baselines"][2][5] = 7.0
    with pytest.raises(DataFault, match="bad_trials"):
        make_rated(**broken)
    kept = make_rated(bad_trials="drop", **broken)
    assert kept.table["trial"].tolist() == [2, 4]
    np.testing.assert_array_equal(kept.signals[1], broken["signals"][3])
    np.testing.assert_array_equal(kept.baselines[0], broken["baselines"][1])
    assert kept.notes == (
        "trial 1 left out: valence not rated",
        "trial 3 left out: baseline: P7 flat at 7 uV from 0.00 s",
    )


def test_a_rating_outside_its_scale_stops_even_where_bad_trials_are_left_out(parts):
    broken = parts()
    broken["table"].loc[1, "valence"] = 9.0
    with pytest.raises(DataFault, match="trial 2: valence 9 is outside"):
        make_rated(bad_trials="drop", **broken)


def test_nothing_left_says_why(parts):
    broken = parts(baselines=None)
    broken["table"]["arousal"] = np.nan
    with pytest.raises(DataFault, match="no trial can be used, the first: arousal not rated"):
        make_rated(bad_trials="drop", **broken)


def test_loaders_are_found_by_name_and_the_nearest_is_suggested():
    assert rated_loader("DREAMER") is RATED["DREAMER"]
    with pytest.raises(
        ConfigFault, match="unknown rated data set 'dreamr', did you mean 'DREAMER'"
    ):
        rated_loader("dreamr")
    with pytest.raises(ConfigFault, match="did you mean 'bad_trials'"):
        rated_loader("DREAMER")(None, "1", bad_trial="drop")
