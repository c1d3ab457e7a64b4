"""A person's way to a score: harmonisation, selected measures, scaling, classifier."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from threadpoolctl import threadpool_limits

from neurodecode.morphometry.fitting import Sigmoid, score_people
from neurodecode.morphometry.subjects import finite_columns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.preprocessing import StandardScaler

    from neurodecode.morphometry.combat import ComBat
    from neurodecode.morphometry.harmonizer import PolynomialHarmonizer

    Floats = NDArray[np.float64]

TRUSTED = (
    "imblearn.ensemble._weight_boosting.RUSBoostClassifier",
    "imblearn.pipeline.Pipeline",
    "imblearn.under_sampling._prototype_selection._random_under_sampler.RandomUnderSampler",
    "neurodecode.morphometry.combat.ComBat",
    "neurodecode.morphometry.covariates.CovariateBasis",
    "neurodecode.morphometry.estimators.inverse_square",
    "neurodecode.morphometry.harmonizer.PolynomialHarmonizer",
    "neurodecode.morphometry.kernel_nb.KernelNB",
    "sklearn.tree._tree.Tree",
)
"""Types and functions that a saved model may hold beside scikit-learn's own."""


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasureModel:
    """Fitted on one outer training part; ``state`` is what is saved.

    Attributes
    ----------
    harmonizer : PolynomialHarmonizer, ComBat or None
        None: raw measures.
    measures : tuple of str
        All that could be selected, in order.
    selected : ndarray of int, shape (n_selected,)
        Places of those that the classifier reads, ascending.
    scaler : StandardScaler or None
        Of all harmonised measures.
    classifier : estimator
    cut : float
        Score above which a person is called a converter.
    sigmoid : Sigmoid or None
        From decision values to posteriors, where the classifier has none.
    """

    harmonizer: PolynomialHarmonizer | ComBat | None
    measures: tuple[str, ...]
    selected: NDArray[np.intp]
    scaler: StandardScaler | None
    classifier: Any
    cut: float
    sigmoid: Sigmoid | None

    @property
    def names(self) -> tuple[str, ...]:
        """Measures that the classifier reads."""
        return tuple(self.measures[place] for place in self.selected)

    @property
    def covariates(self) -> tuple[str, ...]:
        """Columns beside the measures that the harmonisation reads."""
        if self.harmonizer is None:
            return ()
        site = self.harmonizer.site
        return (*map(str, self.harmonizer.covariates), *(() if site is None else (str(site),)))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that :meth:`scores` takes, in order."""
        if self.harmonizer is None:
            return self.measures
        return tuple(map(str, self.harmonizer.feature_names_in_))

    def scores(self, table: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return score, posterior and call of people, each of shape (n_people,).

        The same operations on arrays of the same shape as in the search, so that the people of an
        outer fold get the same numbers to the last bit.

        Parameters
        ----------
        table : DataFrame
            With :attr:`columns`; those that are neither selected nor covariates may hold anything
            that is finite.

        Raises
        ------
        DataFault
            If a value is missing, or a site is unknown where one is needed.
        """
        with threadpool_limits(1):  # as in the search: threads add in another order
            scores, _ = score_people(self.classifier, self._features(table))
            posterior = scores if self.sigmoid is None else self.sigmoid.posterior(scores)
        return scores, posterior, scores > self.cut

    def _features(self, table: pd.DataFrame) -> Floats:
        if self.harmonizer is None:
            values = finite_columns(table, self.measures)
        else:
            places = [list(self.harmonizer.measures_).index(name) for name in self.measures]
            values = self.harmonizer.transform(table[list(self.columns)])[:, places]
        if self.scaler is not None:
            values = self.scaler.transform(values)
        return np.asarray(values[:, self.selected])

    @property
    def state(self) -> dict[str, Any]:
        """Return what :meth:`from_state` reads."""
        state = {field.name: getattr(self, field.name) for field in fields(self)}
        sigmoid = self.sigmoid
        state["measures"] = list(self.measures)
        state["sigmoid"] = None if sigmoid is None else {**vars(sigmoid)}
        return state

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build it again from a saved state."""
        sigmoid = state["sigmoid"]
        kept = {field.name: state[field.name] for field in fields(cls)}
        kept["measures"] = tuple(state["measures"])
        kept["sigmoid"] = None if sigmoid is None else Sigmoid(**sigmoid)
        return cls(**kept)
