"""DREAMER is read from a file of its true layout: nested structs, cells, 7808-sample baselines."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from neurodecode.datasets import find_card
from neurodecode.datasets.rated import rated_loader
from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.faults import ConfigFault, DataFault

read = rated_loader("DREAMER")
LENGTHS = (7700, 8000, 7680)


@pytest.fixture
def people(dreamer):
    draw, _ = dreamer
    rng = np.random.default_rng(5)
    return [draw(rng, LENGTHS) for _ in range(2)]


@pytest.fixture
def folder(tmp_path, people, dreamer):
    dreamer[1](tmp_path / "DREAMER.mat", people, compressed=True)
    return tmp_path


def check(recording, person):
    assert recording.channel_names == list(CHANNELS)
    assert recording.sampling_rate == 128.0
    assert [array.shape for array in recording.signals] == [(14, n) for n in LENGTHS]
    assert {array.shape for array in recording.baselines} == {(14, 7808)}
    for trial in range(3):
        stored = person["EEG"]["stimuli"][trial, 0]
        np.testing.assert_array_equal(recording.signals[trial], stored.T)
        rest = person["EEG"]["baseline"][trial, 0]
        np.testing.assert_array_equal(recording.baselines[trial], rest.T)
    assert recording.table["trial"].tolist() == [1, 2, 3]
    assert recording.table["clip"].tolist() == ["clip-01", "clip-02", "clip-03"]
    for name in recording.ratings:
        stored = person[f"Score{name.capitalize()}"].ravel()
        assert recording.table[name].tolist() == stored.tolist()


def test_signals_baselines_and_ratings_are_those_of_the_person(folder, people):
    for place, person in enumerate(people):
        (recording,) = read(folder, str(place + 1))
        assert (recording.subject, list(recording.ratings)) == (
            str(place + 1),
            ["valence", "arousal"],
        )
        check(recording, person)


def test_dominance_is_read_where_it_is_asked_for(folder, people):
    (recording,) = read(folder, "02", ratings=["dominance"])
    assert recording.subject == "2"
    check(recording, people[1])
    with pytest.raises(ConfigFault, match="did you mean 'valence'"):
        read(folder, "1", ratings=["valenc"])


def test_one_clip_and_one_person_are_no_special_case(tmp_path, dreamer):
    draw, write = dreamer
    person = draw(np.random.default_rng(1), [700])
    write(tmp_path / "DREAMER.mat", [person])
    (recording,) = read(tmp_path, "1")
    np.testing.assert_array_equal(recording.signals[0], person["EEG"]["stimuli"][0, 0].T)
    assert len(recording.table) == 1


def test_clips_of_one_length_stay_apart(tmp_path, dreamer):
    draw, write = dreamer
    person = draw(np.random.default_rng(1), [700, 700])
    write(tmp_path / "DREAMER.mat", [person])
    (recording,) = read(tmp_path, "1")
    assert [array.shape for array in recording.signals] == [(14, 700)] * 2


def test_ratings_that_the_file_lacks_stop_or_cost_their_trials(tmp_path, people, dreamer):
    people[1]["ScoreArousal"] = people[1]["ScoreArousal"][:2]
    dreamer[1](tmp_path / "DREAMER.mat", people)
    with pytest.raises(DataFault, match="trial 3: arousal nan is missing"):
        read(tmp_path, "2")
    (recording,) = read(tmp_path, "2", bad_trials="drop")
    assert recording.table["trial"].tolist() == [1, 2]
    assert recording.notes == ("trial 3 left out: arousal not rated",)


def test_a_rating_above_five_names_trial_column_and_scale(tmp_path, people, dreamer):
    people[0]["ScoreValence"][1] = 7
    dreamer[1](tmp_path / "DREAMER.mat", people)
    with pytest.raises(
        DataFault, match="trial 2: valence 7 is outside the scale, the scale is 1 to 5"
    ):
        read(tmp_path, "1")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p["EEG"].pop("stimuli"), "no field 'stimuli', found: baseline"),
        (lambda p: p.pop("ScoreArousal"), "no field 'ScoreArousal', found: Age"),
        (lambda p: p.pop("EEG"), "no field 'EEG'"),
    ],
)
def test_a_field_that_is_not_there_is_named(tmp_path, people, dreamer, change, words):
    change(people[0])
    dreamer[1](tmp_path / "DREAMER.mat", people)
    with pytest.raises(DataFault, match=words):
        read(tmp_path, "1")


def test_a_wrong_number_of_channels_is_named_with_the_trial(tmp_path, dreamer):
    draw, write = dreamer
    people = [draw(np.random.default_rng(0), LENGTHS, n_channels=13)]
    write(tmp_path / "DREAMER.mat", people)
    with pytest.raises(DataFault, match=r"shape \(7700, 13\) .*stimuli, trial 1.*14 channels"):
        read(tmp_path, "1")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>please log in</html>", "error page, not data"),
        (b"", "empty file, not data"),
        (b"MATLAB 5.0" + bytes(500), "not a whole MATLAB file"),
        (b"MATLAB 5.0" + bytes(70), "not a whole MATLAB file"),
        (b"subject,valence,arousal", "not a .mat file"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path, content, words):
    (tmp_path / "DREAMER.mat").write_bytes(content)
    with pytest.raises(DataFault, match=words):
        read(tmp_path, "1")


def test_a_file_cut_short_is_one_line(folder):
    path = folder / "DREAMER.mat"
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(DataFault, match="not a whole MATLAB file"):
        read(folder, "1")


def test_no_file_and_no_such_person_say_what_to_do(folder, tmp_path):
    with pytest.raises(DataFault, match=r"file not found .*data info DREAMER"):
        read(tmp_path / "elsewhere", "1")
    for subject in ("3", "0", "sub-01"):
        with pytest.raises(DataFault, match=f"no subject '{subject}' .*it has 1 to 2"):
            read(folder, subject)


def write_hdf5(path, people, h5py):
    """Write the layout of MATLAB 7.3: groups for structs, references for cells, axes reversed."""
    with h5py.File(path, "w", userblock_size=512) as file:

        def reference(value):
            return put(file, f"#refs#/{len(file.get('#refs#', ()))}", value).ref

        def put(parent, name, value):
            if isinstance(value, dict):
                group = parent.create_group(name)
                for key, entry in value.items():
                    put(group, key, entry)
                return group
            if isinstance(value, str):
                codes = np.array([[ord(letter)] for letter in value], dtype=np.uint16)
                text = parent.create_dataset(name, data=codes)
                text.attrs["MATLAB_class"] = np.bytes_("char")
                return text
            array = np.atleast_2d(value)
            if array.dtype == object:
                references = [[reference(entry) for entry in row] for row in array.T]
                return parent.create_dataset(name, data=references, dtype=h5py.ref_dtype)
            return parent.create_dataset(name, data=array.T)

        data = np.empty((1, len(people)), dtype=object)
        data[0] = people
        names = np.empty((1, 14), dtype=object)
        names[0] = CHANNELS
        content = {"Data": data, "EEG_SamplingRate": 128.0, "EEG_Electrodes": names}
        put(file, "DREAMER", content)
    with path.open("r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file, Platform: none")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # h5py uses what numpy gives up
def test_version_7_3_is_read_as_well(tmp_path, people):
    h5py = pytest.importorskip("h5py")
    write_hdf5(tmp_path / "DREAMER.mat", people, h5py)
    (recording,) = read(tmp_path, "2")
    check(recording, people[1])
    with pytest.raises(DataFault, match="no subject '3'"):
        read(tmp_path, "3")


def test_without_h5py_version_7_3_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "DREAMER.mat").write_bytes(b"MATLAB 7.3 MAT-file" + bytes(600))
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(DataFault, match=r"MATLAB 7.3 file, which h5py reads .*pip install h5py"):
        read(tmp_path, "1")


def test_the_card_asks_for_the_one_file_by_hand():
    card = find_card("dreamer")
    assert card.access == "manual"
    assert len(card.labels("all")) == 23
    assert card.expected("7") == {"DREAMER/DREAMER.mat": None}
