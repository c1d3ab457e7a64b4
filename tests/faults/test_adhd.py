"""Faults of a study at rest, as somebody with images of their own meets them.

Of the list of faults: 2 NaN voxels, 26 data that is not here; besides, too few volumes, a mask on
another grid, a person in two rows, a missing diagnosis, several runs, and wrong names.
"""

from __future__ import annotations

import shutil

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.resting.athena import MASK_NAME, PHENOTYPE_TABLE, run_stem
from neurodecode.datasets.simulate.resting import simulate_resting

MINE = """
description: my own study
data: {dataset: ADHD200-athena}
maps: {features: [degree, three_cycles], thetas: [0.4]}
models: [3-cycles, all control]
split: {n_folds: 2}
"""
SPOILT = "0010003"


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    """Simulate six people once; do not change them."""
    folder = tmp_path_factory.mktemp("athena")
    simulate_resting(folder, n_subjects=6, n_sites=1, voxel_mm=15, n_regions=1, n_networks=1)
    return folder


@pytest.fixture
def study(scans, tmp_path):
    """Return a copy of the six people where the data set is looked for, and an experiment."""
    root = tmp_path / "data" / "ADHD200-athena"
    shutil.copytree(scans, root)
    (tmp_path / "mine.yaml").write_text(MINE)
    return root


@pytest.fixture
def line_of(tmp_path, typed):
    """Return a function that runs the experiment and returns the one line its user sees.

    ``code``: 1 where a job failed, 2 where nothing was begun.
    """

    def run(*settings, code=1, until="prepare"):
        overrides = [word for setting in settings for word in ("--set", setting)]
        result = typed("run", "adhd", tmp_path / "mine.yaml", "--out", tmp_path / "run",
                         "--until", until, *overrides,
                         NEURODECODE_DATA=str(tmp_path / "data"))  # fmt: skip
        said = result.stdout + result.stderr
        assert result.returncode == code, said
        assert "Traceback" not in said
        lines = [line for line in said.splitlines() if line.startswith("error:")]
        assert len(lines) == 1, said
        assert " -> " in lines[0] or "did you mean" in lines[0]
        return lines[0]

    return run


def image_of(root):
    """Return the path of the image that is spoilt."""
    return next(root.rglob(f"{run_stem(SPOILT)}.nii.gz"))


@pytest.mark.fault(4, "adhd")
def test_too_few_volumes_are_counted_by_person_and_run(study, line_of):
    path = image_of(study)
    image = nib.load(path)
    nib.save(image.slicer[..., :30], tmp := path.with_name("cut.nii.gz"))
    tmp.replace(path)
    for motion in path.parent.glob("motion_*"):
        motion.unlink()
    line = line_of()
    assert "30 volumes, a correlation needs 60" in line
    assert f"subject {SPOILT}, run 1" in line
    assert "leave this run out, or lower min_volumes" in line


def test_a_mask_on_another_grid_is_named_with_both_grids(study, line_of):
    mask = nib.load(study / MASK_NAME)
    smaller = nib.Nifti1Image(np.asarray(mask.dataobj)[:-1], mask.affine)
    nib.save(smaller, study / MASK_NAME)
    line = line_of()
    assert "image and mask are on different grids" in line
    assert "subject 0010001, run 1" in line
    assert "nilearn.image.resample_to_img" in line


@pytest.mark.fault(2, "adhd")
def test_row_2_nan_voxels_are_counted_and_placed(study, line_of):
    path = image_of(study)
    image = nib.load(path)
    values = np.asarray(image.dataobj, dtype=np.float32)
    inside = np.argwhere(np.asarray(nib.load(study / MASK_NAME).dataobj) > 0)
    values[(*inside[0], 7)] = np.nan
    nib.save(nib.Nifti1Image(values, image.affine), path)
    line = line_of()
    assert "1 of 570 courses are constant or hold NaN or infinity" in line
    assert f"subject {SPOILT}, run 1, voxel 0 at (" in line
    assert 'bad_voxels="isolate"' in line


