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


@pytest.fixture
def haxby(tmp_path):
    """Lay one subject out as nilearn's fetcher does; return the folder and a writer of more."""

    def lay(folder, number=1, *, n_runs=4, empty_run=None, noise=0.3, nan=False):
        rng = np.random.default_rng(number)
        inside = np.zeros((4, 3, 2), dtype=np.uint8)
        inside[1:3, :, 0] = 1
        inside[0, 0, 1] = number > 1  # masks differ in size
        patterns = dict(zip(CATEGORIES, rng.standard_normal((8, *inside.shape)), strict=True))
        labels, volumes = [], []
        for run in range(n_runs):
            order = ["rest"] * 2
            for name in rng.permutation(CATEGORIES):
                order += [str(name)] * 4 + ["rest"] * 3
            if run == empty_run:
                order = ["rest"] * len(order)
            labels += [(name, run) for name in order]
            delayed = ["rest"] * 2 + order[:-2]  # the response comes 5 s later
            drift = 0.02 * np.arange(len(order))
            for name, line in zip(delayed, drift, strict=True):
                signal = patterns.get(name, np.zeros(inside.shape))
                volumes.append(100 * (run + 1) + signal + line + noise * rng.standard_normal())
        stacked = np.stack(volumes, axis=-1)
        stacked = stacked + noise * rng.standard_normal(stacked.shape)
        if nan:
            stacked[1, 2, 0, 5] = np.nan
        base = folder / f"subj{number}"
        nifti(base / "bold.nii.gz", stacked.astype(np.float32))
        for name in ("mask4_vt", "mask8_face_vt", "mask8_house_vt", "mask8b_face_vt"):
            nifti(base / f"{name}.nii.gz", inside)
        nifti(base / "mask8b_house_vt.nii.gz", np.where(inside.cumsum().reshape(inside.shape) < 3,
                                                        inside, 0).astype(np.uint8))  # fmt: skip
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
        return inside

    folder = tmp_path / "haxby2001"
    lay(folder)
    return folder, lay


@pytest.fixture
def truncate():
    """Return a function that cuts a gzip file short, its header left whole."""

    def cut(path):
        whole = gzip.decompress(path.read_bytes())
        path.write_bytes(gzip.compress(whole)[: -(len(gzip.compress(whole)) // 2)])

    return cut
