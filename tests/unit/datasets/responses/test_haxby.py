"""Haxby 2001 as nilearn's fetcher lays it out; and one subject's real slice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodecode.datasets import find_card, no_network
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.responses import RESPONSES
from neurodecode.datasets.responses.haxby import clean_runs, read_labels, shifted_labels
from neurodecode.faults import ConfigFault, DataFault

CATALOG = Path(__file__).parents[4] / "data" / "catalog"
read = RESPONSES["Haxby2001"]


def leave_one_run_out(found):
    """Return the share of trials nearest to the mean pattern of their category."""
    runs, labels = found.trials["run"].to_numpy(), found.trials["stimulus"].to_numpy()
    hits = []
    for run in np.unique(runs):
        train = runs != run
        names = np.unique(labels[train])
        means = np.stack([found.responses[train & (labels == name)].mean(axis=0) for name in names])
        guess = np.corrcoef(found.responses[~train], means)[: (~train).sum(), (~train).sum() :]
        hits += (names[guess.argmax(axis=1)] == labels[~train]).tolist()
    return np.mean(hits)


def test_a_block_is_one_response_and_its_category_the_stimulus(haxby):
    folder, _ = haxby
    found = read(folder, "1")
    assert found.responses.shape == (4 * 8, 6)
    assert found.trials["run"].value_counts().to_dict() == {str(run): 8 for run in range(4)}
    assert (found.trials.groupby("stimulus")["repetition"].max() == 4).all()
    assert (found.trials["category"] == found.trials["stimulus"]).all()
    assert "rest" not in set(found.trials["stimulus"])
    assert found.subject == "1"
    assert read(folder, "1", samples="volume").responses.shape == (4 * 8 * 4, 6)


def test_the_response_is_found_where_it_is_delayed_to(haxby):
    folder, _ = haxby
    scores = [leave_one_run_out(read(folder, "1", shift=shift)) for shift in (0.0, 5.0)]
    assert scores[1] > 0.9
    assert scores[1] > scores[0]


def test_labels_are_shifted_within_their_run(haxby):
    folder, _ = haxby
    labels = read_labels(folder / "subj1" / "labels.txt")
    shown = shifted_labels(labels, 2)
    for run in range(4):
        mine = (labels["chunks"] == run).to_numpy()
        assert shown[mine][:2].tolist() == ["rest", "rest"]
        assert shown[mine][2:].tolist() == labels["labels"][mine].tolist()[:-2]
    with pytest.raises(ConfigFault, match="shift of -1 volumes"):
        shifted_labels(labels, -1)


def test_runs_are_detrended_and_standardised_each_for_itself():
    rng = np.random.default_rng(0)
    runs = np.repeat([0, 1], 50)
    drift = np.arange(100)[:, None] * np.array([1.0, -2.0, 0.0])
    volumes = (1000 * runs[:, None] + drift + rng.standard_normal((100, 3))).astype(np.float32)
    volumes[:50, 2] = 5.0
    cleaned = clean_runs(volumes, runs, detrend=True, standardise=True)
    for run in (0, 1):
        np.testing.assert_allclose(cleaned[runs == run].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(cleaned[runs == 1].std(axis=0), 1, atol=1e-4)
    assert (cleaned[:50, 2] == 0).all()
    kept = clean_runs(volumes, runs, detrend=True, standardise=False)
    np.testing.assert_allclose(kept[:50].mean(axis=0), volumes[:50].mean(axis=0), rtol=1e-4)
    assert np.array_equal(clean_runs(volumes, runs, detrend=False, standardise=False), volumes)


def test_people_have_masks_of_their_own_sizes_and_the_roi_can_be_chosen(haxby):
    folder, lay = haxby
    lay(folder, 2)
    assert read(folder, "2").n_voxels == 7
    assert read(folder, "1", roi="house").n_voxels == 2
    with pytest.raises(ConfigFault, match="did you mean 'face_little'"):
        read(folder, "1", roi="face_litle")


def test_pictures_of_a_category_are_its_exemplars(haxby):
    folder, _ = haxby
    found = read(folder, "1")
    assert found.pictures == folder / "stimuli"
    assert found.exemplars["face"] == ("faces/one.jpg", "faces/two.jpg")
    assert found.exemplars["scrambledpix"][0] == "controls/scrambled/one.jpg"
    assert "cat" not in found.exemplars
    without = read(folder, "1", pictures=False)
    assert (without.pictures, without.exemplars) == (None, {})


def test_a_run_without_labels_is_noted(haxby):
    folder, lay = haxby
    lay(folder, 5, empty_run=2)
    found = read(folder, "5")
    assert found.notes == ("run 2 has no label but rest, left out",)
    assert "2" not in set(found.trials["run"])


def test_faults_of_its_files_are_named(haxby, truncate):
    folder, lay = haxby
    with pytest.raises(DataFault, match=r"no subject '3'.*it has 1"):
        read(folder, "3")
    lay(folder, 2, nan=True)
    with pytest.raises(DataFault, match=r"voxel 3 at \(1, 2, 0\) in trial 5"):
        read(folder, "2")
    assert read(folder, "2", bad_voxels="drop").n_voxels == 6
    labels = folder / "subj1" / "labels.txt"
    labels.write_text("\n".join(labels.read_text().splitlines()[:-1]))
    with pytest.raises(DataFault, match=r"\d+ labels for \d+ volumes"):
        read(folder, "1")
    labels.write_text("label chunks\nface 0\n")
    with pytest.raises(DataFault, match="'label' meant"):
        read(folder, "1")


def test_what_nilearn_fetched_is_found_without_a_network(haxby, tmp_path):
    _, lay = haxby
    root = tmp_path / "data"
    laid = root / "nilearn" / "haxby2001"
    for number in (2, 5, 6):
        lay(laid, number)
    card = find_card("Haxby2001", [CATALOG])
    with no_network():
        manifest = fetch(card, subjects=["2", "6"], root=root, offline=True)
    assert set(manifest.subjects) == {"2", "6"}
    assert "nilearn/haxby2001/subj6/bold.nii.gz" in manifest.files
    assert "nilearn/haxby2001/stimuli/faces/one.jpg" in manifest.files
    assert read(root / card.name, "6").n_voxels == 7


@pytest.mark.realdata
def test_categories_are_read_from_a_real_slice_in_runs_unseen(realdata, tmp_path):
    real = realdata / "haxby2001_subject1_mini"
    base = tmp_path / "subj1"
    base.mkdir()
    (base / "bold.nii.gz").symlink_to(real / "bold.nii.gz")
    (base / "mask4_vt.nii.gz").symlink_to(real / "mask.nii.gz")
    attributes = (real / "attributes_literal.txt").read_text()
    (base / "labels.txt").write_text("labels chunks\n" + attributes)
    found = read(tmp_path, "1")
    assert found.responses.shape == (96, 530)
    assert (found.trials["run"].value_counts() == 8).all()
    assert leave_one_run_out(found) > 0.5  # chance 0.125
