"""The best image retrieval that any decoder could reach, known where responses are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.datasets.simulate.responses_optimal import optimal_scores
from neurodecode.mindbridge.retrieval import retrieve_by

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.mindbridge.study import Study


def optimal_hits(study: Study, subject: str, root: Path) -> NDArray[np.float64]:
    """Return how often the optimal decoder finds each test stimulus, in the sets of the run.

    It knows the voxels' mean responses to all stimuli and the covariance of the noise, sees all
    voxels before they are pooled, and takes the likeliest stimulus of the set (see
    :func:`~neurodecode.datasets.simulate.responses_optimal.optimal_scores`). What a model reaches
    beyond the mean of these hits is luck.

    Parameters
    ----------
    study : Study
    subject : str
    root : Path
        Folder of the simulated data set.

    Returns
    -------
    ndarray, shape (n_stimuli,)
        0 to 1, in the order of ``study.data(subject, "test", ...)``; NaN for a stimulus in no set.

    Raises
    ------
    DataFault
        If the simulation does not know the subject or a stimulus.
    """
    stimuli, responses = _averaged(study, subject)
    # A row's likelihoods are in the same order whatever the number of repetitions averaged.
    likelihood = optimal_scores(root, subject, responses, stimuli)
    chosen = study.config.evaluation
    found = retrieve_by(
        likelihood, set_size=chosen.set_size, n_sets=chosen.n_sets, seed=study.config.seed
    )
    return found.brain_to_image.by_query


def _averaged(study: Study, subject: str) -> tuple[list[str], NDArray[np.float64]]:
    """Return test stimuli, sorted, and the responses to each averaged over its trials."""
    store = study.store(subject)
    trials = study.trials_of(store, "test")
    rows = {str(name): place for name, place in trials.groupby("stimulus").groups.items()}
    stimuli = sorted(rows)
    means = [store.signals[rows[name].to_numpy()].mean(axis=0, dtype=float) for name in stimuli]
    return stimuli, np.stack(means)
