"""THINGS-EEG2 as released: pickled dictionaries, read as data, codes turned into photographs."""

from __future__ import annotations

import os

import numpy as np
import pytest

from neurodecode.datasets import pickled
from neurodecode.datasets.viewing import VIEWING
from neurodecode.faults import ConfigFault, DataFault

read = VIEWING["THINGS-EEG2"]
NAMES = ["Fp1", "Oz", "PO7", "stim"]
TRAIN = [("00001_aardvark", "aardvark_01b.jpg"), ("00001_aardvark", "aardvark_02s.jpg"),
         ("00002_abacus", "abacus_03s.jpg")]  # fmt: skip
TEST = [("00001_aircraft_carrier", "aircraft_carrier_06s.jpg")]


def recording(codes, seed=0, sfreq=1000, names=NAMES, types=None):
    """Return the published dictionary: a code in one sample every 200 ms, from 1 s on."""
    rng = np.random.default_rng(seed)
    signals = rng.normal(0, 1e-5, (len(names), 1000 + 200 * len(codes) + 500))
    signals[-1] = 0
    signals[-1, 1000 + 200 * np.arange(len(codes))] = codes
    types = types or ["eeg"] * (len(names) - 1) + ["stim"]
    return {"raw_eeg_data": signals, "ch_names": list(names), "ch_types": types, "sfreq": sfreq,
            "highpass": 0.01, "lowpass": 100}  # fmt: skip


def save(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, content, allow_pickle=True)
    return content


@pytest.fixture
def root(tmp_path, pictures):
    metadata = {
        "test_img_concepts": [concept for concept, _ in TEST],
        "test_img_files": [file for _, file in TEST],
        "train_img_concepts": [concept for concept, _ in TRAIN],
        "train_img_files": [file for _, file in TRAIN],
    }
    save(tmp_path / "images" / "image_metadata.npy", metadata)
    pictures["touch"](tmp_path / "images/training_images", [f"{c}/{f}" for c, f in TRAIN])
    pictures["touch"](tmp_path / "images/test_images", [f"{c}/{f}" for c, f in TEST])
    for k in (1, 2):
        folder = tmp_path / "sub-01" / f"ses-0{k}"
        save(folder / "raw_eeg_training.npy", recording([3, 1, 99999, 2, 1], seed=k))
        save(folder / "raw_eeg_test.npy", recording([1, 1, 99999], seed=10 + k))
    return tmp_path


def test_codes_become_photographs_and_targets_are_left_out(root):
    recordings = read(root, "1")
    assert [r.name for r in recordings] == ["01_training", "01_test", "02_training", "02_test"]
    train, test = recordings[:2]
    assert train.trials["image"].tolist() == [
        "training_images/00002_abacus/abacus_03s.jpg",
        "training_images/00001_aardvark/aardvark_01b.jpg",
        "training_images/00001_aardvark/aardvark_02s.jpg",
        "training_images/00001_aardvark/aardvark_01b.jpg",
    ]
    assert train.trials["category"].tolist() == ["abacus", "aardvark", "aardvark", "aardvark"]
    assert test.trials["category"].tolist() == ["aircraft_carrier"] * 2
    np.testing.assert_allclose(train.trials["onset"], [1.0, 1.2, 1.6, 1.8])
    assert set(train.trials["part"]) == {"train"}
    assert set(test.trials["part"]) == {"test"}
    assert set(train.trials["duration"]) == {0.1}
    assert train.pictures == root / "images"


def test_signals_are_those_of_the_file_and_stay_there(root, monkeypatch):
    monkeypatch.setattr(pickled, "LARGE_BYTES", 1000)
    content = recording([3, 1, 99999, 2, 1], seed=1)
    raw = read(root, "01", session="01", part="training")[0].raw
    assert raw.ch_names == NAMES[:-1]
    assert isinstance(raw._data, np.memmap)
    np.testing.assert_array_equal(raw.get_data(), content["raw_eeg_data"][:-1])
    assert raw.info["sfreq"] == 1000
    raw.load_data().filter(1, 40, verbose="ERROR")  # changes memory, never the file
    again = read(root, "01", session="01", part="training")[0].raw
    np.testing.assert_array_equal(again.get_data(), content["raw_eeg_data"][:-1])


def test_sessions_and_parts_can_be_chosen(root):
    assert [r.name for r in read(root, "01", session="2", part="test")] == ["02_test"]
    with pytest.raises(DataFault, match="no such session, found: ses-01, ses-02"):
        read(root, "01", session="03")
    with pytest.raises(ConfigFault, match="did you mean 'training'"):
        read(root, "01", part="train")


class Hostile:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("name", ["sub-01/ses-01/raw_eeg_test.npy", "images/image_metadata.npy"])
def test_a_hostile_file_is_refused_and_nothing_runs(root, tmp_path, name):
    mark = tmp_path / "mark"
    save(root / name, {**recording([1]), "highpass": Hostile(mark)})
    with pytest.raises(DataFault, match=r"unsafe.*mkdir, refused.*\.npy"):
        read(root, "01", part="test")
    assert not mark.exists()


def test_broken_files_are_answered_in_one_line(root):
    path = root / "sub-01/ses-01/raw_eeg_test.npy"
    cases = [
        (recording([1, 2]), r"codes without a picture: 2 \[.*pictures of test are 1 to 1"),
        (recording([1], types=["eeg", "stim", "eeg", "eeg"]), r"last channel .*: Oz \(stim\)"),
        (recording([1]) | {"ch_names": ["Oz"]}, r"signals of shape \(4, 1700\) for 1 channels"),
        ({"preprocessed_eeg_data": np.zeros(3)}, r"no 'raw_eeg_data'.*found: preprocessed_eeg"),
        (recording([99999]), r"no picture was seen"),
    ]
    for content, message in cases:
        save(path, content)
        with pytest.raises(DataFault, match=message) as caught:
            read(root, "01", session="01", part="test")
        assert "\n" not in str(caught.value)
    path.unlink()
    with pytest.raises(DataFault, match=r"file not found.*raw_eeg_test\.npy"):
        read(root, "01", part="test")


def test_missing_photographs_are_named_and_can_be_done_without(root):
    (root / "images/test_images/00001_aircraft_carrier/aircraft_carrier_06s.jpg").unlink()
    with pytest.raises(DataFault, match=r"picture files not found: test_images/00001_aircraft"):
        read(root, "01", part="test")
    assert read(root, "01", part="test", without_pictures=True)[0].pictures is None
