"""A user's own BIDS folder is read as the contract says, and every gap is named in one line."""

from __future__ import annotations

import mne_bids
import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.bids_tables import read_events
from neurodecode.datasets.viewing import VIEWING
from neurodecode.faults import DataFault

read = VIEWING["local"]


def test_pictures_times_and_parts_are_those_of_the_events(bids_set, pictures):
    root, _ = bids_set
    first, second = read(root, "sub-01")
    assert [(r.subject, r.session, r.run) for r in (first, second)] == [
        ("01", "a", "viewing"),
        ("01", "b", "viewing"),
    ]
    expected = pictures["seen"]().drop(columns="trial_type")
    for column in expected:
        assert first.trials[column].tolist() == expected[column].tolist()
    np.testing.assert_allclose(second.trials["onset"] - first.trials["onset"], 1.0)
    assert first.pictures == root / "stimuli"
    assert first.notes == ()
    assert first.raw.ch_names == ["Fz", "Cz", "Pz"]
    assert not first.raw.preload


def test_the_simulated_data_set_is_read_the_same_way(bids_set):
    root, _ = bids_set
    assert len(VIEWING["simulated-viewing"](root, "01", session="b")[0].trials) == 4


def test_stim_file_does_as_well_and_nothing_else_is_needed(bids_set, write_events):
    root, (table, _) = bids_set
    events = read_events(table).rename(columns={"image": "stim_file"})
    events["stim_file"] = "stimuli/" + events["stim_file"]
    write_events(table, events[["onset", "duration", "stim_file"]].assign(duration=np.nan))
    trials = read(root, "01", session="a")[0].trials
    assert trials["image"].tolist() == events["stim_file"].str.removeprefix("stimuli/").tolist()
    assert set(trials["category"]) == set(trials["part"]) == {""}
    assert trials["duration"].isna().all()
    write_events(table, events[["onset", "stim_file"]])
    with pytest.raises(DataFault, match=r"no column 'duration'.*BIDS asks for it"):
        read(root, "01", session="a")


def test_a_trial_without_picture_stops_unless_it_may_be_skipped(bids_set, write_events):
    root, (table, _) = bids_set
    events = read_events(table)
    catch = events[1:3].assign(image=None, category=None, part=None, trial_type="catch")
    catch["onset"] += 0.5
    write_events(table, pd.concat([events, catch]).sort_values("onset"))
    with pytest.raises(DataFault, match=r"line 4: a trial without image \(2 in all\) \["):
        read(root, "01")
    recording = read(root, "01", session="a", skip_without_image=True)[0]
    assert len(recording.trials) == 4
    assert recording.notes == ("2 events without a picture, left out",)
    by_type = read(root, "01", session="a", trial_type="image")[0]
    pd.testing.assert_frame_equal(by_type.trials, recording.trials)
    assert by_type.notes == ()
    with pytest.raises(DataFault, match=r"'imag', found: image \(4\), catch \(2\).*mean 'image'"):
        read(root, "01", trial_type="imag")


def test_a_missing_picture_is_named_with_the_nearest_one(bids_set):
    root, _ = bids_set
    (root / "stimuli" / "dog" / "two.png").rename(root / "stimuli" / "dog" / "too.png")
    with pytest.raises(
        DataFault, match=r"picture files not found: dog/two\.png \[.*stimuli\].*is dog/too\.png"
    ):
        read(root, "01")
    assert read(root, "01", without_pictures=True)[0].pictures is None


def test_pictures_may_lie_elsewhere(bids_set, tmp_path, pictures):
    root, _ = bids_set
    (root / "stimuli").rename(tmp_path / "photographs")
    for folder in (tmp_path / "photographs", "../photographs"):
        assert read(root, "01", pictures=folder)[0].pictures == root / folder


def broken(events, how):
    if how == "no image column":
        return events.rename(columns={"image": "images"})
    if how == "outside":
        return events.replace({"image": {"dog/two.png": "../two.png"}})
    if how == "twice":
        return pd.concat([events[:1], events])
    if how == "late":
        return events.assign(onset=events["onset"] + 8)
    if how == "part":
        return events.assign(part="validation")
    return events.assign(onset=events["onset"].astype(str).replace("2.5", "soon"))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no image column", r"no column 'image' or 'stim_file' .*events\.tsv.*is 'images' meant"),
        ("outside", r"picture '\.\./two\.png' lies outside the picture folder"),
        (
            "twice",
            r"row 1 \('cat/one\.png'\): onset 1\.000 is that of the row before, too",
        ),
        ("late", r"onset 12\.000 lies after the end of the recording, 12\.000 s"),
        ("part", r"part 'validation' is none of train, test"),
        ("bad number", r"row 3: onset 'soon' is not a number"),
    ],
)
def test_a_broken_events_file_is_answered_in_one_line(bids_set, write_events, how, message):
    root, (table, _) = bids_set
    write_events(table, broken(read_events(table), how))
    with pytest.raises(DataFault, match=message) as caught:
        read(root, "01")
    assert "\n" not in str(caught.value)


def test_meg_is_read_as_meg_and_positions_can_be_given(tmp_path, pictures, write_bids):
    events = pictures["seen"]()
    pictures["touch"](tmp_path / "stimuli", events["image"])
    write_bids(tmp_path, "01", events, names=["MEG0111", "MEG0121"], kind="meg")
    write_bids(tmp_path, "02", events, names=["FZ", "X1"], positions=False)
    assert read(tmp_path, "01")[0].raw.get_channel_types() == ["mag", "mag"]
    placed = read(tmp_path, "02", montage="standard_1020")[0]
    assert placed.notes == ("not in montage standard_1020: X1",)
    with pytest.raises(DataFault, match="no EEG recording of subject '01'"):
        read(tmp_path, "01", datatype="eeg")


def test_the_recording_is_what_mne_bids_reads(bids_set):
    root, _ = bids_set
    path = mne_bids.BIDSPath(subject="01", session="a", task="viewing", datatype="eeg", root=root)
    plain = mne_bids.read_raw_bids(path, verbose="ERROR")
    np.testing.assert_array_equal(read(root, "01")[0].raw.get_data(), plain.get_data())
