"""Faults of a study of responses, as somebody with a folder of their own meets them.

Of the list of faults: 2 a NaN voxel, 15 somebody without data to test on; besides, masks that do
not fit, stimuli that match nothing, pictures that are not there, and wrong names.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.responses import responses_loader
from neurodecode.signals.store import open_store

MINE = """
description: my own study
data: {dataset: local, path: PATH}
split: {protocol: published, valid: 0.3}
target: {image: category}
models: [bridge, ridge]
"""


@pytest.fixture
def study(tmp_path):
    """Write two subjects who saw six stimuli, two of them for the test, and an experiment."""
    root = tmp_path / "study"
    names = [f"s{i}" for i in range(6)]
    for label in ("01", "02"):
        base = root / f"sub-{label}"
        base.mkdir(parents=True)
        values = np.random.default_rng(int(label)).standard_normal((6, 8)).astype(np.float32)
        np.save(base / f"sub-{label}_responses.npy", values)
        parts = ["train"] * 4 + ["test"] * 2
        table = pd.DataFrame({"stimulus": names, "part": parts, "category": list("ababab")})
        table.to_csv(base / f"sub-{label}_trials.tsv", sep="\t", index=False)
    pd.DataFrame({"stimulus": names}).to_csv(root / "stimuli.tsv", sep="\t", index=False)
    (tmp_path / "mine.yaml").write_text(MINE.replace("PATH", str(root)))
    return root


@pytest.fixture
def line_of(study, typed):
    """Return a function that runs the experiment and returns the one line its user sees.

    ``code``: 1 where a job failed, 2 where nothing was begun.
    """

    def run(*settings, code=1):
        folder = study.parent
        overrides = [word for setting in settings for word in ("--set", setting)]
        result = typed("run", "mindbridge", folder / "mine.yaml", "--out", folder / "run",
                         *overrides)  # fmt: skip
        said = result.stdout + result.stderr
        assert result.returncode == code, said
        assert "Traceback" not in said
        lines = [line for line in said.splitlines() if line.startswith("error:")]
        assert len(lines) == 1, said
        assert " -> " in lines[0] or "did you mean" in lines[0]
        assert not (folder / "run" / "stores").exists()
        assert not (folder / "run" / "seen").exists()
        return lines[0]

    return run


def change_responses(root, change):
    path = root / "sub-02" / "sub-02_responses.npy"
    np.save(path, change(np.load(path)))


def change_trials(root, change):
    path = root / "sub-02" / "sub-02_trials.tsv"
    change(pd.read_csv(path, sep="\t")).to_csv(path, sep="\t", index=False)


def with_nan(values):
    values[3, 5] = np.nan
    return values


def test_mask_and_data_that_disagree_are_both_named_with_their_counts(study, line_of):
    import nibabel

    mask = np.zeros((3, 3, 1), dtype=np.uint8)
    mask[:2] = 1
    base = study / "sub-02" / "sub-02"
    nibabel.Nifti1Image(mask, np.eye(4)).to_filename(f"{base}_mask.nii.gz")
    line = line_of()
    assert "6 voxels are inside the mask, the array has 8 columns" in line
    assert "sub-02_responses.npy and sub-02_mask.nii.gz" in line
    assert "take the mask it was cut by" in line


@pytest.mark.fault(2, "mindbridge")
def test_row_2_a_nan_voxel_is_named_with_its_trial_and_the_way_to_go_on(study, line_of):
    change_responses(study, with_nan)
    line = line_of()
    assert "1 of 8 voxels are NaN or infinite in some trial, as voxel 5 in trial 3" in line
    assert "sub-02_responses.npy" in line
    assert "data.options.bad_voxels=drop" in line
    found = responses_loader("local")(study, "02", bad_voxels="drop")
    assert found.n_voxels == 7
    assert "left out" in found.notes[0]


@pytest.mark.fault(15, "mindbridge")
def test_row_15_a_subject_without_test_stimulus_is_named_and_splits_are_offered(study, line_of):
    change_trials(study, lambda table: table[:4])
    change_responses(study, lambda values: values[:4])
    line = line_of()
    assert "subject 02 has no test stimulus" in line
    assert "unseen_stimuli" in line


@pytest.mark.fault(6, "mindbridge")
@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["s0x", "s1", "s2", "s3", "s4", "s5"], ["1 of 6 stimuli", "s0x", "is 's0' meant?"]),
        ([f"{i}" * 9 for i in range(6)], ["6 of 6 stimuli", "and 3 more", "must be the same"]),
    ],
)
def test_stimuli_that_match_nothing_are_named(study, line_of, names, words):
    change_trials(study, lambda table: table.assign(stimulus=names))
    line = line_of()
    assert "without a row in stimuli.tsv" in line
    assert "sub-02_trials.tsv" in line
    assert [word for word in words if word not in line] == []


def test_responses_without_a_row_of_the_table_are_counted(study, line_of):
    change_responses(study, lambda values: values[:5])
    line = line_of()
    assert "6 rows for 5 responses in sub-02_responses.npy" in line
    assert "sub-02_trials.tsv" in line
    assert "one row per response" in line


def test_a_wrong_model_is_answered_with_the_nearest_before_anything_runs(line_of):
    assert "unknown model 'brigde', did you mean 'bridge'?" in line_of(
        "models=[brigde]", code=2
    )  # fmt: skip


def test_a_wrong_subject_is_answered_with_those_there_are_before_anything_runs(line_of):
    line = line_of("data.subjects=['03']", code=2)
    assert "has no subject '03'" in line
    assert "01 to 02 (2)" in line


def test_the_experiment_that_is_spoilt_here_is_one_that_works(study, typed):
    """Else every line above could be about something else."""
    folder = study.parent
    result = typed("run", "mindbridge", folder / "mine.yaml", "--out", folder / "run",
                     "--until", "prepare")  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    for subject in ("01", "02"):
        assert open_store(folder / "run" / "stores" / subject).signals.shape == (6, 8)


@pytest.mark.fault(5, "mindbridge")
def test_row_5_an_infinite_voxel_is_named_with_its_trial(study, line_of):
    def change(values):
        values[2, 6] = np.inf
        return values

    change_responses(study, change)
    assert "1 of 8 voxels are NaN or infinite in some trial, as voxel 6 in trial 2" in line_of()


@pytest.mark.fault(3, "mindbridge")
def test_row_3_a_voxel_that_never_changes_is_noted_in_the_store(study, typed, seen):
    def change(values):
        values[:, 4] = 1.5
        return values

    change_responses(study, change)
    folder = study.parent
    result = typed("run", "mindbridge", folder / "mine.yaml", "--out", folder / "run",
                   "--until", "prepare")  # fmt: skip
    assert result.returncode == 0, result.said
    (note,) = open_store(folder / "run" / "stores" / "02").info["mended"]["voxels"]
    assert seen(note) == "1 voxels are the same in all trials, as voxel 4"


@pytest.mark.fault(9, "mindbridge")
def test_row_9_a_truncated_image_is_named_with_what_to_do(study, line_of):
    import nibabel

    base = study / "sub-02" / "sub-02"
    (study / "sub-02" / "sub-02_responses.npy").unlink()
    grid = np.random.default_rng(0).standard_normal((4, 4, 4, 6)).astype(np.float32)
    nibabel.Nifti1Image(grid, np.eye(4)).to_filename(f"{base}_responses.nii.gz")
    nibabel.Nifti1Image(np.ones((4, 4, 4), np.uint8), np.eye(4)).to_filename(f"{base}_mask.nii.gz")
    path = study / "sub-02" / "sub-02_responses.nii.gz"
    path.write_bytes(path.read_bytes()[:700])
    line = line_of()
    assert "the image cannot be read" in line
    assert "sub-02_responses.nii.gz" in line
    assert "it may be cut short: fetch or copy it again" in line
