"""The main model of a mindbridge run leaves it: a folder that needs nothing else to decode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from neurodecode.decoder_folder import N_RESAMPLES, HeldOut, seal_folder
from neurodecode.evaluation.bootstrap import mean_ci
from neurodecode.evaluation.group_scores import finite_or_none
from neurodecode.mindbridge.card import model_card
from neurodecode.mindbridge.decoder import CANDIDATES, EMBEDDINGS, MASKS
from neurodecode.mindbridge.decoder_settings import DecoderSettings, Grid, Person
from neurodecode.mindbridge.evaluation import decode, decode_linear
from neurodecode.mindbridge.loading import (
    averaged,
    load_model,
    load_tuned,
    sections_of,
    tuned_ways,
)
from neurodecode.mindbridge.retrieval import cosines, share_of_best
from neurodecode.mindbridge.study import PLACES
from neurodecode.persistence import load_tensors, save_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.mindbridge.data import SubjectData
    from neurodecode.mindbridge.model import MindBridge
    from neurodecode.mindbridge.study import Study
    from neurodecode.mindbridge.targets import Targets
    from neurodecode.mindbridge.units import Unit

FOLDER = "decoder"
"""Below a unit's model folder."""
PACKAGES = ("nilearn", "numpy", "torch")
METRIC = "image retrieval, top-1"
BLOCK = 256
"""Responses whose mean and spread are summed at a time."""


def export_decoder(study: Study, unit: Unit, targets: Targets, folder: Path) -> None:
    """Write ``decoder/`` below the folder of a unit that was trained.

    Of the run's first model; and of a new subject, as the first regime trained it on the most
    stimuli. Weights of what decodes (no builders, no second head), each participant's voxels, the
    held-out stimuli with their embeddings, a model card with the score on them, and
    ``decoder.json`` with the sha256 of all. A control leaves nothing to be used.

    Parameters
    ----------
    study : Study
    unit : Unit
    targets : Targets
    folder : Path
        Of the trained unit.
    """
    if unit.kind == "model" and (unit.model != study.config.models[0] or unit.variant.shuffled):
        return
    trained = _trained(study, unit, targets, folder)
    settings = _settings(study, unit, targets, trained)
    out = folder / FOLDER
    save_tensors(out, trained.weights, settings.model_dump(mode="json"))
    _save_candidates(out, study, targets, settings)
    if masks := {label: torch.from_numpy(places) for label in settings.people
                 if (places := _places(study, label)) is not None}:  # fmt: skip
        save_tensors(out, masks, {}, name=MASKS)
    seal_folder(out, "mindbridge", PACKAGES, card=model_card(settings))


@dataclass(frozen=True)
class _Trained:
    """What decodes: its name, whose it is, its weights, and its estimates of pooled responses."""

    name: str
    form: Literal["network", "linear"]
    labels: tuple[str, ...]
    weights: Mapping[str, torch.Tensor]
    estimate: Callable[[NDArray[np.float32], str], NDArray[np.float32]]
    length: int | None = None


def _trained(study: Study, unit: Unit, targets: Targets, folder: Path) -> _Trained:
    if unit.kind == "tuning":
        regime, length = study.config.tuning.regimes[0], max(study.config.tuning.lengths)
        way = next(w for w in tuned_ways(study) if (w.regime, w.length) == (regime, length))
        tuned = load_tuned(study, unit, targets, folder, way)
        return _of_network(way.label, tuned, (unit.new,), length)
    if unit.variant.linear:
        weights = load_tensors(folder)
        return _Trained(
            unit.model, "linear", unit.subjects, weights,
            lambda pooled, label: decode_linear(weights, pooled, label, targets.first.shape),
        )  # fmt: skip
    return _of_network(unit.model, load_model(study, unit, targets, folder), unit.subjects)


