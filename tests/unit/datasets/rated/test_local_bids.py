"""A user's own BIDS folder with rating columns is read as they say, and every gap is named."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.bids_tables import read_table
from neurodecode.datasets.rated import RATED
from neurodecode.faults import ConfigFault, DataFault

read = RATED["local"]
NAMES = ["F3", "F4", "T7"]


def watched(start=1.0):
    """Return a rest before each of three clips, and a button press without rating."""
    rows = [
        (start, 1.0, "rest", None, None, None),
        (start + 1, 2.0, "watch", "sea.mp4", 1, 4),
        (start + 3, 1.0, "rest", None, None, None),
        (start + 4, 2.5, "watch", "war.mp4", 5, 5),
        (start + 6.6, 0.1, "button", None, None, None),
        (start + 7, 1.0, "watch", "tree.mp4", 3, 2),
    ]
    return pd.DataFrame(
        rows, columns=["onset", "duration", "trial_type", "clip", "valence", "arousal"]
    )


@pytest.fixture
def study(tmp_path, write_bids):
    root, entities = tmp_path / "my study", {"names": NAMES, "task": "clips"}
    tables = [
        write_bids(root, "01", watched(1.0 + 0.5 * k), session=session, run=run, **entities)
        for k, (session, run) in enumerate((("a", "1"), ("a", "2"), ("b", "1")))
    ]
    return root, tables


def change(table, **columns):
    read_table(table).assign(**columns).to_csv(table, sep="\t", index=False, na_rep="n/a")


def test_trials_clips_and_ratings_are_those_of_the_events(study):
    root, (table, *_) = study
    recordings = read(root, "sub-01", trial_type="watch")
    assert [r.session for r in recordings] == ["a", "a", "b"]
    assert [r.table["trial"].tolist() for r in recordings] == [[1, 2, 3], [4, 5, 6], [1, 2, 3]]
    first = recordings[0]
    assert first.subject == "01"
    assert first.channel_names == NAMES
    assert first.sampling_rate == 100.0
    assert first.ratings == {"valence": (1, 5), "arousal": (1, 5)}
    assert first.table["clip"].tolist() == ["sea.mp4", "war.mp4", "tree.mp4"]
    assert first.table["valence"].tolist() == [1, 5, 3]
    assert first.table["arousal"].tolist() == [4, 5, 2]
    assert first.baselines is None
    path = table.with_name(table.name.replace("_events.tsv", "_eeg.vhdr"))
    stored = mne.io.read_raw_brainvision(path, verbose="error").get_data() * 1e6
    spans = ((200, 400), (500, 750), (800, 900))
    for signals, (start, stop) in zip(first.signals, spans, strict=True):
        np.testing.assert_allclose(signals, stored[:, start:stop])


def test_a_rest_before_the_clip_or_the_seconds_before_it_are_the_baseline(study):
    root, _ = study
    rests = read(root, "01", trial_type="watch", baseline_type="rest", session="b")[0].baselines
    before = read(root, "01", trial_type="watch", baseline_seconds=1.0, session="b")[0].baselines
    np.testing.assert_array_equal(rests[0], before[0])
    np.testing.assert_array_equal(rests[1], before[1])
    np.testing.assert_array_equal(rests[2], rests[1])  # the last rest before the third clip
    with pytest.raises(ConfigFault, match="two kinds of baselines"):
        read(root, "01", baseline_type="rest", baseline_seconds=1.0)
    with pytest.raises(DataFault, match=r"no event with trial_type 'rset'.*did you mean 'rest'"):
        read(root, "01", trial_type="watch", baseline_type="rset")
    with pytest.raises(DataFault, match=r"trial 1: -3.000 to 2.000 s is not inside"):
        read(root, "01", trial_type="watch", baseline_seconds=5.0)


def test_unrated_events_may_be_skipped_where_trials_have_no_type_of_their_own(study):
    root, _ = study
    with pytest.raises(DataFault, match=r"line 2: a trial without clip .*set skip_unrated"):
        read(root, "01")
    assert len(read(root, "01", skip_unrated=True)[0].table) == 3


def test_a_rating_that_is_missing_stops_or_costs_its_trial(study):
    root, (table, *_) = study
    change(table, valence=[None, "1", None, None, None, "3"])
    with pytest.raises(DataFault, match="trial 2: valence nan is missing"):
        read(root, "01", trial_type="watch")
    first = read(root, "01", trial_type="watch", bad_trials="drop")[0]
    assert first.table["trial"].tolist() == [1, 3]
    assert first.notes == ("trial 2 left out: valence not rated",)


def test_continuous_scales_of_any_name_are_rounded_where_that_is_wanted(study):
    root, tables = study
    for table in tables:
        change(table, Joy=["n/a", "0.4", "n/a", "6.6", "n/a", "3.0"])
    options = {"trial_type": "watch", "ratings": {"Joy": [0, 7]}}
    with pytest.raises(DataFault, match=r"trial 1: Joy 0.4 is no whole number"):
        read(root, "01", **options)
    first = RATED["FACED"](root, "01", round_ratings=True, **options)[0]
    assert first.ratings == {"Joy": (0, 7)}
    assert first.table["Joy"].tolist() == [0, 7, 3]
    with pytest.raises(DataFault, match="trial 2: Joy 7 is outside the scale, the scale is 0 to 6"):
        read(root, "01", trial_type="watch", ratings={"Joy": [0, 6]}, round_ratings=True)
    with pytest.raises(DataFault, match=r"no column 'Jo'.*is 'Joy' meant"):
        read(root, "01", trial_type="watch", ratings={"Jo": [0, 7]})
    with pytest.raises(ConfigFault, match=r"scale \[7, 0\] of rating 'Joy'"):
        read(root, "01", trial_type="watch", ratings={"Joy": [7, 0]})


def test_another_column_may_name_the_clip(study):
    root, tables = study
    for table in tables:
        change(table, film=["n/a", "1", "n/a", "2", "n/a", "3"])
    first = read(root, "01", trial_type="watch", clip="film")[0]
    assert first.table["clip"].tolist() == ["1", "2", "3"]
    with pytest.raises(DataFault, match=r"no column 'flim' that names the clip .*is 'film' meant"):
        read(root, "01", trial_type="watch", clip="flim")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"valence": ["n/a", "x", "n/a", "5", "n/a", "3"]}, "row 3: valence 'x' is not a number"),
        ({"duration": ["1", "n/a", "1", "2", "0", "1"]}, "line 3: a trial without duration"),
        (
            {"duration": ["1", "2", "1", "99", "0", "1"]},
            r"trial 2: 5.000 to 104.000 s is not",
        ),
        ({"duration": ["1", "0", "1", "2", "0", "1"]}, r"trial 1: 2.000 to 2.000 s is not inside"),
    ],
)
def test_a_broken_trial_is_named(study, columns, words):
    root, (table, *_) = study
    change(table, **columns)
    with pytest.raises(DataFault, match=words):
        read(root, "01", trial_type="watch")


def test_no_rating_and_no_such_subject_name_the_nearest(study):
    root, tables = study
    for table in tables:
        events = read_table(table).rename(columns={"valence": "valance"}).drop(columns="arousal")
        events.to_csv(table, sep="\t", index=False, na_rep="n/a")
    with pytest.raises(DataFault, match=r"no column valence, arousal, .*is 'valance' meant"):
        read(root, "01", trial_type="watch")
    with pytest.raises(DataFault, match="no subject '02'"):
        read(root, "02")
