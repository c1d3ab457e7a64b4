"""Models that a classifier of brain measures must exceed, by the same protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.morphometry.nested import SearchResult, nested_search
from neurodecode.morphometry.subjects import measures_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from neurodecode.morphometry.settings import SearchSettings

DEMOGRAPHY = ("age", "sex", "etiv")


@dataclass(frozen=True)
class Baseline:
    """A baseline of the registry.

    Attributes
    ----------
    reads : str
        "covariates", "hippocampus" or "measures".
    classifier : str
        With its preset; nothing is searched or left out.
    harmonised : bool
        Whether it is run with every harmonisation of the settings, or on raw values.
    """

    reads: str
    classifier: str
    harmonised: bool


BASELINES: dict[str, Baseline] = {
    "age-sex-eTIV": Baseline("covariates", "logistic", harmonised=False),
    "hippocampus": Baseline("hippocampus", "logistic", harmonised=True),
    "all control": Baseline("measures", "all control", harmonised=False),
}
"""Baselines by name: what age, sex and head size say without any region; the volumes of the
hippocampus alone; the answer "stable" for everybody."""


def baseline_search(
    name: str,
    table: pd.DataFrame,
    groups: ArrayLike,
    settings: SearchSettings,
    *,
    draws: Sequence[ArrayLike] | None = None,
    pairs: Sequence[NDArray[np.intp]] | None = None,
) -> SearchResult:
    """Run a baseline in the replicates and folds of :func:`nested_search` with these settings.

    Parameters
    ----------
    name : str
        One of :data:`BASELINES`; it is the ``classifier`` in the result.
    table, groups, settings, draws, pairs
        As in :func:`nested_search`. Seed, replicates, folds, balance and threshold are used.

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one.
    DataFault
        If the table has no such column, or as in :func:`nested_search`.
    """
    if name not in BASELINES:
        raise ConfigFault(unknown("baseline", name, BASELINES))
    entry = BASELINES[name]
    measures = _columns(entry.reads, table)
    own = replace(
        settings,
        classifiers=(entry.classifier,),
        harmonisations=settings.harmonisations if entry.harmonised else ("raw",),
        rankings=("anova",),
        search="preset",
        preset_features=len(measures),
        leaky_selection=False,
    )
    found = nested_search(table, groups, own, measures=measures, draws=draws, pairs=pairs)
    return replace(
        found,
        predictions=found.predictions.assign(classifier=name),
        chosen=found.chosen.assign(classifier=name),
    )


def _columns(reads: str, table: pd.DataFrame) -> list[str]:
    if reads == "covariates":
        found = [name for name in DEMOGRAPHY if name in table]
    else:
        found = measures_of(table)
        if reads == "hippocampus":
            found = [name for name in found if name.endswith("hippocampus_volume")]
    if not found:
        raise DataFault(f"the table has no column for the baseline of {reads}",
                        fix="name columns as left_hippocampus_volume, age, sex, etiv")  # fmt: skip
    return found
