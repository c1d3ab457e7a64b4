"""Fit the models of the ``adhd`` pipeline on the training part of every fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import write_json, write_parquet
from neurodecode.connectome.baselines import BASELINES, make_baseline
from neurodecode.connectome.export import FittedMap, export_decoder
from neurodecode.connectome.loading import baseline_input, fold_folder
from neurodecode.connectome.search import Search
from neurodecode.evaluation.cohort_splits import strata_of
from neurodecode.persistence import save_estimators

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.connectome.decoders import Decoder
    from neurodecode.connectome.study import Study
    from neurodecode.connectome.units import Unit
    from neurodecode.evaluation.folds import Fold


def train_unit(study: Study, unit: Unit, folder: Path, mask: Path | None = None) -> str:
    """Fit a unit's models on every fold, write them, say how many.

    ``mask``: the brain mask that all images share; it leaves with the main model.
    """
    folds = study.split(unit.protocol)
    for decoder in unit.decoders:
        if decoder.baseline:
            _fit_baseline(study, decoder, folds, folder)
            continue
        for place, fitted in enumerate(_fit_maps(study, decoder, folds, folder)):
            export_decoder(study, unit, decoder, folds[place], fitted, folder, mask)
    write_json(folder / "model.json", {"unit": unit.name, "n_folds": len(folds)})
    return f"{len(unit.decoders)} models, {len(folds)} folds, {len(study.people)} people"


def training_groups(study: Study, decoder: Decoder, fold: Fold) -> NDArray[np.intp]:
    """Return everybody's groups; for a control those of the training part shuffled.

    Every site and group keeps the same share of cases (systematic sampling along a random order),
    so that a shuffle that happens to resemble the truth cannot look like a score.
    """
    groups = study.groups.copy()
    if decoder.shuffled:
        rng = np.random.default_rng(study.config.seed)
        strata = strata_of(study.people.iloc[fold.train])
        order = fold.train[np.lexsort((rng.random(strata.size), strata))]
        steps = np.floor(np.arange(order.size + 1) * groups[fold.train].mean() + rng.random())
        groups[order] = np.diff(steps).astype(np.intp)
    return groups


def _fit_maps(
    study: Study, decoder: Decoder, folds: list[Fold], folder: Path
) -> Iterator[FittedMap]:
    """Write the models of every fold, and yield that of the chosen threshold."""
    maps = study.inputs(decoder)
    for place, fold in enumerate(folds):
        groups = training_groups(study, decoder, fold)
        search = Search(
            decoder, study.config.search, study.people, groups, fold.train, study.config.seed
        )
        models, threshold, scores = search.run(maps)
        best = scores[scores["best"] & (scores["threshold"] == threshold)].iloc[0]
        info = {
            **_said(decoder, fold), "threshold": threshold, "mask": best["mask"],
            "n_components": best["n_components"], "inner_auc": best["auc"],
        }  # fmt: skip
        where = fold_folder(folder, decoder, place)
        save_estimators(where, {name: model.state for name, model in models.items()}, info)
        write_parquet(where / "search.parquet", scores)
        yield FittedMap(models[threshold], info, maps[threshold])


def _fit_baseline(study: Study, decoder: Decoder, folds: list[Fold], folder: Path) -> None:
    rows = baseline_input(study, BASELINES[decoder.family].reads)
    for place, fold in enumerate(folds):
        groups = training_groups(study, decoder, fold)
        model = make_baseline(decoder.family, random_state=study.config.seed)
        fitted = model.fit(rows(fold.train), groups[fold.train])
        save_estimators(fold_folder(folder, decoder, place), fitted, _said(decoder, fold))


def _said(decoder: Decoder, fold: Fold) -> dict[str, Any]:
    return {"decoder": decoder.name, "fold": fold.name, "n_train": int(fold.train.size)}
