"""Run the nested searches of one job of the ``mci`` pipeline, and write what they predicted."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.artefacts import read_json
from neurodecode.morphometry.baselines import BASELINES, baseline_search
from neurodecode.morphometry.export import export_decoders
from neurodecode.morphometry.nested import SearchResult, nested_search
from neurodecode.morphometry.null_test import null_test
from neurodecode.morphometry.settings import SearchSettings
from neurodecode.persistence import load_table, save_tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from neurodecode.morphometry.study import Study
    from neurodecode.morphometry.units import Unit

PREDICTIONS, CHOSEN, NULL_DRAWS = "predictions.parquet", "chosen.parquet", "draws.parquet"
NOISE, SHUFFLED = "noise", "groups shuffled"
"""What the null test scores: independent normal numbers, or the cohort without its groups."""


def train_unit(study: Study, unit: Unit, folder: Path) -> str:
    """Search all models of a unit, write predictions, choices and decoders, say how many."""
    if not unit.form:
        return _train_null(study, folder)
    searches = list(_searches(study, unit))
    tables = {
        PREDICTIONS: pd.concat([s.predictions for s in searches]),
        CHOSEN: pd.concat([s.chosen for s in searches]),
    }
    settings = study.settings(unit.form, unit.harmonisations, unit.classifiers)
    for search in searches:
        export_decoders(study, unit, search, folder)
    save_tables(folder, tables, {"unit": unit.name, "settings": asdict(settings)})
    n_folds = len(searches[0].chosen[["replicate", "fold"]].drop_duplicates())
    n_models = sum(s.chosen.groupby(["classifier", "harmonisation"]).ngroups for s in searches)
    return f"{n_models} models, {n_folds} folds, {len(study.cohort)} people"


def read_search(study: Study, folder: Path) -> SearchResult:
    """Return what :func:`train_unit` wrote of a unit with a form.

    Raises
    ------
    DataFault
        If a table is not the one that was written.
    """
    stored: dict[str, Any] = read_json(folder / "model.json")["settings"]
    lists = {key: tuple(value) for key, value in stored.items() if isinstance(value, list)}
    return SearchResult(
        predictions=load_table(folder, PREDICTIONS),
        chosen=load_table(folder, CHOSEN),
        measures=list(study.info["measures"]),
        settings=SearchSettings(**{**stored, **lists}),
    )


def _searches(study: Study, unit: Unit) -> Iterator[SearchResult]:
    table, groups = study.table, study.groups
    draws, pairs = study.draws(unit.form)
    if unit.classifiers:
        settings = study.settings(unit.form, unit.harmonisations, unit.classifiers)
        keep = study.config.main
        yield nested_search(table, groups, settings, draws=draws, pairs=pairs, keep=keep)
    for name in unit.baselines:
        if _possible(study, name):
            settings = study.settings(unit.form, unit.harmonisations)
            yield baseline_search(name, table, groups, settings, draws=draws, pairs=pairs)


def _possible(study: Study, name: str) -> bool:
    """Return whether the cohort has what a baseline reads; the report says where it has not."""
    reads = BASELINES[name].reads
    if reads == "hippocampus":
        return any(str(c).endswith("hippocampus_volume") for c in study.table)
    return reads != "covariates" or any(c in study.table for c in ("age", "sex", "etiv"))


def _train_null(study: Study, folder: Path) -> str:
    """Score noise, and the cohort with its groups shuffled, honestly and with the leak."""
    asked = study.config.null_test
    settings = SearchSettings(
        harmonisations=("raw",), classifiers=("gaussian nb",), rankings=(asked.ranking,),
        n_replicates=1, n_outer=asked.outer_folds, n_inner=2, search="preset",
        preset_features=asked.preset_features, seed=study.config.seed,
    )  # fmt: skip
    noise = null_test(
        asked.draws, n_subjects=asked.n_people, n_measures=asked.n_measures, settings=settings,
        random_state=study.config.seed,
    )  # fmt: skip
    balanced = replace(settings, balance="undersample")
    shuffled = null_test(
        asked.draws, settings=balanced, cohort=(study.table, study.groups),
        random_state=study.config.seed,
    )  # fmt: skip
    draws = pd.concat([noise.assign(data=NOISE), shuffled.assign(data=SHUFFLED)])
    save_tables(folder, {NULL_DRAWS: draws}, {"unit": "null", "settings": asdict(settings)})
    return f"{asked.draws} draws of noise and of shuffled groups"
