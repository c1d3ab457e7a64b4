"""The ``mci`` pipeline's cohort, the settings of each form, and its audit by person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.datasets.morphometry.balance import match_pairs
from neurodecode.datasets.morphometry.names import GROUP, SUBJECT, measure_columns
from neurodecode.evaluation.audit import AuditRow, assert_no_leak, audit_folds, signal_overlap
from neurodecode.evaluation.folds import Fold
from neurodecode.morphometry.forms import form_of
from neurodecode.morphometry.preparation import FLOW, TABLE
from neurodecode.morphometry.replicates import outer_folds, replicate_rows
from neurodecode.morphometry.settings import SearchSettings
from neurodecode.morphometry.subjects import COVARIATES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.morphometry.config import MCIConfig

    Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Study:
    """What a run's models read.

    Attributes
    ----------
    config : MCIConfig
    folder : Path
        The store.
    """

    config: MCIConfig
    folder: Path

    @cached_property
    def info(self) -> dict[str, Any]:
        """Content of ``store.json``."""
        content: dict[str, Any] = read_json(self.folder / "store.json")
        return content

    @cached_property
    def cohort(self) -> pd.DataFrame:
        """Everybody: index ``subject``, ``group``, facts of the scan, covariates, measures."""
        return pd.read_parquet(self.folder / TABLE).set_index(SUBJECT)

    @cached_property
    def flow(self) -> pd.DataFrame:
        """How many people each step left out."""
        return pd.read_parquet(self.folder / FLOW)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Covariates and measures, as models read them."""
        named = [name for name in COVARIATES if name in self.cohort and name != GROUP]
        return self.cohort[[*named, *measure_columns(self.cohort)]]

    @property
    def groups(self) -> Rows:
        """0 stable control, 1 converter."""
        groups: Rows = self.cohort[GROUP].to_numpy(np.intp)
        return groups

    def settings(
        self, form: str, harmonisations: Sequence[str] = (), classifiers: Sequence[str] = ()
    ) -> SearchSettings:
        """Return the settings of a search in one form of the cohort."""
        search, config, entry = self.config.search, self.config, form_of(form)
        return SearchSettings(
            harmonisations=tuple(harmonisations or config.harmonisations),
            classifiers=tuple(classifiers or config.classifiers),
            rankings=search.rankings,
            n_features=search.n_features,
            preset_features=search.preset_features,
            n_replicates=1 if entry.outer == "sites" else search.replicates,
            n_outer=search.outer_folds,
            n_inner=search.inner_folds,
            outer=entry.outer,
            search=search.method,
            n_candidates=search.candidates,
            criterion=config.criterion(form),
            balance="undersample" if entry.balancing == "undersample" else "none",
            threshold=search.threshold,
            degree=search.degree,
            covariates=search.covariates,
            fit_on=search.fit_on,
            site_term=search.site_term,
            spread=search.spread,
            seed=config.seed,
        )

    def draws(self, form: str) -> tuple[list[Rows] | None, list[Rows] | None]:
        """Return who takes part in each replicate where people are matched, and the pairs.

        Returns
        -------
        draws : list of ndarray or None
            Rows of each replicate; None where nobody is matched.
        pairs : list of ndarray, shape (n_people,), or None
            Number of the pair; -1 of who does not take part.
        """
        if form_of(form).balancing != "match":
            return None, None
        draws: list[Rows] = []
        pairs: list[Rows] = []
        for replicate in range(self.config.search.replicates):
            rng = np.random.default_rng([self.config.seed, replicate])
            found = match_pairs(self.cohort, random_state=rng)
            numbers = np.full(len(self.cohort), -1, dtype=np.intp)
            numbers[found] = np.arange(len(found))[:, None]
            draws.append(np.sort(found.ravel()))
            pairs.append(numbers)
        return draws, pairs

    def audit(self, form: str) -> list[AuditRow]:
        """Count who is on both sides of an outer fold, by name and by measures.

        Raises
        ------
        LeakFault
            If anybody is.
        """
        settings, (draws, pairs) = self.settings(form), self.draws(form)
        folds = []
        for replicate in range(settings.n_replicates):
            rows = replicate_rows(self.groups, settings, replicate, draws)
            together = None if pairs is None else pairs[replicate]
            for fold in outer_folds(self.table, self.groups, rows, settings, replicate, together):
                name = f"replicate {replicate}, {fold.name}"
                folds.append(Fold(rows[fold.train], rows[fold.test], name, fold=fold.fold))
        people = self.cohort.reset_index().astype({SUBJECT: str})
        units = [SUBJECT, "site"] if settings.outer == "sites" else [SUBJECT]
        found = audit_folds(folds, people, units, split=form)
        if len(measure_columns(people)) > 2:  # one or two values may be equal by chance
            rows_as_text = self.table.astype(str).agg(" ".join, axis=1)
            found += signal_overlap(list(rows_as_text), folds, split=form)
        assert_no_leak(found)
        return found
