"""The main model of an ``adhd`` run leaves it: a folder per fold that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import slug
from neurodecode.connectome.adjustment import CATEGORIES, NUMBERS
from neurodecode.connectome.card import model_card
from neurodecode.connectome.config_scans import MapSection
from neurodecode.connectome.decoder_settings import DecoderSettings, Grid
from neurodecode.connectome.loading import answers_of
from neurodecode.datasets.catalog import LOCAL
from neurodecode.decoder_folder import N_RESAMPLES, HeldOut, seal_folder
from neurodecode.evaluation.diagnosis_scores import BALANCED, DiagnosisSettings, fold_score
from neurodecode.persistence import save_estimators

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.connectome.decoders import Decoder
    from neurodecode.connectome.map_model import MapModel
    from neurodecode.connectome.study import Study
    from neurodecode.connectome.units import Unit
    from neurodecode.evaluation.folds import Fold

FOLDER = "decoders"
"""Below a unit's model folder; in it PROTOCOL.FOLD."""
PACKAGES = ("nibabel", "nilearn", "numpy", "scikit-learn", "scipy", "skops")
READS: dict[str | None, tuple[str, ...]] = {
    None: (), "site-normalised": ("site",), "confounds removed": (*CATEGORIES, *NUMBERS),
}  # fmt: skip
"""What an adjustment reads of a person."""
OF_A_MACHINE = ("mask", "table")
"""Options of loaders that name files of the training's folder."""
HASHED = 16
"""Digits of a scan's sha256 that are kept."""


@dataclass(frozen=True, eq=False)
class FittedMap:
    """The model of one fold.

    Attributes
    ----------
    model : MapModel
        Of the chosen threshold.
    info : dict
        ``threshold``, ``mask`` and ``n_components``.
    maps : ndarray, shape (n_people, n_values)
        Everybody's, scaled.
    """

    model: MapModel
    info: dict[str, Any]
    maps: NDArray[np.float32]


def export_decoder(
    study: Study, unit: Unit, decoder: Decoder, fold: Fold, fitted: FittedMap, folder: Path,
    mask: Path | None,
) -> None:  # fmt: skip
    """Write ``decoders/PROTOCOL.FOLD/`` below the folder of a unit, if this is the main model.

    It holds the model as that fold fitted it, with the brain mask, so that held-out people get the
    run's own answers; a model card with its score on them, and ``decoder.json`` with the sha256
    of all. Baselines, controls and models that leak leave nothing to be used.

    Parameters
    ----------
    study : Study
    unit : Unit
    decoder : Decoder
    fold : Fold
    fitted : FittedMap
    folder : Path
        Of the unit's trained models.
    mask : Path or None
        Of all images.
    """
    if decoder != study.config.decoders[0] or decoder.shuffled or decoder.leaks:
        return
    inside, grid = (None, None) if mask is None else _read_mask(mask)
    settings = _settings(study, unit, decoder, fold, fitted, grid)
    out = folder / FOLDER / f"{unit.protocol}.{slug(fold.name, lower=False)}"
    state = {"model": fitted.model.state, "inside": inside}
    save_estimators(out, state, settings.model_dump(mode="json"))
    seal_folder(out, "adhd", PACKAGES, card=model_card(settings))


def _settings(
    study: Study, unit: Unit, decoder: Decoder, fold: Fold, fitted: FittedMap, grid: Grid | None
) -> DecoderSettings:
    config, known = study.config, study.people.iloc[fold.train]
    threshold = str(fitted.info["threshold"])
    groups = study.groups[fold.train]
    ready = decoder.map is None
    options = {k: v for k, v in config.data.options.items() if k not in OF_A_MACHINE}
    return DecoderSettings(
        name=decoder.name,
        dataset=config.data.dataset,
        loader=LOCAL if config.data.path is not None else config.data.dataset,
        options=options,
        protocol=unit.protocol,
        fold=fold.name,
        groups=config.groups,
        counts=(int(np.sum(groups == 0)), int(np.sum(groups == 1))),
        sites=tuple(sorted(set(known["site"].astype(str)))),
        covariates=READS[decoder.adjustment],
        threshold=threshold,
        mask=str(fitted.info["mask"]),
        n_components=float(fitted.info["n_components"]),
        scans=config.scans.model_copy(update={"parcels": 0}),
        maps=_one_map(config.maps, decoder, threshold),
        scaling=config.search.scaling,
        n_values=fitted.maps.shape[1],
        grid=None if ready else grid,
        regions=() if ready else tuple(study.infos[0]["regions"]),
        known=tuple(content[:HASHED] for content in known["content"]),
        held_out=_held_out(study, unit, decoder, fold, fitted),
    )


def _one_map(maps: MapSection, decoder: Decoder, threshold: str) -> MapSection:
    """Return the settings of the map that the model reads, without all others."""
    chosen: dict[str, Any] = {
        "features": () if decoder.map is None else (decoder.map,),
        "thetas": tuple(x for x in maps.thetas if threshold == f"theta {x:g}"),
        "densities": tuple(x for x in maps.densities if threshold == f"density {x:g}"),
    }
    return maps.model_copy(update=chosen)


def _held_out(study: Study, unit: Unit, decoder: Decoder, fold: Fold, fitted: FittedMap) -> HeldOut:
    """Score a fold's model on its held-out people, as the run's evaluation does."""
    people = study.people.iloc[fold.test]
    probability = fitted.model.probability(fitted.maps[fold.test], people)
    known, priors = study.groups[fold.train], study.config.search.priors
    answers = pd.DataFrame({
        "subject": people["subject"].to_numpy(str), "site": people["site"].to_numpy(str),
        "fold": fold.name, "y_true": study.groups[fold.test], "score": probability,
        "y_pred": answers_of(probability, known, priors, balanced=True),
        "model": decoder.name, "split": unit.protocol,
    })  # fmt: skip
    row = fold_score(answers, BALANCED, DiagnosisSettings(N_RESAMPLES, 0, study.config.seed))
    return HeldOut.of(row, counted="people", unit="person")


def _read_mask(path: Path) -> tuple[NDArray[np.bool_], Grid]:
    from nilearn.image import load_img

    image = load_img(str(path))
    affine = tuple(tuple(row) for row in np.asarray(image.affine, dtype=float).tolist())
    inside: NDArray[np.bool_] = np.asarray(image.dataobj) > 0
    return inside, Grid.model_validate({"shape": inside.shape, "affine": affine})
