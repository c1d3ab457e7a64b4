"""The peer: the augmented covariance search as MOABB, pyRiemann and scikit-learn run it."""

from __future__ import annotations

import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from moabb.pipelines.features import AugmentedDataset
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Setting = tuple[float, str]


def time_peer(
    X: NDArray[Any],
    y: NDArray[Any],
    point: tuple[int, int],
    settings: Sequence[Setting],
    *,
    n_splits: int,
    n_jobs: int,
    seed: int,
) -> tuple[float, list[float]]:
    """Score classifier settings at one (order, lag) as MOABB's "AUG Tang SVM Grid" does.

    Training scores are computed too, as MOABB asks for them. Warnings of means that stop before
    they converge are silenced: they are part of what is timed.

    Returns
    -------
    seconds : float
        Wall time per setting. With several workers, give as many settings, so that the folds keep
        all of them busy as they are in a whole search.
    scores : list of float
        Mean ROC-AUC over the inner folds of each setting, NaN where the peer failed.
    """
    pipeline = make_pipeline(
        AugmentedDataset(), Covariances("cov"), TangentSpace(metric="riemann"), SVC()
    )
    order, lag = point
    grid = [
        {
            "augmenteddataset__order": [order],
            "augmenteddataset__lag": [lag],
            "svc__C": [C],
            "svc__kernel": [kernel],
        }
        for C, kernel in settings
    ]
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=seed)
    search = GridSearchCV(
        pipeline, grid, cv=folds, scoring="roc_auc", refit=False, return_train_score=True,
        n_jobs=n_jobs,
    )  # fmt: skip
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            search.fit(X, y)
        except ValueError:  # what scikit-learn raises when every fit failed
            return time.perf_counter() - began, [np.nan] * len(settings)
    seconds = (time.perf_counter() - began) / len(settings)
    return seconds, [float(score) for score in search.cv_results_["mean_test_score"]]
