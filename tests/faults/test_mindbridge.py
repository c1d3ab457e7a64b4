"""Faults of a study of responses, as somebody with a local folder meets them.

Of the list of faults: 2 a NaN voxel, 15 somebody without data to test on; besides, masks that do
not fit and stimuli that match nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.datasets.catalog import card_of
from neurodecode.faults import DataFault
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.mindbridge.study import fetch_trials

SUBJECTS = ["01", "02"]


@pytest.fixture
def study(tmp_path):
    """Write two subjects who saw six stimuli, two of them for the test."""
    root = tmp_path / "study"
    names = [f"s{i}" for i in range(6)]
    for label in SUBJECTS:
        base = root / f"sub-{label}"
        base.mkdir(parents=True)
        values = np.random.default_rng(int(label)).standard_normal((6, 8)).astype(np.float32)
        np.save(base / f"sub-{label}_responses.npy", values)
        parts = ["train"] * 4 + ["test"] * 2
        table = pd.DataFrame({"stimulus": names, "part": parts, "category": list("ababab")})
        table.to_csv(base / f"sub-{label}_trials.tsv", sep="\t", index=False)
    pd.DataFrame({"stimulus": names}).to_csv(root / "stimuli.tsv", sep="\t", index=False)
    return root


def line_of(root, folder):
    """Return the one line that the user of the fetch step sees."""
    config = validate(MindBridgeConfig, {
        "description": "", "data": {"dataset": "local", "path": root},
        "split": {"protocol": "published", "valid": 0.3}, "target": {"image": "category"},
    })  # fmt: skip
    with pytest.raises(DataFault) as caught:
        fetch_trials(config, card_of(config.data), SUBJECTS, folder, folder / "seen")
    line = str(caught.value)
    assert "\n" not in line
    assert not (folder / "seen").exists()
    return line


def change_trials(root, change, subject="02"):
    path = root / f"sub-{subject}" / f"sub-{subject}_trials.tsv"
    change(pd.read_csv(path, sep="\t")).to_csv(path, sep="\t", index=False)


def test_mask_and_data_that_disagree_are_both_named_with_their_counts(study, tmp_path):
    import nibabel

    mask = np.zeros((3, 3, 1), dtype=np.uint8)
    mask[:2] = 1
    base = study / "sub-02" / "sub-02"
    nibabel.Nifti1Image(mask, np.eye(4)).to_filename(f"{base}_mask.nii.gz")
    line = line_of(study, tmp_path / "run")
    assert "6 voxels are inside the mask, the array has 8 columns" in line
    assert "sub-02_responses.npy and sub-02_mask.nii.gz" in line


def test_a_nan_voxel_is_named_with_its_trial_and_the_way_to_go_on(study, tmp_path):
    path = study / "sub-02" / "sub-02_responses.npy"
    values = np.load(path)
    values[3, 5] = np.nan
    np.save(path, values)
    line = line_of(study, tmp_path / "run")
    assert "1 of 8 voxels are NaN or infinite in some trial, as voxel 5 in trial 3" in line
    assert "bad_voxels=drop" in line


def test_a_subject_without_test_stimulus_is_named_and_other_splits_are_offered(study, tmp_path):
    change_trials(study, lambda table: table[:4])
    path = study / "sub-02" / "sub-02_responses.npy"
    np.save(path, np.load(path)[:4])
    line = line_of(study, tmp_path / "run")
    assert "subject 02 has no test stimulus" in line
    assert "unseen_stimuli" in line


def test_stimuli_that_match_nothing_are_named_with_the_nearest(study, tmp_path):
    change_trials(study, lambda table: table.assign(stimulus=["s0x", *table["stimulus"][1:]]))
    line = line_of(study, tmp_path / "run")
    assert "1 of 6 stimuli without a row in stimuli.tsv: s0x" in line
    assert "is 's0' meant?" in line
