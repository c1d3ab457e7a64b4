"""THINGS-MEG in its published tree and trigger layout.

CTF recordings cannot be written, so FIF files stand in for the .ds folders; the opening of .ds
itself is MNE's.
"""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.viewing import VIEWING
from neurodecode.datasets.viewing.things_meg import picture_of
from neurodecode.faults import DataFault

read = VIEWING["THINGS-MEG"]
RUN = [
    ("exp", "images_meg/aardvark/aardvark_01b.jpg"),
    ("catch", "images_catch_meg/catch_07.jpg"),
    ("test", "images_test_meg/coat_rack_13s.jpg"),
    ("exp", "images_meg/bat1/bat1_02s.jpg"),
]
SENSORS = ["MLC11-1609", "MRO11-1609", "MZO03-1609"]
FIRST, SOA = 240, 180  # samples at 120 Hz


def write_run(path, codes=(64,) * 4, *, channel="UPPT001", seconds=10, first_samp=0):
    """Write sensors, a trigger channel of codes that last 5 samples, and other channels."""
    rng = np.random.default_rng(0)
    n = 120 * seconds
    trigger = np.zeros(n)
    for k, code in enumerate((*codes, 32)):
        begin = FIRST + SOA * k
        trigger[begin : begin + 5] = code
    names = [*SENSORS, channel, "UADC001"]
    kinds = ["mag"] * len(SENSORS) + ["stim", "misc"]
    signals = rng.normal(0, 1e-13, (len(names), n))
    signals[len(SENSORS)] = trigger
    info = mne.create_info(names, 120.0, kinds)
    raw = mne.io.RawArray(signals, info, first_samp=first_samp, verbose="ERROR")
    path.parent.mkdir(parents=True, exist_ok=True)
    raw.save(path, overwrite=True, verbose="ERROR")
    return signals


def stem(session, run):
    return f"sub-BIGMEG1/ses-{session}/meg/sub-BIGMEG1_ses-{session}_task-main_run-{run}"


def write_table(root, runs, number=1):
    rows = [
        {"trial_type": kind, "session_nr": session, "run_nr": run, "image_on": 1.5 * k,
         "image_off": 1.5 * k + 0.5, "image_path": path, "things_image_nr": k}
        for session, run in runs
        for k, (kind, path) in enumerate(RUN)
    ]  # fmt: skip
    path = root / "sourcedata" / f"sample_attributes_P{number}.csv"
    path.parent.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture
def root(tmp_path, pictures):
    for session, run in (("01", "01"), ("01", "02"), ("11", "04")):
        write_run(tmp_path / f"{stem(session, run)}_meg.fif")
    write_table(tmp_path, [(1, 1), (1, 2), (11, 4)])
    shown = [picture_of(path)[0] for kind, path in RUN if kind != "catch"]
    pictures["touch"](tmp_path / "stimuli", shown)
    return tmp_path


def test_triggers_meet_the_rows_of_the_table_and_catch_trials_are_left_out(root):
    recordings = read(root, "1")
    assert [r.name for r in recordings] == ["01_01", "01_02", "11_04"]
    trials = recordings[0].trials
    np.testing.assert_allclose(trials["onset"], (FIRST + SOA * np.array([0, 2, 3])) / 120)
    assert trials["image"].tolist() == [
        "aardvark/aardvark_01b.jpg",
        "coat_rack/coat_rack_13s.jpg",
        "bat1/bat1_02s.jpg",
    ]
    assert trials["category"].tolist() == ["aardvark", "coat_rack", "bat1"]
    assert trials["part"].tolist() == ["train", "test", "train"]
    np.testing.assert_allclose(trials["duration"], 0.5)
    assert recordings[0].notes == ()
    assert recordings[2].notes == ("signals drop out for 0.2 s at 13.4 s",)


def test_only_sensors_stay_and_the_malfunctioning_one_may_go(root):
    assert read(root, "sub-BIGMEG1", run="1")[0].raw.ch_names == SENSORS
    raw = read(root, "BIGMEG1", session="1", run="02", malfunctioning=False)[0].raw
    assert raw.ch_names == [SENSORS[0], SENSORS[2]]
    assert not raw.preload


def test_a_first_sample_that_is_not_zero_moves_no_onset(root):
    expected = read(root, "1", run="01")[0].trials
    write_run(root / f"{stem('01', '01')}_meg.fif", first_samp=500)
    pd.testing.assert_frame_equal(read(root, "1", run="01")[0].trials, expected)


def test_events_tsv_is_told_apart_from_the_triggers_and_used_on_demand(root, write_events):
    times = (FIRST + SOA * np.arange(4)) / 120 + 0.15
    events = pd.DataFrame({"onset": times, "duration": 0.5, "value": [9.0, 9.0, 9.0, 9.0]})
    write_events(root / f"{stem('01', '01')}_events.tsv", events)
    note = ("onsets of events.tsv are 150 ms after the triggers",)
    trigger = read(root, "1", run="01")[0]
    corrected = read(root, "1", run="01", onsets="events")[0]
    assert trigger.notes == corrected.notes == note
    np.testing.assert_allclose(corrected.trials["onset"] - trigger.trials["onset"], 0.15)
    assert corrected.trials["image"].tolist() == trigger.trials["image"].tolist()
    with pytest.raises(DataFault, match="0 events for 4 pictures"):
        read(root, "1", run="02", onsets="events")


def test_triggers_that_do_not_fit_stop_with_both_counts(root):
    write_run(root / f"{stem('01', '02')}_meg.fif", codes=(64, 64, 16, 64))
    with pytest.raises(DataFault, match=r"3 triggers 64 for 4 pictures of the table \[.*run-02"):
        read(root, "1")
    write_run(root / f"{stem('01', '02')}_meg.fif", channel="UPPT002")
    with pytest.raises(DataFault, match=r"no trigger channel UPPT001.*is 'UPPT002' meant"):
        read(root, "1")


def test_what_is_missing_is_named(root):
    with pytest.raises(DataFault, match=r"no participant '2'.*it has 1"):
        read(root, "2")
    with pytest.raises(DataFault, match=r"no such session and run.*session 01, session 11"):
        read(root, "1", session="05")
    (root / "stimuli/coat_rack/coat_rack_13s.jpg").unlink()
    with pytest.raises(DataFault, match=r"picture files not found: coat_rack/coat_rack_13s\.jpg"):
        read(root, "1")
    assert read(root, "1", without_pictures=True)[0].pictures is None
    table = root / "sourcedata" / "sample_attributes_P1.csv"
    pd.read_csv(table).rename(columns={"image_path": "path"}).to_csv(table, index=False)
    with pytest.raises(DataFault, match=r"no column 'image_path'.*sample_attributes_P1"):
        read(root, "1")
    table.unlink()
    with pytest.raises(DataFault, match=r"file not found.*sample_attributes_P1\.csv.*sourcedata"):
        read(root, "1")


def test_a_recording_that_was_not_fetched_is_one_line(root):
    """Copies of the repository hold links to nothing where a file was not fetched."""
    path = root / f"{stem('01', '01')}_meg.fif"
    path.unlink()
    path.symlink_to(root / "annex")
    with pytest.raises(DataFault, match=r"cannot read the recording: .*run-01"):
        read(root, "1", run="01")
    folder = root / f"{stem('01', '02')}_meg.ds"
    (root / f"{stem('01', '02')}_meg.fif").rename(root / "elsewhere_raw.fif")
    folder.mkdir()
    with pytest.raises(DataFault, match=r"cannot read the recording: .*meg\.ds"):
        read(root, "1", run="02")
