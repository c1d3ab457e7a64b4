"""The trials table of a viewing recording is whole, or one line says where it is not."""

from __future__ import annotations

import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.viewing import VIEWING, viewing_loader
from neurodecode.datasets.viewing.recording import Viewing, check_trials, trials_inside
from neurodecode.faults import ConfigFault, DataFault


@pytest.fixture
def trials():
    return pd.DataFrame(
        {
            "onset": [0.5, 1.0, 1.5],
            "duration": [0.5, np.nan, 0.5],
            "image": ["a.png", "b.png", "a.png"],
            "category": ["cat", "", "cat"],
            "part": ["train", "test", ""],
        }
    )


@pytest.fixture
def raw():
    info = mne.create_info(1, 100.0, "eeg")
    return mne.io.RawArray(np.zeros((1, 200)), info, verbose="ERROR")


def test_a_whole_table_passes_without_durations_and_categories(trials):
    check_trials(trials, where="here", stop=2.0)


def test_a_missing_column_is_named_with_the_nearest_one(trials):
    with pytest.raises(DataFault, match=r"trials table has no column 'image'.*'images' meant"):
        check_trials(trials.rename(columns={"image": "images"}), where="here", stop=2.0)


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("onset", 1, np.nan, r"row 1 \('b.png'\): onset nan is not a finite number"),
        ("onset", 0, -0.1, r"row 0 \('a.png'\): onset -0.100 is negative"),
        ("onset", 2, 2.5, r"onset 2.500 lies after the end of the recording, 2.000 s"),
        ("onset", 1, 0.2, r"row 1 \('b.png'\): onset 0.200 is earlier than the row before"),
        ("onset", 1, 0.5, r"row 1 \('b.png'\): onset 0.500 is that of the row before, too"),
        ("duration", 0, np.inf, r"duration inf is not a finite number"),
        ("duration", 0, -1.0, r"duration -1.000 is negative"),
        ("image", 1, " ", r"row 1 \(' '\): image ' ' is empty or not text"),
        ("category", 2, None, r"row 2 \('a.png'\): category .* is not text"),
        ("part", 0, "valid", r"part 'valid' is none of train, test, ''"),
    ],
)
def test_a_wrong_value_is_named_with_file_row_and_picture(trials, column, row, value, message):
    trials.loc[row, column] = value
    with pytest.raises(DataFault, match=rf"{message}.*\[here\]"):
        check_trials(trials, where="here", stop=2.0)


def test_an_empty_table_is_refused(trials):
    with pytest.raises(DataFault, match="no picture was seen"):
        check_trials(trials[:0], where="here", stop=2.0)


def test_a_recording_that_stops_early_and_doubled_triggers_are_noted(trials, raw):
    more = pd.concat([trials.assign(onset=[1.5, 2.0, -0.1]), trials], ignore_index=True)
    kept, notes = trials_inside(more, raw)
    assert kept["onset"].tolist() == [0.5, 1.0, 1.5]
    assert kept["image"].tolist() == ["a.png", "b.png", "a.png"]
    assert notes == (
        "2 pictures lie outside the recording, left out",
        "1 pictures have the onset of another one, left out",
    )
    assert trials_inside(trials, raw)[1] == ()


def test_a_recording_checks_its_trials(trials, raw):
    made = Viewing("1", "2", "a/b", raw, trials, None)
    assert (made.seconds, made.notes, made.name, made.pictures) == (2.0, (), "2_a-b", None)
    with pytest.raises(DataFault, match=r"after the end of the recording.*subject 1, 0, a"):
        Viewing("1", "0", "a", raw, trials.assign(onset=[0, 1, 2.0]), None)


def test_an_unknown_data_set_or_option_gets_the_nearest_name(tmp_path):
    assert viewing_loader("THINGS-MEG") is VIEWING["THINGS-MEG"]
    with pytest.raises(ConfigFault, match="unknown viewing data set 'locl', did you mean 'local'"):
        viewing_loader("locl")
    with pytest.raises(ConfigFault, match="did you mean 'montage'"):
        VIEWING["local"](tmp_path, "01", montag="standard_1020")
