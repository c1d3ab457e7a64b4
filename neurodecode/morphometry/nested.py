"""Nested cross-validation with a search, inside Monte Carlo replicates."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn import config_context
from threadpoolctl import threadpool_limits

from neurodecode.faults import ConfigFault, DataFault, Fault
from neurodecode.morphometry.candidates import Candidate, Tried, best_candidate
from neurodecode.morphometry.classifiers import CLASSIFIERS
from neurodecode.morphometry.fitting import (
    Sigmoid,
    cut_of,
    fit_model,
    prevalence_cut,
    score_people,
)
from neurodecode.morphometry.fold_features import FoldFeatures
from neurodecode.morphometry.measure_model import MeasureModel
from neurodecode.morphometry.replicates import (
    inner_folds,
    outer_folds,
    replicate_rows,
    search_key,
    seed_of,
)
from neurodecode.morphometry.scores import call_scores, confusion, roc_auc
from neurodecode.morphometry.settings import SearchSettings
from neurodecode.morphometry.subjects import (
    COVARIATES,
    check_unique,
    finite_columns,
    measures_of,
    two_groups,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from neurodecode.evaluation.folds import Fold

    Rows = NDArray[np.intp]

MODEL = ["classifier", "harmonisation"]
"""Columns that name a model."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What a nested search predicted and chose.

    Attributes
    ----------
    predictions : DataFrame
        One row per model, replicate and person tested: ``classifier``, ``harmonisation``,
        ``replicate``, ``fold``, ``subject``, ``y_true``, ``score`` (posterior, or decision value of
        an SVM), ``posterior`` (of an SVM: a sigmoid fitted on inner held-out scores) and
        ``y_pred`` by the threshold rule.
    chosen : DataFrame
        One row per model, replicate and outer fold: ``ranking``, ``n_features``, ``parameters``
        (JSON), ``inner`` and ``outer`` (the criterion on the inner folds and on the outer test
        people), ``cut`` (of the score) and ``measures`` (a tuple, best first).
    measures : list of str
        All that could be selected.
    settings : SearchSettings
    kept : tuple of KeptFit
        Fits that :func:`nested_search` was asked to keep.
    """

    predictions: pd.DataFrame
    chosen: pd.DataFrame
    measures: list[str]
    settings: SearchSettings
    kept: tuple[KeptFit, ...] = ()


@dataclass(frozen=True, eq=False)
class KeptFit:
    """The model of one outer training part.

    Attributes
    ----------
    replicate, fold : int
    train, test : ndarray of int
        Rows of the table.
    model : MeasureModel
    chosen : dict
        Its row of :attr:`SearchResult.chosen`.
    """

    replicate: int
    fold: int
    train: Rows
    test: Rows
    model: MeasureModel
    chosen: dict[str, Any]


def nested_search(
    table: pd.DataFrame,
    groups: ArrayLike,
    settings: SearchSettings,
    *,
    measures: Sequence[str] | None = None,
    draws: Sequence[ArrayLike] | None = None,
    pairs: Sequence[Rows] | None = None,
    keep: tuple[str, str] | None = None,
) -> SearchResult:
    """Tell converters from stable controls, with everything chosen inside training parts.

    Per replicate people are split anew into outer folds, stratified by group; a person is a row of
    the table, so nobody is on two sides. In each outer training part every candidate is scored by
    inner folds, in which harmonisation, ranking and classifier are fitted anew; the best is fitted
    on the outer training part and predicts the people left out. Harmonised measures and rankings
    are computed once per split and shared by all candidates and classifiers.

    Parameters
    ----------
    table : DataFrame
        One row per person, the index their name; measures and covariates.
    groups : array-like, shape (n_subjects,)
        0 stable control, 1 converter.
    settings : SearchSettings
    measures : sequence of str, optional
        Columns to select from; default: all that are not covariates.
    draws : sequence of array-like of int, optional
        Rows that take part in each replicate, such as matched sets drawn anew; then ``balance`` is
        not used.
    pairs : sequence of ndarray, shape (n_subjects,), optional
        A number per row and replicate; people of one number, such as matched pairs, are never on
        two sides of an outer or inner fold.
    keep : (str, str), optional
        Classifier and harmonisation whose fits of the first replicate are kept.

    Returns
    -------
    SearchResult
        The same for every ``n_jobs``.

    Raises
    ------
    DataFault
        If a person occurs twice, a value is missing, a column is absent, or a group has fewer
        people than folds.
    ConfigFault
        If a package that a setting needs is not installed.
    """
    check_unique(table)
    codes = two_groups(groups, len(table))
    names = _checked_measures(table, settings, measures)
    if draws is not None and len(draws) != settings.n_replicates:
        raise DataFault(f"{len(draws)} draws for {settings.n_replicates} replicates")
    jobs = []
    for replicate in range(settings.n_replicates):
        rows = replicate_rows(codes, settings, replicate, draws)
        together = None if pairs is None else np.asarray(pairs[replicate])
        folds = outer_folds(table, codes, rows, settings, replicate, together)
        jobs += [(replicate, fold, rows, together) for fold in folds]
    run = Parallel(n_jobs=settings.n_jobs)
    found = run(delayed(_outer_fold)(table, codes, names, settings, keep, *job) for job in jobs)
    return SearchResult(
        predictions=_sorted(pd.concat([part[0] for part in found]), ["replicate", "subject"]),
        chosen=_sorted(pd.concat([part[1] for part in found]), ["replicate", "fold"]),
        measures=names,
        settings=settings,
        kept=tuple(fit for part in found for fit in part[2]),
    )


def _outer_fold(
    table: pd.DataFrame,
    codes: Rows,
    measures: list[str],
    settings: SearchSettings,
    keep: tuple[str, str] | None,
    replicate: int,
    fold: Fold,
    rows: Rows,
    pairs: Rows | None,
) -> tuple[pd.DataFrame, pd.DataFrame, list[KeptFit]]:
    """Search all models in one outer training part; return predictions, choices, kept fits."""
    train, test = rows[fold.train], rows[fold.test]
    number = int(fold.fold)
    split = inner_folds(table, codes, train, settings, (replicate, number), pairs)
    # checks of values and parameters cost as much as a naive Bayes; ours ran before
    with threadpool_limits(1), config_context(assume_finite=True, skip_parameter_validation=True):

        def features(first: Rows, second: Rows) -> FoldFeatures:
            return FoldFeatures(table, codes, measures, first, second, settings, rows)

        inner = [(part, features(train[part.train], train[part.test])) for part in split]
        outer = features(train, test)
        predictions, chosen, kept = [], [], []
        for harmonisation, classifier in product(settings.harmonisations, settings.classifiers):
            key = search_key(settings, (replicate, number), classifier)
            search = _FoldSearch(classifier, harmonisation, inner, codes[train], settings, key)
            best = best_candidate(classifier, settings, search, key)
            made, choice, model = search.predicted(best, outer)
            place: dict[str, Any] = {"classifier": classifier, "harmonisation": harmonisation,
                     "replicate": replicate, "fold": number}  # fmt: skip
            predictions.append(
                made.assign(subject=table.index[test].astype(str), y_true=codes[test], **place)
            )
            chosen.append({**place, **choice})
            if keep == (classifier, harmonisation) and replicate == 0:
                kept.append(KeptFit(replicate, number, train, test, model, chosen[-1]))
    columns = [*place, "subject", "y_true", "score", "posterior", "y_pred"]
    return pd.concat(predictions)[columns], pd.DataFrame(chosen), kept


@dataclass(frozen=True)
class _FoldSearch:
    """Inner scores of candidates, and the outer predictions of the best; callable."""

    classifier: str
    harmonisation: str
    inner: list[tuple[Fold, FoldFeatures]]
    y: Rows
    settings: SearchSettings
    key: tuple[int, ...]

    def __call__(self, candidate: Candidate) -> Tried:
        held_out, scores = np.full(len(self.y), np.nan), []
        try:
            for fold, features in self.inner:
                values, is_posterior = self._scored(candidate, features)
                held_out[fold.test] = values
                calls = values > cut_of(is_posterior)
                scores.append(self._criterion(self.y[fold.test], values, calls))
        except Fault:
            raise
        except (np.linalg.LinAlgError, ValueError) as error:  # what a candidate's fit may raise
            return Tried(candidate, np.nan, held_out, f"{type(error).__name__}: {error}")
        return Tried(candidate, float(np.mean(scores)), held_out)

    def predicted(
        self, best: Tried, outer: FoldFeatures
    ) -> tuple[pd.DataFrame, dict[str, Any], MeasureModel]:
        """Fit the best candidate on the outer training part and predict the people left out."""
        classifier, test = self._fitted(best.candidate, outer)
        scores, is_posterior = score_people(classifier, test)
        cut = cut_of(is_posterior)
        if self.settings.threshold == "prevalence":
            cut = prevalence_cut(best.held_out, self.y)
        sigmoid = None if is_posterior else Sigmoid.fit(best.held_out, self.y)
        posterior = scores if sigmoid is None else sigmoid.posterior(scores)
        calls = scores > cut
        truth = outer.groups[outer.test]
        candidate = best.candidate
        order = outer.order(self.harmonisation, candidate.ranking)[: candidate.n_features]
        choice = {
            "ranking": candidate.ranking, "n_features": len(order),
            "parameters": candidate.worded(), "inner": best.score,
            "outer": self._criterion(truth, scores, calls), "cut": cut,
            "measures": tuple(outer.measures[i] for i in order),
        }  # fmt: skip
        made = pd.DataFrame({"score": scores, "posterior": posterior, "y_pred": calls.astype(int)})
        model = MeasureModel(
            harmonizer=outer.harmonizer(self.harmonisation), measures=tuple(outer.measures),
            selected=np.sort(order), classifier=classifier, cut=cut, sigmoid=sigmoid,
            scaler=outer.scaler(self.harmonisation) if self._standardised else None,
        )  # fmt: skip
        return made, choice, model

    def _scored(
        self, candidate: Candidate, features: FoldFeatures
    ) -> tuple[NDArray[np.float64], bool]:
        return score_people(*self._fitted(candidate, features))

    def _fitted(
        self, candidate: Candidate, features: FoldFeatures
    ) -> tuple[Any, NDArray[np.float64]]:
        """Return the fitted classifier, and the features of the people left out."""
        train, test = features.chosen(
            self.harmonisation, candidate.ranking, candidate.n_features,
            standardised=self._standardised,
        )  # fmt: skip
        known = features.groups[features.train]
        model = fit_model(
            self.classifier, candidate.parameters, train, known, random_state=seed_of(self.key)
        )
        return model, test

    @property
    def _standardised(self) -> bool:
        return CLASSIFIERS[self.classifier].standardised

    def _criterion(self, y: Rows, scores: NDArray[np.float64], calls: NDArray[np.bool_]) -> float:
        if self.settings.criterion == "roc_auc":
            return float(roc_auc(y, scores)[0])
        return float(call_scores(*confusion(y, calls))["mcc_prime"])


def _checked_measures(
    table: pd.DataFrame, settings: SearchSettings, measures: Sequence[str] | None
) -> list[str]:
    names = list(measures) if measures is not None else measures_of(table)
    if not names:
        raise DataFault("no measure to select from", where="the table's columns")
    finite_columns(table, names)
    both = [name for name in names if name in COVARIATES]
    if both and settings.harmonisations != ("raw",):
        raise ConfigFault(f"{', '.join(both)} cannot be a measure and be regressed out",
                          where="harmonisations", fix="use ('raw',)")  # fmt: skip
    return names


def _sorted(table: pd.DataFrame, within: list[str]) -> pd.DataFrame:
    """Return rows by model, in the order first met, then by the columns given."""
    order = {model: place for place, model in enumerate(
        table[MODEL].drop_duplicates().itertuples(index=False, name=None))}  # fmt: skip
    place = [order[model] for model in table[MODEL].itertuples(index=False, name=None)]
    return (
        table.assign(_place=place)
        .sort_values(["_place", *within], kind="stable", ignore_index=True)
        .drop(columns="_place")
    )
