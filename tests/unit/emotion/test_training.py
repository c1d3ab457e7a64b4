"""The same seed gives the same weights, also resumed; each protocol trains as it should."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.artefacts import read_json
from neurodecode.emotion import training
from neurodecode.emotion.datamodule import RatedData
from neurodecode.emotion.decoders import decoder_of
from neurodecode.emotion.loading import (
    CALIBRATED,
    SOURCES,
    WEIGHTS,
    answer,
    build_network,
    fold_folder,
)
from neurodecode.emotion.module import EmotionModule
from neurodecode.emotion.training import train_unit
from neurodecode.emotion.units import unit_of
from neurodecode.persistence import load_tensors

ONE_FOLD = {"max_folds": 1}
NAME = "leave_clips_out.sub-01"
ACROSS = "calibrated.sub-01"


def place_of(study, folder, name, model="HiSTN G0"):
    unit = unit_of(study.config, name)
    _, folds = study.split(unit.protocol, "valence", unit.subject)
    return fold_folder(folder, decoder_of(model), "valence", folds[0].fold)


def trained(study, folder, name=NAME, model="HiSTN G0", weights=WEIGHTS):
    train_unit(study, unit_of(study.config, name), folder)
    return load_tensors(place_of(study, folder, name, model), name=weights)


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


@pytest.mark.parametrize(("name", "weights"), [(NAME, WEIGHTS), (ACROSS, CALIBRATED)])
def test_the_same_seed_gives_the_same_weights_bit_for_bit(watched, tmp_path, name, weights):
    sections = {"protocols": [name.partition(".")[0]], "split": ONE_FOLD}
    found = [
        trained(watched(seed=seed, **sections), tmp_path / str(k), name, weights=weights)
        for k, seed in enumerate((1, 1, 2))
    ]
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_a_decoder_is_the_same_alone_and_among_others(watched, tmp_path):
    alone = trained(watched(split=ONE_FOLD), tmp_path / "alone")
    study = watched(split=ONE_FOLD, models=["flat", "DE+SVM", "HiSTN G0"])
    assert same(alone, trained(study, tmp_path / "among"))


def test_a_training_that_was_broken_off_ends_with_the_same_weights(watched, tmp_path, monkeypatch):
    study = watched(split=ONE_FOLD, within={"trainer": {"max_epochs": 3}})
    whole = trained(study, tmp_path / "whole")
    steps, original = [], EmotionModule.training_step

    def stops(module, batch, number):
        steps.append(number)
        if len(steps) == 4:  # two batches an epoch: in the second one
            raise KeyboardInterrupt
        return original(module, batch, number)

    monkeypatch.setattr(EmotionModule, "training_step", stops)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trained(study, tmp_path / "broken")
    assert not (tmp_path / "broken" / "model.json").exists()
    monkeypatch.setattr(EmotionModule, "training_step", original)
    resumed = trained(study, tmp_path / "broken")
    info = read_json(place_of(study, tmp_path / "broken", NAME) / "model.json")
    assert info["fit"]["resumed_from"] == "last.ckpt"
    assert same(whole, resumed)


def test_all_folds_and_ratings_begin_with_the_same_weights(watched, tmp_path):
    study = watched(within={"optimiser": {"learning_rate": 1e-30, "steps": []}},
                    labels=["valence", "arousal"])  # fmt: skip
    train_unit(study, unit_of(study.config, NAME), tmp_path)
    folders = sorted(tmp_path.glob("histn-g0/*/fold-*"))
    assert [f"{f.parent.name} {f.name}" for f in folders] == [
        f"{label} fold-{k}" for label in ("arousal", "valence") for k in range(3)
    ]
    start = build_network(study, decoder_of("HiSTN G0"), "valence", seed=study.config.seed)
    for folder in folders:
        for name, value in load_tensors(folder, name=WEIGHTS).items():
            if name in dict(start.named_parameters()):
                torch.testing.assert_close(value, start.state_dict()[name])
    assert read_json(tmp_path / "model.json")["n_trained"] == 6


@pytest.mark.parametrize(
    "name", ["HiSTN G0, one-hot", "HiSTN G0, ratings shuffled", "HiSTN G0, mixture"]
)
def test_a_variant_learns_other_weights(watched, tmp_path, name):
    study = watched(models=["HiSTN G0", name], split=ONE_FOLD)
    first = trained(study, tmp_path)
    second = load_tensors(place_of(study, tmp_path, NAME, name), name=WEIGHTS)
    assert not torch.equal(first["front.shared.filters"], second["front.shared.filters"])


def test_calibration_goes_on_from_the_sources_and_leaves_the_first_filters(watched, tmp_path):
    study = watched(protocols=["calibrated"])
    after = trained(study, tmp_path, ACROSS, weights=CALIBRATED)
    before = load_tensors(place_of(study, tmp_path, ACROSS), name=SOURCES)
    assert torch.equal(before["front.shared.filters"], after["front.shared.filters"])
    assert not torch.equal(before["head.weight"], after["head.weight"])


def test_without_sources_calibration_is_all_there_is(watched, tmp_path):
    study = watched(protocols=["calibrated"], split={"sources": "none"})
    trained(study, tmp_path, ACROSS, weights=CALIBRATED)
    place = place_of(study, tmp_path, ACROSS)
    assert not list(place.glob(f"{SOURCES}*"))


def test_a_new_person_is_decoded_by_the_sources_alone(watched, tmp_path):
    study = watched(protocols=["zero_shot"])
    trained(study, tmp_path, "zero_shot.sub-01", weights=SOURCES)
    assert not list(place_of(study, tmp_path, "zero_shot.sub-01").glob(f"{CALIBRATED}*"))


def test_each_stage_is_trained_by_its_own_settings(watched, tmp_path, monkeypatch):
    """Length, which weights are kept, class weights and frozen parts of every call of ``fit``."""
    calls, original = [], training.fit

    def noted(module, data, settings, folder, **options):
        frozen = {n for n, p in module.network.named_parameters() if not p.requires_grad}
        calls.append((folder.name, settings.max_epochs, options["keep"], sorted(frozen),
                      module.class_weights is not None, type(data)))  # fmt: skip
        return original(module, data, settings, folder, **options)

    monkeypatch.setattr(training, "fit", noted)
    study = watched(protocols=["calibrated", "time_blocks"], split=ONE_FOLD)
    for name in (ACROSS, "time_blocks.sub-01"):
        train_unit(study, unit_of(study.config, name), tmp_path / name)
    assert calls == [
        (SOURCES, 1, "best", [], False, RatedData),
        (CALIBRATED, 2, "last", ["front.shared.filters"], True, RatedData),
        (WEIGHTS, 2, "best", [], False, RatedData),
    ]


@pytest.mark.parametrize("name", ["DE+SVM", "TS+LR"])
def test_a_classical_decoder_learns_from_every_known_window_and_answers(watched, tmp_path, name):
    study = watched(models=[name], split=ONE_FOLD)
    train_unit(study, unit_of(study.config, NAME), tmp_path)
    place = place_of(study, tmp_path, NAME, name)
    _, (fold,) = study.split("leave_clips_out", "valence", "01")
    known = fold.train.size + fold.valid.size
    assert read_json(place / "model.json")["n_windows"] == 4 * known
    windows = np.asarray(study.stores["01"].signals[:, :, :128])
    found = answer(study, decoder_of(name), "valence", place, windows)
    assert found.shape == (10, 5)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["EEGNet", "MSBAM", "HiSTN-D", "flat, regression"])
def test_settings_that_a_network_does_not_have_are_left_out_for_it(watched, name):
    study = watched(network={"fusion": "sepconv", "first_kernel": 16, "n_regions": 4})
    network = build_network(study, decoder_of(name), "valence", seed=1)
    assert network(torch.zeros(2, 14, 128)).shape == (2, 1 if "regression" in name else 5)


def test_dropout_across_people_is_another_one(watched):
    study = watched(sources={"dropout": 0.3})
    rates = {
        across: {m.p for m in build_network(study, decoder_of("HiSTN G0"), "valence", seed=1,
                 across=across).modules() if isinstance(m, torch.nn.Dropout)}
        for across in (False, True)
    }  # fmt: skip
    assert rates == {False: {0.5}, True: {0.3}}
