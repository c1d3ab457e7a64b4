"""The user's own responses: arrays or images, masks, tables; each fault in one line."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.datasets.responses import RESPONSES
from neurodecode.datasets.responses.embeddings import (
    Embeddings,
    read_embeddings,
    write_embeddings,
)
from neurodecode.faults import DataFault

read = RESPONSES["local"]


@pytest.fixture
def image(tmp_path, write):
    """Write one subject as 4-D NIfTI with a mask; return root, volumes and the mask's grid."""
    root = tmp_path / "nifti study"
    volumes = np.random.default_rng(1).standard_normal((3, 2, 4, 5)).astype(np.float32)
    inside = np.zeros((3, 2, 4), dtype=np.uint8)
    inside[[0, 2, 1, 1], [1, 0, 1, 0], [3, 0, 2, 1]] = 1
    base = root / "sub-A" / "sub-A"
    write["nifti"](base.with_name("sub-A_responses.nii.gz"), volumes)
    write["nifti"](base.with_name("sub-A_mask.nii.gz"), inside)
    stimuli = [f"s{k}" for k in range(5)]
    write["table"](base.with_name("sub-A_trials.tsv"), {"stimulus": stimuli})
    return root, volumes, inside


def test_an_array_stays_on_disk_and_images_name_stimuli(local):
    root, stored = local
    found = read(root, "sub-01")
    assert isinstance(found.responses, np.memmap)
    assert np.array_equal(found.responses, stored)
    assert found.trials["stimulus"].tolist() == ["a.png", "stimuli/b.png", "a.png", "b.png"]
    assert found.trials["image"].tolist() == ["a.png", "b.png", "a.png", "b.png"]
    assert found.trials["repetition"].tolist() == [1, 1, 2, 1]
    assert found.pictures == root / "stimuli"
    assert found.trials["part"].tolist() == [""] * 4


def test_volumes_are_cut_by_the_mask_in_c_order(image):
    root, volumes, inside = image
    found = read(root, "A")
    assert np.array_equal(found.responses, volumes[inside.astype(bool)].T)
    assert found.voxels.coordinates.tolist() == [[0, 1, 3], [1, 0, 1], [1, 1, 2], [2, 0, 0]]
    assert (found.voxels.shape, found.voxels.sizes) == ((3, 2, 4), (2.0, 2.0, 3.0))
    assert found.voxels.mask == "sub-A_mask.nii.gz"
    assert found.pictures is None


def test_the_cut_is_that_of_nilearns_masker(image):
    from nilearn.maskers import NiftiMasker

    root, _, _ = image
    base = root / "sub-A"
    masker = NiftiMasker(str(base / "sub-A_mask.nii.gz"), standardize=None)
    expected = masker.fit_transform(str(base / "sub-A_responses.nii.gz"))
    np.testing.assert_allclose(read(root, "A").responses, expected, rtol=1e-6)


def test_a_nan_voxel_is_named_by_its_place_and_never_becomes_zero(image, write):
    root, volumes, _ = image
    volumes[1, 1, 2, 3] = np.nan
    write["nifti"](root / "sub-A" / "sub-A_responses.nii.gz", volumes)
    with pytest.raises(DataFault, match=r"1 of 4 voxels .* voxel 2 at \(1, 1, 2\) in trial 3"):
        read(root, "A")
    found = read(root, "A", bad_voxels="drop")
    assert found.responses.shape == (5, 3)
    assert "left out" in found.notes[0]


def test_mask_and_data_must_agree_in_shape_and_place(image, write):
    root, volumes, inside = image
    base = root / "sub-A"
    write["nifti"](base / "sub-A_mask.nii.gz", inside[:2])
    with pytest.raises(DataFault, match=r"disagree, grids of \(3, 2, 4\) and \(2, 2, 4\) voxels"):
        read(root, "A")
    write["nifti"](base / "sub-A_mask.nii.gz", inside, np.diag([2.0, 2.0, 3.5, 1.0]))
    with pytest.raises(DataFault, match=r"disagree, affines that differ by up to 0.5 mm"):
        read(root, "A")
    write["nifti"](base / "sub-A_mask.nii.gz", np.zeros_like(inside))
    with pytest.raises(DataFault, match="no voxel is inside the mask"):
        read(root, "A")
    (base / "sub-A_mask.nii.gz").unlink()
    with pytest.raises(DataFault, match=r"no mask for the image.*write sub-A_mask.nii.gz"):
        read(root, "A")
    np.save(base / "sub-A_responses.npy", volumes.reshape(24, 5).T)
    write["nifti"](base / "sub-A_mask.nii.gz", inside)
    with pytest.raises(DataFault, match="4 voxels are inside the mask, the array has 24 columns"):
        read(root, "A")


