"""Fit and apply decoders on every fold, with each kind of covariance computed once.

The features of a decoder are stateless (one matrix per trial, no training), so computing them
before the folds are cut leaks nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from neurodecode.riemann.config import FIXED, SHUFFLED_LABELS
from neurodecode.riemann.decoders import decision_scores, make_decoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from neurodecode.evaluation.folds import Fold
    from neurodecode.riemann.config import ModelSection
    from neurodecode.riemann.selection import Selector

Models = dict[str, dict[str, Pipeline]]


class FeatureCache:
    """Covariance matrices of one set of trials, computed once per kind."""

    def __init__(self, X: NDArray[Any]) -> None:
        self.X = X
        self._kept: dict[str, NDArray[np.float64]] = {}

    def __call__(self, decoder: Pipeline) -> NDArray[np.float64]:
        """Return the matrices of this decoder's features, (n_trials, n, n)."""
        features = decoder.named_steps["features"]
        key = repr(features)
        if key not in self._kept:
            self._kept[key] = features.fit(self.X).transform(self.X)
        return self._kept[key]


def fit_folds(
    names: Iterable[str],
    model: ModelSection,
    X: NDArray[Any],
    y: NDArray[np.str_],
    folds: Sequence[Fold],
    *,
    seed: int,
    selector: Selector | None = None,
) -> Models:
    """Fit every decoder on every fold's training trials.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_samples)
    y : ndarray of str, shape (n_trials,)
    folds : sequence of Fold
    selector : Selector, optional
        Fits the decoders whose order and lag are chosen on the training trials.

    Returns
    -------
    dict
        ``models[fold name][decoder name]``, each a fitted pipeline from trials to classes.
    """
    cache = FeatureCache(X)
    models: Models = {fold.name: {} for fold in folds}
    for name in names:
        for fold in folds:
            if name not in FIXED:
                assert selector is not None
                models[fold.name][name] = selector.fit(name, fold)
                continue
            decoder = make_decoder(name, model, random_state=seed)
            matrices, labels = cache(decoder)[fold.train], y[fold.train]
            if name == SHUFFLED_LABELS:
                rng = np.random.default_rng([seed, crc32(fold.name.encode())])
                labels = rng.permutation(labels)
            decoder.named_steps["classifier"].fit(matrices, labels)
            models[fold.name][name] = decoder
    return models


def predict_folds(
    models: Models, X: NDArray[Any], trials: pd.DataFrame, folds: Sequence[Fold]
) -> pd.DataFrame:
    """Apply each fold's decoders to its held-out trials.

    Parameters
    ----------
    trials : DataFrame
        ``subject, session, trial, label``; other columns are ignored.

    Returns
    -------
    DataFrame
        ``model, subject, session, fold, trial, y_true, y_pred`` and ``score_<class>``.
    """
    cache = FeatureCache(X)
    parts = [
        predict_fold(name, decoder, cache(decoder)[fold.test], trials.iloc[fold.test], fold.name)
        for fold in folds
        for name, decoder in models[fold.name].items()
    ]
    return pd.concat(parts, ignore_index=True)


def predict_fold(
    name: str, decoder: Pipeline, matrices: NDArray[Any], trials: pd.DataFrame, fold: str
) -> pd.DataFrame:
    """Apply one fold's decoder to the matrices (n_trials, n, n) of its held-out trials.

    Returns
    -------
    DataFrame
        The columns of :func:`predict_folds`.
    """
    classifier = decoder.named_steps["classifier"]
    scores = decision_scores(classifier, matrices)
    columns: Mapping[str, Any] = {
        "model": name,
        "subject": trials["subject"].to_numpy(),
        "session": trials["session"].to_numpy(),
        "fold": fold,
        "trial": trials["trial"].to_numpy(),
        "y_true": trials["label"].to_numpy(),
        "y_pred": classifier.predict(matrices),
        **{f"score_{c}": scores[:, i] for i, c in enumerate(classifier.classes_)},
    }
    return pd.DataFrame(columns)
