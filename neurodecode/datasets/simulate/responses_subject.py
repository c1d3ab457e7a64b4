"""One simulated subject of an fMRI study: its voxels, trials and files."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.artefacts import atomic_path
from neurodecode.datasets.simulate.responses_model import (
    VoxelModel,
    ellipsoid,
    rectified,
    smooth_fields,
    unit_rows,
)
from neurodecode.datasets.simulate.responses_stimuli import SHARED

Array = NDArray[np.floating[Any]]

GAIN_SPREAD = 0.4
"""Standard deviation of the logarithm of the voxels' gains."""
VOXEL_MM = 2.0
N_FIELDS, N_OTHERS = 64, 128
"""Smooth fields of noise, and other stimuli whose responses are noise."""
_MODEL, _TRIALS = 8, 9  # streams of random numbers; stimuli have others


@dataclass(frozen=True)
class Settings:
    """Options of ``simulate_responses`` that make a subject, stated there."""

    n_voxels: tuple[int, ...]
    n_repetitions: int
    n_train_repetitions: int
    trials_per_run: int
    ncsnr: tuple[float, ...]
    smoothness: float
    active: float
    smooth_noise: float
    ongoing_noise: float
    random_state: int


def write_subject(
    folder: Path,
    subject: str,
    number: int,
    table: pd.DataFrame,
    features: Array,
    settings: Settings,
) -> None:
    """Draw one subject and write responses, trials, mask and truth.

    Parameters
    ----------
    folder : Path
        Root of the data set.
    subject : str
        Label.
    number : int
        Place among the subjects, which seeds all draws.
    table : DataFrame
        All stimuli, with ``stimulus`` and ``owner``.
    features : ndarray, shape (n_stimuli, n_features)
        What the brain follows.
    settings : Settings
    """
    model, inside = make_model(subject, number, features.shape[1], settings)
    rng = np.random.default_rng([settings.random_state, _TRIALS, number])
    trials = _trials(table, f"s{subject}", settings, rng)
    rows = trials.pop("row").to_numpy()
    responses = model.answers(features[rows]) + model.draw_noise(len(rows), rng)
    base = folder / f"sub-{subject}" / f"sub-{subject}"
    write_table(base.with_name(f"{base.name}_trials.tsv"), trials)
    with (
        atomic_path(base.with_name(f"{base.name}_responses.npy")) as path,
        path.open("wb") as file,
    ):
        np.save(file, responses.astype(np.float32), allow_pickle=False)
    _write_mask(base.with_name(f"{base.name}_mask.nii.gz"), inside)
    model.write(folder)


def make_model(
    subject: str, number: int, n_features: int, settings: Settings
) -> tuple[VoxelModel, NDArray[np.bool_]]:
    """Draw the voxels of one subject, and the grid that is true where they are.

    Parameters
    ----------
    subject : str
        Label.
    number : int
        Place among the subjects, which seeds the draw.
    n_features : int
        Numbers that the voxels follow.
    settings : Settings
        Of the simulation.
    """
    rng = np.random.default_rng([settings.random_state, _MODEL, number])
    n_voxels = settings.n_voxels[number % len(settings.n_voxels)]
    inside = ellipsoid(n_voxels, rng)
    mixing = unit_rows(smooth_fields(inside, n_features, settings.smoothness, rng))
    modes = unit_rows(smooth_fields(inside, N_FIELDS, settings.smoothness, rng))
    gains = np.exp(GAIN_SPREAD * rng.standard_normal(n_voxels))
    voxels = {
        "ncsnr": float(settings.ncsnr[number % len(settings.ncsnr)]),
        "active": settings.active,
        "mixing": mixing,
        "gains": gains / np.sqrt((gains**2).mean()),
    }
    others = rectified(mixing, rng.standard_normal((N_OTHERS, n_features)), settings.active)
    shared = {
        "smooth": (settings.smooth_noise, modes),
        "ongoing": (settings.ongoing_noise, unit_rows((others - others.mean(axis=0)).T)),
    }
    noise = np.hstack([np.sqrt(share) * columns for share, columns in shared.values()])
    white = 1 - sum(share for share, _ in shared.values())
    return VoxelModel(subject=subject, white=white, noise=noise, **voxels), inside


def _trials(
    table: pd.DataFrame, owner: str, settings: Settings, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the trials of a subject in the order of the experiment, with rows of the features."""
    own = np.flatnonzero(table["owner"] == owner)
    shared = np.flatnonzero(table["owner"] == SHARED)
    rows = np.concatenate(
        [np.repeat(own, settings.n_train_repetitions), np.repeat(shared, settings.n_repetitions)]
    )
    rows = rng.permutation(rows)
    stimuli = table["stimulus"].to_numpy()[rows]
    trials = pd.DataFrame({"stimulus": stimuli, "row": rows})
    trials["repetition"] = trials.groupby("stimulus").cumcount() + 1
    trials["run"] = [str(place // settings.trials_per_run + 1) for place in range(len(rows))]
    trials["part"] = np.where(np.isin(rows, shared), "test", "train")
    return trials


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a tab-separated table, atomically."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, na_rep="n/a")


def _write_mask(path: Path, inside: NDArray[np.bool_]) -> None:
    import nibabel

    make_image: Any = nibabel.Nifti1Image
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    stored = gzip.compress(make_image(inside.astype(np.uint8), affine).to_bytes(), mtime=0)
    with atomic_path(path) as temporary:
        temporary.write_bytes(stored)