def test_a_truncated_image_is_named(image, truncate):
    root, _, _ = image
    path = root / "sub-A" / "sub-A_responses.nii.gz"
    truncate(path)
    with pytest.raises(DataFault, match=r"cannot be read.*sub-A_responses.*cut short"):
        read(root, "A")
    path.write_bytes(b"<!DOCTYPE html><html>")
    with pytest.raises(DataFault, match="error page, not data"):
        read(root, "A")


def test_a_table_of_stimuli_fills_what_trials_do_not_say(local, write):
    root, _ = local
    names = ["one", "two", "three"]
    write["table"](
        root / "stimuli.tsv",
        {"stimulus": names, "image": ["a.png", "b.png", "c.png"], "category": ["x", "y", None],
         "caption": ["an a", "a b", "a c"]},
    )  # fmt: skip
    trials = {"stimulus": ["one", "two", "one", "one"], "category": [None, "z", None, None]}
    write["table"](root / "sub-01" / "sub-01_trials.tsv", trials)
    found = read(root, "01").trials
    assert found["image"].tolist() == ["a.png", "b.png", "a.png", "a.png"]
    assert found["category"].tolist() == ["x", "z", "x", "x"]
    assert found["caption"].tolist() == ["an a", "a b", "an a", "an a"]
    trials["stimulus"][1] = "tow"
    write["table"](root / "sub-01" / "sub-01_trials.tsv", trials)
    told = r"1 of 2 stimuli without a row in stimuli.tsv: tow \[.*sub-01_trials.tsv\] -> is 'two'"
    with pytest.raises(DataFault, match=told):
        read(root, "01")


def test_missing_subjects_files_rows_and_pictures_are_named(local, write):
    root, _ = local
    table = root / "sub-01" / "sub-01_trials.tsv"
    with pytest.raises(DataFault, match="no subject '02'"):
        read(root, "02")
    write["table"](table, {"image": ["a.png"] * 3})
    with pytest.raises(DataFault, match=r"3 rows for 4 responses in sub-01_responses.npy"):
        read(root, "01")
    write["table"](table, {"image": ["a.png", "b.png", "bb.png", "a.png"]})
    with pytest.raises(DataFault, match=r"picture files not found: bb.png.*b.png"):
        read(root, "01")
    assert read(root, "01", without_pictures=True).pictures is None
    write["table"](table, {"picture": ["a.png"] * 4})
    with pytest.raises(DataFault, match="no column 'stimulus' or 'image'"):
        read(root, "01")
    write["table"](table, {"image": ["a.png"] * 4, "repetition": ["1", "2", "x", "3"]})
    with pytest.raises(DataFault, match="row 4: repetition 'x' is not a number"):
        read(root, "01")
    table.unlink()
    with pytest.raises(DataFault, match="it names what each response is to"):
        read(root, "01")
    (root / "sub-01" / "sub-01_responses.npy").unlink()
    with pytest.raises(DataFault, match=r"no responses.*write sub-01_responses.npy"):
        read(root, "01")


def test_a_saved_object_is_not_loaded(local):
    root, _ = local
    np.save(root / "sub-01" / "sub-01_responses.npy", np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(DataFault, match="the array cannot be read"):
        read(root, "01")


def test_embeddings_come_along_and_must_know_every_stimulus(local, tmp_path):
    root, _ = local
    path = root / "stimuli" / "embeddings.npz"
    known = Embeddings(("a.png", "b.png", "stimuli/b.png"), {"image": np.eye(3, dtype=np.float32)})
    write_embeddings(path, known)
    assert read(root, "01").embeddings.rows("image", ["b.png"]).tolist() == [[0, 1, 0]]
    write_embeddings(path, Embeddings(("a.png", "c.png"), {"image": np.eye(2)}))
    with pytest.raises(DataFault, match="2 of 3 stimuli without an embedding"):
        read(root, "01")
    for arrays, message in (
        ({"image": np.full((2, 2), np.nan)}, "not of finite numbers"),
        ({"image": np.eye(3)}, r"shape \(3, 3\) for 2 stimuli"),
        ({}, "no array 'stimuli', or no other one"),
    ):
        write_embeddings(path, Embeddings(("a.png", "b.png"), arrays))
        with pytest.raises(DataFault, match=message):
            read_embeddings(path)
    np.savez(path, stimuli=np.array([{}], dtype=object), image=np.eye(1), allow_pickle=True)
    with pytest.raises(DataFault, match="embeddings cannot be read"):
        read_embeddings(path)
