"""Small data sets of responses, written by the tests in their true layouts."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

CATEGORIES = ("face", "house", "cat", "bottle", "scissors", "shoe", "chair", "scrambledpix")


def nifti(path, values, affine=None):
    """Write an array as NIfTI, float32 or uint8."""
    import nibabel

    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([2.0, 2.0, 3.0, 1.0]) if affine is None else affine
    nibabel.Nifti1Image(values, affine).to_filename(path)
    return path


def table(path, rows):
    """Write a tab-separated table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False, na_rep="n/a")


def responses_of(n_trials=4, n_voxels=6):
    return np.random.default_rng(0).standard_normal((n_trials, n_voxels)).astype(np.float32)


@pytest.fixture
def write():
    """Return the functions that write files."""
    return {"nifti": nifti, "table": table}


@pytest.fixture
def local(tmp_path):
    """Write one subject as an array; return root and the responses."""
    root = tmp_path / "my study"
    base = root / "sub-01"
    base.mkdir(parents=True)
    stored = responses_of()
    np.save(base / "sub-01_responses.npy", stored)
    for name in ("a.png", "b.png"):
        (root / "stimuli").mkdir(exist_ok=True)
        (root / "stimuli" / name).touch()
    table(
        base / "sub-01_trials.tsv",
        {"image": ["a.png", "stimuli/b.png", "a.png", "b.png"], "run": ["1", "1", "2", "2"]},
    )
    return root, stored


def haxby_labels(n_runs, empty_run, rng):
    """Return label and run of every volume: blocks of four, between volumes of rest."""
    labels = []
    for run in range(n_runs):
        order = ["rest"] * 2
        for name in rng.permutation(CATEGORIES):
            order += [str(name)] * 4 + ["rest"] * 3
        labels += [("rest" if run == empty_run else name, run) for name in order]
    return labels


def haxby_volumes(inside, labels, noise, rng):
    """Return volumes that follow the labels 5 s later, with a level and a drift in each run."""
    patterns = {name: rng.standard_normal(inside.shape) for name in CATEGORIES}
    volumes = []
    for place, (_, run) in enumerate(labels):
        cause = labels[place - 2] if place >= 2 else ("rest", run)
        signal = patterns.get(cause[0], 0.0) if cause[1] == run else 0.0
        level = 100 * (run + 1) + 0.02 * place
        volumes.append(level + signal + noise * rng.standard_normal(inside.shape))
    return np.stack(volumes, axis=-1).astype(np.float32)


def lay_haxby(folder, number=1, *, n_runs=4, empty_run=None, noise=0.3, nan=False):
    """Lay one subject and the pictures out as nilearn's fetcher does."""
    rng = np.random.default_rng(number)
    inside = np.zeros((4, 3, 2), dtype=np.uint8)
    inside[1:3, :, 0] = 1
    inside[0, 0, 1] = number > 1  # masks differ in size
    labels = haxby_labels(n_runs, empty_run, rng)
    volumes = haxby_volumes(inside, labels, noise, rng)
    if nan:
        volumes[1, 2, 0, 5] = np.nan
    base = folder / f"subj{number}"
    nifti(base / "bold.nii.gz", volumes)
    for name in ("mask4_vt", "mask8_face_vt", "mask8_house_vt", "mask8b_face_vt"):
        nifti(base / f"{name}.nii.gz", inside)
    house = np.zeros_like(inside)
    house[1, :2, 0] = 1
    nifti(base / "mask8b_house_vt.nii.gz", house)
    if number != 6:
        nifti(base / "anat.nii.gz", inside)
    lines = ["labels chunks", *(f"{name} {run}" for name, run in labels)]
    (base / "labels.txt").write_text("\n".join(lines) + "\n")
    nifti(folder / "mask.nii.gz", inside)
    (folder / "MD5SUMS").write_text("")
    for name in ("faces", "houses", "controls/scrambled"):
        (folder / "stimuli" / name).mkdir(parents=True, exist_ok=True)
        for picture in ("one", "two"):
            (folder / "stimuli" / name / f"{picture}.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "stimuli" / "README").write_text("pictures")


@pytest.fixture
def haxby(tmp_path):
    """Return a folder with one subject, and the function that lays more out."""
    folder = tmp_path / "haxby2001"
    lay_haxby(folder)
    return folder, lay_haxby


@pytest.fixture
def truncate():
    """Return a function that cuts a gzip file short, its header left whole."""

    def cut(path):
        whole = gzip.decompress(path.read_bytes())
        path.write_bytes(gzip.compress(whole)[: -(len(gzip.compress(whole)) // 2)])

    return cut