def _of_network(
    name: str, model: MindBridge, labels: tuple[str, ...], length: int | None = None
) -> _Trained:
    """Keep the way from pooled responses of some subjects to the image head."""
    kept = ("translator.", "image_head.", *(f"embedders.{label}." for label in labels))
    weights = {k: v for k, v in model.state_dict().items() if k.startswith(kept)}
    return _Trained(
        name, "network", labels, weights,
        lambda pooled, label: decode(model, torch.from_numpy(pooled), label), length,
    )  # fmt: skip


def _settings(study: Study, unit: Unit, targets: Targets, trained: _Trained) -> DecoderSettings:
    bridge, _ = sections_of(study, unit.variant)
    bridge, config = bridge.model_copy(update={"builders": False}), study.config
    return DecoderSettings(
        name=trained.name,
        form=trained.form,
        seed=unit.seed,
        dataset=config.data.dataset,
        options=config.data.options,
        protocol=config.split.protocol,
        fold=config.split.fold if unit.fold is None else unit.fold,
        target=targets.first.name,
        centred=config.target.centre,
        image_shape=targets.first.shape,
        bridge=bridge,
        people={
            label: _person(study, label, trained, study.data(label, "test", bridge, targets))
            for label in trained.labels
        },
    )


def _person(study: Study, label: str, trained: _Trained, tested: SubjectData) -> Person:
    store = study.store(label)
    voxels = store.info["voxels"]
    trials = study.trials_of(store, "train")
    mean, spread = _moments(store.signals, trials.index.to_numpy())
    grid = None
    if voxels["sha256"]:
        grid = Grid(shape=voxels["grid"], affine=voxels["affine"], sha256=voxels["sha256"])
    return Person(
        n_voxels=voxels["n_voxels"], dropped=voxels["dropped"], mean=mean, spread=spread,
        grid=grid, n_training=trained.length or trials["stimulus"].nunique(),
        candidates=tuple(tested.ids),
        held_out=_held_out(tested, trained.estimate(averaged(tested), label), study.config.seed),
    )  # fmt: skip


def _held_out(tested: SubjectData, estimates: NDArray[np.float32], seed: int) -> HeldOut:
    """Score estimates of all held-out stimuli, searched among all of them."""
    n = len(tested)
    hits = share_of_best(cosines(estimates, tested.image), np.arange(n))
    ci = mean_ci(hits, n_resamples=N_RESAMPLES, random_state=seed, unit="test item")
    return HeldOut(metric=METRIC, value=ci.estimate, ci_low=finite_or_none(ci.low),
                   ci_high=finite_or_none(ci.high), chance=1 / n, n=n, counted="stimuli",
                   unit="test item")  # fmt: skip


def _moments(signals: NDArray[Any], rows: NDArray[np.int64]) -> tuple[float, float]:
    """Return mean and standard deviation of all values of some rows, a block of rows at a time."""
    sums = np.zeros(2)
    for start in range(0, len(rows), BLOCK):
        block = np.asarray(signals[rows[start : start + BLOCK]], dtype=np.float64)
        sums += block.sum(), (block**2).sum()
    mean, square = sums / (len(rows) * signals.shape[1])
    return float(mean), float(np.sqrt(max(square - mean**2, 0.0)))


def _save_candidates(
    folder: Path, study: Study, targets: Targets, settings: DecoderSettings
) -> None:
    names = sorted({name for person in settings.people.values() for name in person.candidates})
    category = study.trials.drop_duplicates("stimulus").set_index("stimulus")["category"]
    info = {"names": names, "categories": [str(category[name]) for name in names]}
    embeddings = {EMBEDDINGS: torch.from_numpy(targets.image(names))}
    save_tensors(folder, embeddings, info, name=CANDIDATES)


def _places(study: Study, label: str) -> NDArray[np.int64] | None:
    path = study.folders[label] / PLACES
    if not path.is_file():
        return None
    places: NDArray[np.int64] = np.load(path, allow_pickle=False)
    return places
