"""Harmonised and ranked measures of one split, each computed once for all that is searched."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sklearn.preprocessing import StandardScaler

from neurodecode.morphometry.combat import ComBat
from neurodecode.morphometry.harmonizer import PolynomialHarmonizer
from neurodecode.morphometry.rankings import order_of, rank_features
from neurodecode.morphometry.subjects import COVARIATES, finite_columns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.morphometry.settings import SearchSettings

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]


@dataclass
class FoldFeatures:
    """Measures of one split as every candidate needs them.

    Attributes
    ----------
    table : DataFrame
        Everybody, measures and covariates.
    groups : ndarray, shape (n_subjects,)
    measures : list of str
    train, test : ndarray of int
        Rows of the split; nothing is learned from ``test``.
    settings : SearchSettings
    everyone : ndarray of int
        Rows that a leaky selection ranks on.
    """

    table: pd.DataFrame
    groups: NDArray[np.intp]
    measures: list[str]
    train: Rows
    test: Rows
    settings: SearchSettings
    everyone: Rows
    _values: dict[str, tuple[Floats, Floats, Floats]] = field(default_factory=dict)
    _scaled: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)
    _harmonizers: dict[str, PolynomialHarmonizer | ComBat] = field(default_factory=dict)
    _scalers: dict[str, StandardScaler] = field(default_factory=dict)
    _orders: dict[tuple[str, str], Rows] = field(default_factory=dict)

    def chosen(
        self, harmonisation: str, ranking: str, k: int, *, standardised: bool
    ) -> tuple[Floats, Floats]:
        """Return the k best measures of training and test people, in the table's order.

        Parameters
        ----------
        harmonisation, ranking : str
        k : int
        standardised : bool
            To mean 0 and SD 1 of the training people.
        """
        best = np.sort(self.order(harmonisation, ranking)[:k])
        train, test, _ = self._harmonised(harmonisation)
        if standardised:
            train, test = self._standardised(harmonisation)
        return train[:, best], test[:, best]

    def order(self, harmonisation: str, ranking: str) -> Rows:
        """Return measures from the best to the worst of a ranking."""
        key = harmonisation, ranking
        if key not in self._orders:
            train, _, everyone = self._harmonised(harmonisation)
            leaky = self.settings.leaky_selection
            values, rows = (everyone, self.everyone) if leaky else (train, self.train)
            self._orders[key] = order_of(rank_features(ranking, values, self.groups[rows]))
        return self._orders[key]

    def harmonizer(self, name: str) -> PolynomialHarmonizer | ComBat | None:
        """Return what the training people fitted; None where measures stay raw."""
        self._harmonised(name)
        return self._harmonizers.get(name)

    def scaler(self, name: str) -> StandardScaler:
        """Return the scaler of all harmonised measures, fitted on the training people."""
        self._standardised(name)
        return self._scalers[name]

    def _harmonised(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Return measures of training and test people, and of everyone for a leaky selection."""
        if name not in self._values:
            parts = [self.train, self.test]
            parts.append(self.everyone if self.settings.leaky_selection else self.test[:0])
            if name == "raw":
                values = finite_columns(self.table, self.measures)
                found = [values[rows] for rows in parts]
            else:
                found = self._learned(name, parts)
            self._values[name] = (found[0], found[1], found[2])
        return self._values[name]

    def _standardised(self, name: str) -> tuple[Floats, Floats]:
        if name not in self._scaled:
            train, test, _ = self._harmonised(name)
            scaler = self._scalers[name] = StandardScaler().fit(train)
            self._scaled[name] = scaler.transform(train), scaler.transform(test)
        return self._scaled[name]

    def _learned(self, name: str, parts: list[Rows]) -> list[Floats]:
        harmonizer = self._harmonizers[name] = make_harmonizer(name, self.settings)
        used = [name for name in self.table if name in COVARIATES or name in self.measures]
        table = self.table[used]
        harmonizer.fit(table.iloc[self.train], self.groups[self.train])
        columns = [list(harmonizer.measures_).index(measure) for measure in self.measures]
        return [
            harmonizer.transform(table.iloc[rows])[:, columns]
            if len(rows) else finite_columns(table.iloc[rows], self.measures)
            for rows in parts
        ]  # fmt: skip


def make_harmonizer(name: str, settings: SearchSettings) -> PolynomialHarmonizer | ComBat:
    """Build the unfitted harmonizer of a name other than "raw"."""
    if name == "combat":
        return ComBat(tuple(c for c in settings.covariates if c != "etiv"))
    return PolynomialHarmonizer(
        settings.covariates,
        degree=settings.degree,
        site="site" if settings.site_term else None,
        unknown_site="mean",
        fit_on=settings.fit_on,
        output=name,
        spread=None if settings.spread == "constant" else settings.spread,
    )
