"""NSD as MindEye prepared it: samples in folders or archives, three presentations each."""

from __future__ import annotations

import io
import json
import tarfile

import numpy as np
import pytest

from neurodecode.datasets.responses import RESPONSES
from neurodecode.datasets.responses.nsd import N_VOXELS
from neurodecode.faults import DataFault

read = RESPONSES["NSD"]
SUBJECT = 7
SAMPLES = {"train": {1: 10, 2: 40, 3: 25}, "val": {4: 7}, "test": {5: 3, 6: 9}}
"""Number among the 73,000 pictures, by sample, by folder."""


def files_of(folder, n_voxels=N_VOXELS[SUBJECT]):
    """Return the files of a part by name."""
    files = {}
    for sample, number in SAMPLES[folder].items():
        rng = np.random.default_rng(number)
        voxels = rng.standard_normal((3, n_voxels)).astype(np.float16)
        if sample == 5:
            voxels[2] = voxels[0]  # the third place filled with the first
        for suffix, array in (("nsdgeneral", voxels), ("coco73k", np.array(number))):
            file = io.BytesIO()
            np.save(file, array)
            files[f"sample{sample:09d}.{suffix}.npy"] = file.getvalue()
        files[f"sample{sample:09d}.jpg"] = b"\xff\xd8\xff"
    return files


@pytest.fixture
def root(tmp_path):
    for folder in SAMPLES:
        base = tmp_path / "NSD" / folder / "subj07"
        base.mkdir(parents=True)
        for name, content in files_of(folder).items():
            (base / name).write_bytes(content)
    return tmp_path / "NSD"


def pack(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_every_presentation_is_a_trial_and_the_picture_number_the_stimulus(root):
    found = read(root, "subj07")
    trials = found.trials
    assert found.responses.shape == (18, N_VOXELS[SUBJECT])
    assert found.responses.dtype == np.float32
    assert trials["stimulus"].tolist()[::3] == [
        "00010",
        "00040",
        "00025",
        "00007",
        "00003",
        "00009",
    ]
    assert trials["repetition"].tolist() == [1, 2, 3] * 6
    assert trials["part"].tolist() == ["train"] * 9 + ["valid"] * 3 + ["test"] * 6
    assert trials["image"][0] == "train/subj07/sample000000001.jpg"
    assert (root / trials["image"][17]).is_file()
    expected = np.random.default_rng(40).standard_normal((3, N_VOXELS[SUBJECT])).astype(np.float16)
    assert np.array_equal(found.responses[3:6], expected.astype(np.float32))


def test_counts_that_are_not_the_published_ones_and_copies_are_noted(root):
    found = read(root, "7")
    assert "3 pictures in train, 8559 are published" in found.notes
    assert "1 of 18 presentations equal an earlier one of their picture" in found.notes
    kept = read(root, "7", without_copies=True)
    assert len(kept.trials) == 17
    mine = kept.trials[kept.trials["stimulus"] == "00003"]
    assert mine["repetition"].tolist() == [1, 2]


def test_archives_are_unpacked_once_and_again_when_more_come(root, tmp_path):
    packed = tmp_path / "packed"
    for folder in SAMPLES:
        pack(packed / folder / f"{folder}_subj07_0.tar", files_of(folder))
    expected = read(root, "7")
    found = read(packed, "7")
    assert np.array_equal(found.responses, expected.responses)
    assert found.trials.equals(expected.trials)
    sample = packed / "train" / "subj07" / "sample000000001.jpg"
    sample.write_bytes(b"touched")
    read(packed, "7")
    assert sample.read_bytes() == b"touched"
    pack(packed / "train" / "train_subj07_1.tar", {"sample000000099.jpg": b"\xff\xd8\xff"})
    read(packed, "7")
    assert (packed / "train" / "subj07" / "sample000000099.jpg").is_file()


def test_an_archive_that_leaves_its_folder_is_refused(root):
    pack(root / "test" / "test_subj07_0.tar", {"../../evil.npy": b""})
    with pytest.raises(DataFault, match="leaves the folder"):
        read(root, "7")


def test_captions_follow_the_presentation_as_mindbridge_trains(root):
    texts = {number: [f"{number} first", f"{number} second"] for part in SAMPLES.values()
             for number in part.values()}  # fmt: skip
    (root / "captions.json").write_text(json.dumps(texts))
    found = read(root, "7", captions="captions.json").trials
    assert found["caption"].tolist()[:3] == ["10 first", "10 second", "10 first"]
    table = np.full((41, 2), "", dtype="U20")
    for number, lines in texts.items():
        table[number] = lines
    np.save(root / "captions.npy", table)
    again = read(root, "7", captions="captions.npy").trials
    assert again["caption"].tolist() == found["caption"].tolist()
    del texts[25]
    (root / "captions.json").write_text(json.dumps(texts))
    with pytest.raises(DataFault, match="1 of 6 stimuli without a caption: 00025"):
        read(root, "7", captions="captions.json")


def test_faults_of_its_files_are_named(root):
    with pytest.raises(DataFault, match="no subject '9' in NSD -> it has 1 to 8"):
        read(root, "9")
    with pytest.raises(DataFault, match=r"no sample of subject 1 .*train_subj01_\*.tar"):
        read(root, "1")
    base = root / "val" / "subj07"
    number = base / "sample000000004.coco73k.npy"
    np.save(number, np.array(9))
    with pytest.raises(DataFault, match="picture 00009 is in two samples"):
        read(root, "7")
    number.unlink()
    with pytest.raises(DataFault, match=r"1 of 1 samples without .coco73k.npy, as sample000000004"):
        read(root, "7")
    np.save(number, np.array(7))
    voxels = base / "sample000000004.nsdgeneral.npy"
    np.save(voxels, np.zeros((3, 5), np.float16))
    with pytest.raises(DataFault, match=r"shape \(3, 5\), the first sample has \(3, 12682\)"):
        read(root, "7")
    np.save(voxels, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataFault, match="the array cannot be read"):
        read(root, "7")
