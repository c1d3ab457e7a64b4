"""The nested search as one would write it first with scikit-learn: a pipeline per candidate."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgWarning
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline

from neurodecode.morphometry.candidates import Candidate, draw_candidates
from neurodecode.morphometry.classifiers import make_classifier
from neurodecode.morphometry.fold_features import make_harmonizer
from neurodecode.morphometry.replicates import (
    inner_folds,
    outer_folds,
    replicate_rows,
    search_key,
    seed_of,
)
from neurodecode.morphometry.selector import RankedSelector
from neurodecode.morphometry.subjects import measures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.morphometry.settings import SearchSettings

    Rows = NDArray[np.intp]


def plain_nested_search(
    table: pd.DataFrame,
    groups: Rows,
    settings: SearchSettings,
    *,
    folds: Sequence[int] | None = None,
) -> pd.DataFrame:
    """Search by a loop over candidates and inner folds that fits a whole pipeline each time.

    Harmonisation, ranking, classifier, candidates and folds are those of
    :func:`neurodecode.morphometry.nested_search` with a preset or random search on the criterion
    "roc_auc"; nothing is kept from one candidate to the next.

    Parameters
    ----------
    table, groups, settings
        As of :func:`neurodecode.morphometry.nested_search`.
    folds : sequence of int, optional
        Outer folds of the first replicate to carry out; default: all folds of all replicates.

    Returns
    -------
    DataFrame
        One row per model, replicate, outer fold and person: ``classifier``, ``harmonisation``,
        ``replicate``, ``fold``, ``subject``, ``score`` and ``inner``.
    """
    made = []
    for replicate in range(settings.n_replicates if folds is None else 1):
        rows = replicate_rows(groups, settings, replicate)
        for fold in outer_folds(table, groups, rows, settings, replicate):
            if folds is not None and int(fold.fold) not in folds:
                continue
            train, test = rows[fold.train], rows[fold.test]
            place = replicate, int(fold.fold)
            for model in product(settings.classifiers, settings.harmonisations):
                search = _PlainSearch(table, groups, settings, train, place, *model)
                best, inner = search.best()
                made.append(pd.DataFrame({
                    "classifier": model[0], "harmonisation": model[1], "replicate": replicate,
                    "fold": place[1], "subject": table.index[test].astype(str),
                    "score": search.fitted(best, train, test), "inner": inner,
                }))  # fmt: skip
    return pd.concat(made, ignore_index=True)


@dataclass(frozen=True)
class _PlainSearch:
    """The loop of one model in one outer training part."""

    table: pd.DataFrame
    groups: Rows
    settings: SearchSettings
    train: Rows
    place: tuple[int, int]
    classifier: str
    harmonisation: str

    def best(self) -> tuple[Candidate, float]:
        """Return the first of the best candidates and its mean inner AROC."""
        folds = inner_folds(self.table, self.groups, self.train, self.settings, self.place)
        key = search_key(self.settings, self.place, self.classifier)
        candidates = draw_candidates(self.classifier, self.settings, key)
        scores = []
        for candidate in candidates:
            of_folds = []
            for fold in folds:
                first, second = self.train[fold.train], self.train[fold.test]
                values = self.fitted(candidate, first, second)
                of_folds.append(roc_auc_score(self.groups[second], values))
            scores.append(float(np.mean(of_folds)))
        place = int(np.argmax(scores))
        return candidates[place], scores[place]

    def fitted(self, candidate: Candidate, train: Rows, test: Rows) -> NDArray[np.float64]:
        """Fit the pipeline of a candidate on some people and score others."""
        model = self._pipeline(candidate, len(train))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", LinAlgWarning)
            model.fit(self.table.iloc[train], self.groups[train])
        people = self.table.iloc[test]
        if hasattr(model, "predict_proba"):
            return np.asarray(model.predict_proba(people)[:, 1])
        return np.asarray(model.decision_function(people))

    def _pipeline(self, candidate: Candidate, n_train: int) -> Pipeline:
        measures = measures_of(self.table)
        key = search_key(self.settings, self.place, self.classifier)
        return make_pipeline(
            ColumnTransformer([("measures", "passthrough", measures)])
            if self.harmonisation == "raw"
            else make_harmonizer(self.harmonisation, self.settings),
            RankedSelector(candidate.n_features, ranking=candidate.ranking),
            make_classifier(
                self.classifier, n_train=n_train,
                n_features=min(candidate.n_features, len(measures)),
                random_state=seed_of(key), **candidate.parameters,
            ),
        )  # fmt: skip
