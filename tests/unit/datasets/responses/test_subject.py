"""The responses of a subject are whole, or one line says where they are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.responses import RESPONSES, responses_loader
from neurodecode.datasets.responses.embeddings import Embeddings
from neurodecode.datasets.responses.subject import Responses, check_trials
from neurodecode.datasets.responses.voxels import Voxels, usable_voxels
from neurodecode.faults import ConfigFault, DataFault


@pytest.fixture
def trials():
    return pd.DataFrame(
        {
            "stimulus": ["a", "b", "a"],
            "image": ["a.png", "", "a.png"],
            "category": ["cat", "", "cat"],
            "caption": "",
            "repetition": [1, 1, 2],
            "run": ["1", "", "2"],
            "part": ["train", "test", "train"],
        }
    )


def values(n_trials=3, n_voxels=4):
    return np.arange(n_trials * n_voxels, dtype=np.float32).reshape(n_trials, n_voxels)


def test_a_missing_column_is_named_with_the_nearest_one(trials):
    with pytest.raises(DataFault, match=r"no column 'stimulus'.*'stimuli' meant"):
        check_trials(trials.rename(columns={"stimulus": "stimuli"}), where="here")


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("stimulus", 1, " ", r"row 1 \(' '\): stimulus ' ' is empty or not text"),
        ("caption", 0, None, r"row 0 \('a'\): caption .* is not text"),
        ("part", 0, "dev", r"part 'dev' is none of train, valid, test, ''"),
        ("repetition", 0, 0, r"row 0 \('a'\): repetition .*0.* is below 1"),
        ("repetition", 2, 1, r"row 2 \('a'\): repetition .*1.* stands twice for this stimulus"),
        ("repetition", 0, 1.5, "column 'repetition' .* is not of whole numbers"),
        ("image", 2, "b.png", r"row 2 \('a'\): image 'b.png' is not that of its other trials"),
        ("category", 2, "dog", r"row 2 \('a'\): category 'dog' is not that of its other trials"),
    ],
)
def test_a_wrong_value_is_named_with_file_row_and_stimulus(trials, column, row, value, message):
    column_of = trials[column].tolist()
    column_of[row] = value
    with pytest.raises(DataFault, match=rf"{message}.*\[here\]"):
        check_trials(trials.assign(**{column: column_of}), where="here")


def test_an_empty_table_is_refused(trials):
    with pytest.raises(DataFault, match="no trial in the table"):
        check_trials(trials[:0], where="here")


def test_responses_trials_and_voxels_must_fit(trials):
    made = Responses("01", values(), trials, None, Voxels(4))
    assert (made.label, made.n_voxels, made.notes) == ("subject 01", 4, ())
    with pytest.raises(DataFault, match=r"2 responses for 3 trials \[subject 01\]"):
        Responses("01", values(2), trials, None, Voxels(4))
    with pytest.raises(DataFault, match="4 columns for 5 voxels"):
        Responses("01", values(), trials, None, Voxels(5))
    with pytest.raises(DataFault, match="type float64"):
        Responses("01", values().astype(float), trials, None, Voxels(4))


def test_a_stimulus_without_embedding_is_named_with_the_nearest_one(trials):
    known = Embeddings(("a", "bb"), {"image": np.zeros((2, 3), np.float32)})
    with pytest.raises(DataFault, match=r"1 of 2 stimuli without an embedding: b \[subject 01\]"):
        Responses("01", values(), trials, None, Voxels(4), known)
    with pytest.raises(DataFault, match="is 'bb' meant"):
        known.rows("image", ["b"])
    with pytest.raises(ConfigFault, match="did you mean 'image'"):
        known.rows("imag", ["a"])
    assert known.rows("image", ["bb", "a", "a"]).shape == (3, 3)


def test_bad_voxels_stop_or_are_left_out_of_all_trials_and_counted():
    found = values(600, 5)
    found[300, 1], found[2, 3], found[:, 4] = np.nan, np.inf, 7.0
    grid = Voxels(5, coordinates=np.argwhere(np.ones((5, 1, 1))))
    place = r"voxel 1 at \(1, 0, 0\) in trial 300"
    told = f"2 of 5 voxels are NaN or infinite in some trial, as {place}"
    with pytest.raises(DataFault, match=rf"{told} \[file\] -> .*bad_voxels=drop"):
        usable_voxels(found, grid, "stop", where="file")
    kept, voxels, notes = usable_voxels(found, grid, "drop", where="file")
    assert np.array_equal(kept, found[:, [0, 2, 4]])
    assert voxels.coordinates[:, 0].tolist() == [0, 2, 4]
    assert (voxels.n_voxels, voxels.dropped, voxels.constant) == (3, (1, 3), (2,))
    assert notes[0].endswith("left out")
    assert notes[1] == "1 voxels are the same in all trials, as voxel 2 at (4, 0, 0)"
    assert voxels.info()["constant"] == [2]


def test_a_broken_trial_does_not_cost_all_voxels_in_silence():
    found = values()
    found[1] = np.nan
    with pytest.raises(DataFault, match="remove the broken trials"):
        usable_voxels(found, Voxels(4), "drop", where="file")
    with pytest.raises(ConfigFault, match="did you mean 'drop'"):
        usable_voxels(found, Voxels(4), "drp", where="file")


def test_whole_responses_are_not_copied():
    found = values()
    kept, voxels, notes = usable_voxels(found, Voxels(4), "stop", where="file")
    assert kept is found
    assert (voxels, notes) == (Voxels(4), ())


def test_an_unknown_data_set_or_option_gets_the_nearest_name(tmp_path):
    assert responses_loader("NSD") is RESPONSES["NSD"]
    with pytest.raises(ConfigFault, match="unknown responses data set 'Haxby', did you mean"):
        responses_loader("Haxby")
    with pytest.raises(ConfigFault, match="did you mean 'bad_voxels'"):
        RESPONSES["local"](tmp_path, "01", bad_voxel="drop")
