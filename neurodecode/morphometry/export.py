"""The main model of an ``mci`` run leaves it: a folder per fold that needs nothing else."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.datasets.morphometry.names import kind_of
from neurodecode.decoder_folder import N_RESAMPLES, HeldOut, seal_folder
from neurodecode.evaluation.diagnosis_scores import AUC, DiagnosisSettings, fold_score
from neurodecode.morphometry.card import model_card
from neurodecode.morphometry.classifiers import CLASSIFIERS
from neurodecode.morphometry.decoder_settings import UNITS, Column, DecoderSettings
from neurodecode.morphometry.forms import form_of
from neurodecode.persistence import save_estimators

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from neurodecode.morphometry.nested import KeptFit, SearchResult
    from neurodecode.morphometry.study import Study
    from neurodecode.morphometry.units import Unit

FOLDER = "decoders"
"""Below a unit's model folder; in it FORM.replicate-0-fold-K."""
LISTS_PEOPLE = ("svm", "knn", "subspace knn", "kernel nb")
"""Families and classifiers that keep training people's measures to compare others with."""


def export_decoders(study: Study, unit: Unit, search: SearchResult, folder: Path) -> None:
    """Write ``decoders/FORM.replicate-0-fold-K/`` for the fits that a search has kept.

    Each holds the main model as that outer fold fitted it, so that the people left out get the
    run's own answers; a model card with its score on them, and ``decoder.json`` with the sha256 of
    all. Of many replicates the first one leaves its folds: which is decided before any score.

    Parameters
    ----------
    study : Study
    unit : Unit
    search : SearchResult
        With ``kept``.
    folder : Path
        Of the unit's trained models.
    """
    for fit in search.kept:
        settings = _settings(study, unit, search, fit)
        out = folder / FOLDER / f"{unit.form}.replicate-{fit.replicate}-fold-{fit.fold}"
        save_estimators(out, fit.model.state, settings.model_dump(mode="json"))
        seal_folder(out, "mci", _packages(settings), card=model_card(settings))


def scan_hashes(table: pd.DataFrame, measures: Sequence[str]) -> list[str]:
    """Return a hash of each person's measures, by which a scan is recognised under any name."""
    rows = np.ascontiguousarray(table[list(measures)].to_numpy(np.float64))
    return [hashlib.sha256(row.tobytes()).hexdigest()[:16] for row in rows]


def _settings(study: Study, unit: Unit, search: SearchResult, fit: KeptFit) -> DecoderSettings:
    config, model, chosen = study.config, fit.model, fit.chosen
    known, groups = study.table.iloc[fit.train], study.groups[fit.train]
    covariates = [name for name in model.covariates if name != "site"]
    classifier = str(chosen["classifier"])
    kept = {classifier, CLASSIFIERS[classifier].family} & set(LISTS_PEOPLE)
    site = "site" in model.covariates
    return DecoderSettings(
        classifier=classifier,
        harmonisation=str(chosen["harmonisation"]),
        ranking=str(chosen["ranking"]),
        parameters=str(chosen["parameters"]),
        dataset=config.data.dataset,
        options={k: v for k, v in config.data.options.items() if k in ("columns", "codes")},
        form=unit.form,
        fold=f"replicate {fit.replicate}, fold {fit.fold}",
        groups=config.groups,
        counts=(int(np.sum(groups == 0)), int(np.sum(groups == 1))),
        threshold=search.settings.threshold,
        cut=model.cut,
        measures=tuple(_column(known, name) for name in model.names),
        covariates=tuple(_column(known, name) for name in covariates),
        site=site,
        sites=tuple(sorted(set(known["site"].astype(str)))) if "site" in known else (),
        average_sides=config.cohort.average_sides,
        scans=tuple(scan_hashes(known, model.names)),
        holds_people=bool(kept) or chosen["harmonisation"] == "combat",
        held_out=_held_out(study, unit, search, fit),
    )


def _column(table: pd.DataFrame, name: str) -> Column:
    unit = UNITS.get(name) or UNITS.get(str(kind_of(name)), "")
    return Column(name=name, unit=unit, low=table[name].min(), high=table[name].max())


def _held_out(study: Study, unit: Unit, search: SearchResult, fit: KeptFit) -> HeldOut:
    """Score the people left out by the search's own answers to them."""
    table, chosen = search.predictions, fit.chosen
    mine = table.loc[
        (table["classifier"] == chosen["classifier"])
        & (table["harmonisation"] == chosen["harmonisation"])
        & (table["replicate"] == fit.replicate)
        & (table["fold"] == fit.fold)
    ]
    answers = mine.assign(site="", model=chosen["classifier"], split=form_of(unit.form).name)
    answers["fold"] = answers["fold"].astype(str)
    row = fold_score(answers, AUC, DiagnosisSettings(N_RESAMPLES, 0, study.config.seed))
    return HeldOut.of(row, counted="people", unit="person")


def _packages(settings: DecoderSettings) -> tuple[str, ...]:
    packages = ["numpy", "scikit-learn", "scipy", "skops"]
    packages += ["imbalanced-learn"] if settings.classifier == "rusboost" else []
    packages += ["neuroHarmonize"] if settings.harmonisation == "combat" else []
    return tuple(packages)
