"""Recordings as people hand them over: any format, onsets from wherever they are."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.decoders.recordings import cued, open_recording, trials_of
from neurodecode.faults import DataFault


@pytest.fixture
def file(viewing, tmp_path):
    path = tmp_path / "seen_raw.fif"
    viewing().save(path, verbose="error")
    return path


def test_onsets_come_from_annotations_and_count_from_the_first_sample(viewing, tmp_path):
    raw = viewing().set_meas_date(0)
    expected = raw.annotations.onset
    path = tmp_path / "cut_raw.fif"
    raw.crop(tmin=2.0).save(path, verbose="error")
    trials = trials_of(open_recording(path), path)
    np.testing.assert_allclose(trials["onset"], expected[expected >= 2.0] - 2.0, atol=0.004)
    assert trials["label"].iloc[0].startswith("animal/")


def test_annotations_of_bad_data_are_no_onsets(file):
    raw = open_recording(file)
    n = len(raw.annotations)
    raw.set_annotations(raw.annotations + mne.Annotations([1.0], [0.1], ["BAD_jump"]))
    assert len(trials_of(raw, file)) == n


def test_a_table_of_events_goes_before_annotations(file, tmp_path):
    table = tmp_path / "mine.tsv"
    pd.DataFrame({"onset": [3.5, 2.5], "shown": ["b", "a"]}).to_csv(table, sep="\t", index=False)
    trials = trials_of(open_recording(file), file, table, "shown")
    assert trials["onset"].tolist() == [2.5, 3.5]
    assert trials["label"].tolist() == ["a", "b"]
    with pytest.raises(DataFault, match=r"no column 'show' .*is 'shown' meant"):
        trials_of(open_recording(file), file, table, "show")


def test_without_a_column_of_labels_pictures_are_unknown(file, tmp_path):
    table = tmp_path / "mine.tsv"
    pd.DataFrame({"onset": [2.5]}).to_csv(table, sep="\t", index=False)
    assert trials_of(open_recording(file), file, table)["label"].tolist() == [""]


def test_markers_that_are_no_cue_are_left_out_and_counted():
    trials = pd.DataFrame({"onset": [1.0, 2.0, 3.0], "label": ["left", "rest", ""]})
    kept, said = cued(trials, ["left", "right"])
    assert kept["onset"].tolist() == [1.0]
    assert "rest (1)" in said
    assert "no label (1)" in said
    kept, said = cued(trials, ["feet"])
    assert len(kept) == 3
    assert not said


def test_without_cues_markers_that_name_nothing_are_left_out_where_others_do():
    trials = pd.DataFrame({"onset": [1.0, 2.0, 3.0], "label": ["a.png", "", "b.png"]})
    kept, said = cued(trials, ())
    assert kept["onset"].tolist() == [1.0, 3.0]
    assert "no label (1)" in said
    bare = trials.assign(label="")
    assert len(cued(bare, ())[0]) == 3


def test_rows_of_the_training_s_trial_types_are_the_trials(file, tmp_path):
    rows = [(1.0, "fixation", "a.png"), (2.0, "probe", "a.png"), (3.0, "probe", "b.png")]
    events = pd.DataFrame(rows, columns=["onset", "trial_type", "image"])
    events.to_csv(tmp_path / "mine.tsv", sep="\t", index=False)
    read = (open_recording(file), file, tmp_path / "mine.tsv")
    found = trials_of(*read, columns=("image",), trial_types=["probe"])
    assert found["onset"].tolist() == [2.0, 3.0]
    assert len(trials_of(*read, columns=("image",), trial_types=["target"])) == 3


def test_the_events_beside_a_bids_recording_are_found(viewing, tmp_path):
    import mne_bids

    raw = viewing()
    raw.info["line_freq"] = 50
    path = mne_bids.BIDSPath(root=tmp_path, subject="01", task="view", datatype="eeg")
    mne_bids.write_raw_bids(
        raw, path, format="BrainVision", allow_preload=True, overwrite=True, verbose="error"
    )
    path = path.update(suffix="eeg", extension=".vhdr")
    beside = path.copy().update(suffix="events", extension=".tsv").fpath
    events = pd.DataFrame(
        {"onset": [4.0], "duration": 0.5, "stim_file": ["stimuli/animal/cat.png"]}
    )
    events.to_csv(beside, sep="\t", index=False)
    found = open_recording(path.fpath)
    assert found.get_montage() is not None
    trials = trials_of(found, path.fpath, columns=("image", "stim_file"))
    assert trials.to_dict("records") == [{"onset": 4.0, "label": "animal/cat.png"}]


def test_triggers_of_a_stimulus_channel_are_the_last_resort(viewing, tmp_path):
    raw = viewing().set_annotations(None)
    codes = np.zeros((1, raw.n_times))
    codes[0, 500:510], codes[0, 1000:1010] = 3, 7
    info = mne.create_info(["STI"], raw.info["sfreq"], "stim")
    raw.add_channels([mne.io.RawArray(codes, info, verbose="error")], force_update_info=True)
    trials = trials_of(raw, tmp_path / "none.fif")
    assert trials["onset"].tolist() == [2.0, 4.0]
    assert trials["label"].tolist() == ["3", "7"]


def test_a_montage_gives_positions_to_a_file_without(viewing, tmp_path):
    raw = viewing().set_montage(None)
    path = tmp_path / "bare_raw.fif"
    raw.save(path, verbose="error")
    assert open_recording(path).get_montage() is None
    assert open_recording(path, "standard_1005").get_montage() is not None


def test_words_that_were_heard_are_labelled_by_their_place_and_sentence(file, tmp_path):
    rows = [(1.0, "sound", None, None), (1.2, "word", "a", "a  cat"),
            (1.5, "word", "cat", "a  cat"), (2.0, "word", "it", "it sat"),
            (2.4, "word", "sat", "it sat")]  # fmt: skip
    events = pd.DataFrame(rows, columns=["onset", "trial_type", "word", "sentence"])
    events.assign(sound="one.wav").to_csv(tmp_path / "mine.tsv", sep="\t", index=False)
    found = trials_of(open_recording(file), file, tmp_path / "mine.tsv", columns=("segment",))
    assert found["onset"].tolist() == [1.2, 1.5, 2.0, 2.4]
    assert found["label"].tolist() == ["0|a cat", "1|a cat", "0|it sat", "1|it sat"]
    renamed = events.replace({"trial_type": {"word": "spoken"}}).assign(sound="one.wav")
    renamed.to_csv(tmp_path / "renamed.tsv", sep="\t", index=False)
    again = trials_of(open_recording(file), file, tmp_path / "renamed.tsv", columns=("segment",),
                      trial_types=["spoken"])  # fmt: skip
    assert again.equals(found)
    others = trials_of(open_recording(file), file, tmp_path / "mine.tsv", columns=("image",))
    assert len(others) == 5
