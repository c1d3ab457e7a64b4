r"""The best a decoder can do on simulated responses: noise ceilings, and the exact likelihood.

With the mean responses :math:`\mu_c` to the candidates known, the average :math:`y` of :math:`r`
repetitions has

.. math::

    \log p(y \mid c) = r \left( \mu_c^\top \Sigma^{-1} y - \tfrac{1}{2} \mu_c^\top \Sigma^{-1}
        \mu_c \right) + \text{const}, \qquad \Sigma = w I + A A^\top,

and the candidate of the largest likelihood is right most often. That bounds every decoder that
sees the responses and is asked which candidate they are to. :math:`\Sigma^{-1}` goes through the
few columns of :math:`A` (Woodbury).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from neurodecode.datasets.simulate.forward_model import TRUTH
from neurodecode.datasets.simulate.optimal import ranks_of
from neurodecode.datasets.simulate.responses_model import VoxelModel
from neurodecode.faults import DataFault, unknown

Array = NDArray[np.floating[Any]]

FEATURES = "features.parquet"


def noise_ceiling(folder: Path, subject: str, n_repetitions: int = 1) -> Array:
    r"""Return the share of each voxel's variance over stimuli that can be explained.

    .. math:: NC = \frac{\sigma_s^2}{\sigma_s^2 + 1 / r}, \qquad \sigma_s = \text{ncsnr}\, g_v,

    the noise ceiling of the Natural Scenes Dataset (Allen et al. 2022, Nature Neuroscience 25,
    116-126), not in per cent.

    Parameters
    ----------
    folder : Path
        Root of a simulated data set.
    subject : str
        Label, such as ``"01"``.
    n_repetitions : int, default=1
        Trials that are averaged.

    Returns
    -------
    ndarray, shape (n_voxels,)
    """
    model = VoxelModel.read(folder, subject)
    variance = (model.ncsnr * model.gains) ** 2
    ceiling: Array = variance / (variance + 1 / n_repetitions)
    return ceiling


def optimal_scores(
    folder: Path,
    subject: str,
    responses: Array,
    candidates: Sequence[str],
    *,
    n_repetitions: int = 1,
) -> Array:
    """Return the log-likelihood (n_trials, n_candidates) of responses, up to a constant per row.

    Parameters
    ----------
    folder : Path
        Root of a simulated data set.
    subject : str
        Label, such as ``"01"``.
    responses : ndarray, shape (n_trials, n_voxels)
        As the file has them, each the average of ``n_repetitions`` trials of one stimulus.
    candidates : sequence of str
        Stimuli to tell apart.
    n_repetitions : int, default=1

    Raises
    ------
    DataFault
        If the subject or a candidate is unknown, or the number of voxels differs.
    """
    model = VoxelModel.read(folder, subject)
    if responses.shape[1] != len(model.gains):
        what = f"{responses.shape[1]} voxels, subject {subject} has {len(model.gains)}"
        raise DataFault(what, where=str(folder), fix="give all voxels, in the order of the file")
    means = model.answers(read_features(folder, candidates))
    weighted = _solve(model, means)
    energy = np.einsum("cv,cv->c", means, weighted)
    scores: Array = n_repetitions * (responses @ weighted.T - energy / 2)
    return scores


def optimal_ranks(
    folder: Path, subject: str, responses: Array, stimuli: Sequence[str], *, n_repetitions: int = 1
) -> NDArray[np.int64]:
    """Rank the stimulus of each response among all of ``stimuli``; 1 is best.

    Parameters
    ----------
    folder, subject, responses, n_repetitions
        See :func:`optimal_scores`.
    stimuli : sequence of str, shape (n_trials,)
        What each response is to; the distinct ones are the candidates.
    """
    codes, candidates = pd.factorize(np.asarray(stimuli, dtype=object))
    scores = optimal_scores(
        folder, subject, responses, candidates.tolist(), n_repetitions=n_repetitions
    )
    return ranks_of(scores, codes.astype(np.int64))


def read_features(folder: Path, stimuli: Sequence[str]) -> Array:
    """Return what the simulated brains follow (n, n_features) of some stimuli.

    Raises
    ------
    DataFault
        If the file is missing, or a stimulus is unknown, with the nearest one.
    """
    path = folder / TRUTH / FEATURES
    if not path.is_file():
        raise DataFault("file not found", where=str(path), fix="simulate the data set again")
    table = pd.read_parquet(path)
    places = {name: place for place, name in enumerate(table["stimulus"])}
    for name in stimuli:
        if name not in places:
            raise DataFault(unknown("stimulus", name, places), where=str(path))
    rows: Array = np.stack(table["features"].tolist())[[places[name] for name in stimuli]]
    return rows


def _solve(model: VoxelModel, rows: Array) -> Array:
    """Return rows (n, n_voxels) times the inverse of the noise's covariance."""
    inner = model.white * np.eye(model.noise.shape[1]) + model.noise.T @ model.noise
    explained = np.linalg.solve(inner, (rows @ model.noise).T).T @ model.noise.T
    solved: Array = (rows - explained) / model.white
    return solved
