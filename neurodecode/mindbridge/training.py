"""Train the models of the ``mindbridge`` pipeline and keep what is needed to use them again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.artefacts import write_json
from neurodecode.dual_ridge import DualRidgeCV
from neurodecode.mindbridge.alignment import align_components
from neurodecode.mindbridge.datamodule import BridgeData, NewSubjectData
from neurodecode.mindbridge.export import export_decoder
from neurodecode.mindbridge.loading import (
    SOURCES,
    Tuned,
    averaged,
    build_model,
    load_model,
    sections_of,
    tuned_ways,
)
from neurodecode.mindbridge.module import BridgeModule
from neurodecode.mindbridge.targets import Targets, read_targets
from neurodecode.mindbridge.tuning import prepare_tuning
from neurodecode.persistence import save_tensors, save_weights
from neurodecode.training import Fit, Keys, fit

if TYPE_CHECKING:
    from pathlib import Path

    from neurodecode.mindbridge.config import RidgeSection
    from neurodecode.mindbridge.config_model import BridgeSection, LossSection
    from neurodecode.mindbridge.data import SubjectData
    from neurodecode.mindbridge.model import MindBridge
    from neurodecode.mindbridge.study import Study
    from neurodecode.mindbridge.units import Unit


def train_unit(study: Study, unit: Unit, folder: Path) -> str:
    """Train a unit, write its weights, ``model.json`` and decoder, and say how it went."""
    targets = read_targets(study)
    said = _train(study, unit, targets, folder)
    export_decoder(study, unit, targets, folder)
    return said


def _train(study: Study, unit: Unit, targets: Targets, folder: Path) -> str:
    if unit.kind == "tuning":
        return _train_new_subject(study, unit, targets, folder)
    if unit.variant.linear:
        return _fit_linear(study, unit, targets, folder)
    return _train_model(study, unit, targets, folder).sentence


def _train_model(study: Study, unit: Unit, targets: Targets, folder: Path) -> Fit:
    bridge, losses = sections_of(study, unit.variant)
    shuffled = unit.seed if unit.variant.shuffled else None
    train, valid = (
        {s: study.data(s, part, bridge, targets, shuffled_with=shuffled) for s in unit.subjects}
        for part in ("train", "valid")
    )
    model = build_model(study, unit, targets)
    module = BridgeModule(model, losses, study.config.optimiser, seed=unit.seed)
    data = BridgeData(train, valid, **_options(study, bridge, unit.seed))
    key = f"{study.key} {unit.name}"
    found = fit(
        module, data, study.config.trainer, folder, seed=unit.seed, key=key,
        keys=Keys("optimiser.learning_rate", "batches.batch_size"),
    )  # fmt: skip
    save_weights(folder, model, _info(unit, model, found, train))
    return found


def _train_new_subject(study: Study, unit: Unit, targets: Targets, folder: Path) -> str:
    """Train a model of the others, then add the new subject in every way."""
    said = _train_model(study, unit, targets, folder / SOURCES).sentence
    bridge, losses = sections_of(study, unit.variant)
    train, valid = (
        {s: study.data(s, part, bridge, targets) for s in (*unit.subjects, unit.new)}
        for part in ("train", "valid")
    )
    for way in tuned_ways(study):
        model = load_model(study, unit, targets, folder / SOURCES)
        _train_way(study, unit, way, model, losses, (train, valid), folder / way.folder)
    ways = [asdict(way) for way in tuned_ways(study)]
    write_json(folder / "model.json", {**asdict(unit), "ways": ways})
    return f"{len(ways)} ways from a model of {len(unit.subjects)} ({said})"


def _train_way(
    study: Study,
    unit: Unit,
    way: Tuned,
    sources: MindBridge,
    losses: LossSection,
    data: tuple[dict[str, SubjectData], dict[str, SubjectData]],
    folder: Path,
) -> None:
    settings, (train, valid) = study.config.tuning, data
    torch.manual_seed(unit.seed)
    model = prepare_tuning(sources, unit.new, way.regime)
    bridge, _ = sections_of(study, unit.variant)
    options = {**_options(study, bridge, unit.seed), "length": way.length}
    scratch = way.regime == "scratch"
    module = BridgeModule(
        model,
        losses if way.cycle else losses.model_copy(update={"cycle": 0.0}),
        study.config.optimiser.model_copy(update={"learning_rate": settings.learning_rate}),
        seed=unit.seed,
        target=None if scratch else unit.new,
    )
    loaders = (
        BridgeData({unit.new: train[unit.new]}, {unit.new: valid[unit.new]}, **options)
        if scratch
        else NewSubjectData(train, valid, unit.new, **options)
    )
    trainer = study.config.trainer.model_copy(update={"max_epochs": settings.max_epochs})
    key = f"{study.key} {unit.name} {way.folder}"
    found = fit(
        module, loaders, trainer, folder, seed=unit.seed, key=key,
        keys=Keys("tuning.learning_rate", "batches.batch_size"),
    )  # fmt: skip
    save_weights(folder, model, {**asdict(way), "fit": asdict(found)})


def _fit_linear(study: Study, unit: Unit, targets: Targets, folder: Path) -> str:
    """Fit each subject's linear map on repetitions that are pooled, then averaged."""
    bridge, _ = sections_of(study, unit.variant)
    tensors: dict[str, torch.Tensor] = {}
    alphas = []
    for subject in unit.subjects:
        parts = [study.data(subject, part, bridge, targets) for part in ("train", "valid")]
        x = np.concatenate([averaged(part) for part in parts])
        y = np.concatenate([part.image.reshape(len(part), -1) for part in parts])
        if unit.variant.kind == "pca":
            weights, intercept = align_components(x, y, study.config.pca.n_components)
        else:
            fitted = _ridge(x, y, study.config.ridge)
            weights, intercept = fitted.coef_, fitted.intercept_
            alphas.append(float(fitted.alpha_))
        tensors[f"{subject}.weights"] = torch.from_numpy(weights.astype(np.float32))
        tensors[f"{subject}.intercept"] = torch.from_numpy(intercept.astype(np.float32))
    n_parameters = sum(tensor.numel() for tensor in tensors.values())
    save_tensors(folder, tensors, {**asdict(unit), "alphas": alphas, "n_parameters": n_parameters})
    penalties = ", ".join(f"{alpha:g}" for alpha in alphas)
    return f"penalties {penalties}" if alphas else f"{len(unit.subjects)} subjects aligned"


def _ridge(x: Any, y: Any, settings: RidgeSection) -> DualRidgeCV:
    return DualRidgeCV(
        alphas=settings.alphas, cv=min(settings.folds, len(x)), scoring="neg_mean_squared_error"
    ).fit(x, y)


def _options(study: Study, bridge: BridgeSection, seed: int) -> dict[str, Any]:
    chosen = study.config.batches
    return {
        "pooled_size": bridge.pooled_size, "method": bridge.aggregation,
        "batch_size": chosen.batch_size, "mode": chosen.mode, "repetition": chosen.repetition,
        "seed": seed, "num_workers": study.config.trainer.num_workers,
    }  # fmt: skip


def _info(
    unit: Unit, model: MindBridge, found: Fit, train: dict[str, SubjectData]
) -> dict[str, Any]:
    return {
        **asdict(unit),
        "fit": asdict(found),
        "n_parameters": sum(p.numel() for p in model.parameters()),
        "n_training_stimuli": {subject: len(data) for subject, data in train.items()},
    }