def test_a_person_in_two_rows_is_named(study, line_of):
    path = next(study.rglob(PHENOTYPE_TABLE))
    table = pd.read_csv(path, sep="\t")
    twin = table.iloc[[2]].assign(DX=3 - table["DX"].iloc[2])
    pd.concat([table, twin]).to_csv(path, sep="\t", index=False)
    line = line_of("data.subjects=['0010001', '0010002', '0010003']")
    assert f"subject with two rows: {SPOILT}" in line
    assert "keep one row per subject" in line


def test_a_missing_diagnosis_is_named_with_both_ways_to_go_on(study, line_of):
    path = next(study.rglob(PHENOTYPE_TABLE))
    table = pd.read_csv(path, sep="\t").astype({"DX": str})
    table.loc[2, "DX"] = "pending"
    table.to_csv(path, sep="\t", index=False)
    line = line_of()
    assert f"1 of 6 people have no diagnosis [{SPOILT}]" in line
    assert "set data.missing_dx=drop, or choose others with data.subjects" in line


def test_several_runs_of_a_person_ask_which_counts(study, line_of):
    path = image_of(study)
    shutil.copyfile(path, path.with_name(f"{run_stem(SPOILT, run=2)}.nii.gz"))
    line = line_of()
    assert f"2 runs (1, 2) [subject {SPOILT}]" in line
    assert "set scans.runs=first, or scans.runs=average" in line


@pytest.mark.fault(26, "adhd")
def test_row_26_images_that_are_not_here_are_asked_for_by_their_names(line_of, tmp_path):
    (tmp_path / "mine.yaml").write_text(MINE)
    line = line_of()
    assert "ADHD200-athena has to be put here by hand" in line
    assert "get it from https://www.nitrc.org" in line


def test_a_wrong_name_is_answered_before_anything_runs(study, line_of):
    line = line_of("models=[3-cycle]", code=2)
    assert "unknown model '3-cycle', did you mean '3-cycles'?" in line


def change_course(root, change):
    """Change the course of one voxel of the brain."""
    path = image_of(root)
    image = nib.load(path)
    values = np.asarray(image.dataobj, dtype=np.float32)
    inside = np.argwhere(np.asarray(nib.load(root / MASK_NAME).dataobj) > 0)
    values[tuple(inside[3])] = change(values[tuple(inside[3])])
    nib.save(nib.Nifti1Image(values, image.affine), path)


@pytest.mark.fault(3, "adhd")
def test_row_3_a_flat_voxel_is_named(study, line_of):
    change_course(study, lambda course: np.full_like(course, 7))
    line = line_of()
    assert "1 of 570 courses are constant or hold NaN or infinity" in line
    assert f"subject {SPOILT}, run 1, voxel 3 at (" in line


@pytest.mark.fault(5, "adhd")
def test_row_5_infinite_values_are_named(study, line_of):
    change_course(study, lambda course: np.where(np.arange(len(course)) == 5, np.inf, course))
    line = line_of()
    assert "1 of 570 courses are constant or hold NaN or infinity" in line
    assert f"subject {SPOILT}, run 1, voxel 3 at (" in line


@pytest.mark.fault(9, "adhd")
def test_row_9_a_truncated_image_is_named_with_what_to_do(study, line_of):
    path = image_of(study)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    line = line_of()
    assert "the image cannot be read" in line
    assert path.name in line
    assert "it may be cut short: fetch or copy it again" in line


@pytest.mark.fault(13, "adhd")
def test_row_13_a_filter_edge_above_nyquist_gives_both_numbers(study, line_of):
    line = line_of("scans.low_pass=2")
    assert "low_pass of 2 Hz reaches above the Nyquist frequency 0.25 Hz" in line
    assert "lower scans.low_pass" in line


@pytest.mark.fault(14, "adhd")
def test_row_14_a_single_group_has_nothing_to_tell_apart(study, line_of):
    path = next(study.rglob(PHENOTYPE_TABLE))
    table = pd.read_csv(path, sep="\t")
    table.assign(DX=0).to_csv(path, sep="\t", index=False)
    line = line_of()
    assert "0" in line
    assert "group" in line or "class" in line


@pytest.mark.fault(15, "adhd")
def test_row_15_a_single_site_is_told_with_the_protocols_that_are_possible(study, line_of):
    line = line_of("protocols=[leave_one_site_out]", until="train")
    assert "site" in line
    assert "stratified" in line
