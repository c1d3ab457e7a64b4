"""The same seed gives the same weights and scores, also resumed; new subjects as they should."""

from __future__ import annotations

import pytest
import torch

from neurodecode.artefacts import read_json
from neurodecode.mindbridge.evaluation import evaluate_unit
from neurodecode.mindbridge.models import SHUFFLED
from neurodecode.mindbridge.module import BridgeModule
from neurodecode.mindbridge.training import SOURCES, train_unit, tuned_ways
from neurodecode.mindbridge.units import unit_of
from neurodecode.persistence import load_tensors

TUNING = {"lengths": [6, 12], "max_epochs": 2, "learning_rate": 0.01}


def trained(study, name, folder):
    unit = unit_of(name, study.subjects)
    said = train_unit(study, unit, folder)
    return unit, load_tensors(folder), said


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_the_same_seed_gives_the_same_weights_and_scores_bit_for_bit(simulated, tmp_path):
    study, found = simulated(seeds=[1, 2]), {}
    for name, folder in (("bridge.seed-1", "a"), ("bridge.seed-1", "b"), ("bridge.seed-2", "c")):
        unit, weights, _ = trained(study, name, tmp_path / folder)
        result = evaluate_unit(study, unit, tmp_path / folder)
        found[folder] = weights, result
    assert same(found["a"][0], found["b"][0])
    assert found["a"][1].rows == found["b"][1].rows
    assert found["a"][1].predictions.equals(found["b"][1].predictions)
    assert not same(found["a"][0], found["c"][0])


def test_a_training_that_was_broken_off_ends_with_the_same_weights(
    simulated, tmp_path, monkeypatch
):
    study = simulated(trainer={"max_epochs": 3, "check_val_every_n_epoch": 1})
    _, whole, _ = trained(study, "bridge.seed-42", tmp_path / "whole")
    steps, original = [], BridgeModule.training_step

    def stops(module, batch, number):
        steps.append(number)
        if len(steps) == 5:  # three batches an epoch: in the second one
            raise KeyboardInterrupt
        return original(module, batch, number)

    monkeypatch.setattr(BridgeModule, "training_step", stops)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trained(study, "bridge.seed-42", tmp_path / "broken")
    assert not (tmp_path / "broken" / "model.json").exists()
    monkeypatch.setattr(BridgeModule, "training_step", original)
    _, resumed, said = trained(study, "bridge.seed-42", tmp_path / "broken")
    assert "resumed from last.ckpt" in said
    assert same(whole, resumed)


@pytest.mark.parametrize("name", ["single", "no cycle", SHUFFLED, "mean pooling"])
def test_a_variant_learns_other_weights_than_the_bridge(simulated, tmp_path, name):
    study = simulated(models=["bridge", name])
    units = list(study.config.units(list(study.subjects)))
    weights = [trained(study, unit, tmp_path / unit)[1] for unit in units[:2]]
    shared = set(weights[0]) & set(weights[1])
    assert any(not torch.equal(weights[0][k], weights[1][k]) for k in shared)
    if name == "single":
        assert not [key for key in weights[1] if key.startswith("builders.") or ".02." in key]
    else:
        assert weights[0].keys() == weights[1].keys()


@pytest.fixture
def new_subject(simulated, tmp_path):
    """Return study, unit and folder of a subject that was added in every way."""
    study = simulated(tuning=TUNING)
    unit, folder = unit_of("tuning.seed-42.new-03", study.subjects), tmp_path / "model"
    train_unit(study, unit, folder)
    return study, unit, folder


def moved_from(sources, weights):
    """Return the parameters of the sources that are not bit for bit the same."""
    return {name for name, value in sources.items() if not torch.equal(value, weights[name])}


def test_reset_changes_the_new_subjects_modules_only_full_everything(new_subject):
    study, _, folder = new_subject
    sources = load_tensors(folder / SOURCES)
    for way in tuned_ways(study):
        weights = load_tensors(folder / way.folder)
        if way.regime == "scratch":
            continue
        added = set(weights) - set(sources)
        assert {tuple(name.split(".")[:2]) for name in added} == {
            ("embedders", "03"), ("builders", "03"),
        }  # fmt: skip
        moved = moved_from(sources, weights)
        assert moved == (set() if way.regime == "reset" else set(sources)), way


def test_scratch_takes_nothing_over_and_knows_one_subject(new_subject):
    study, _, folder = new_subject
    sources = load_tensors(folder / SOURCES)
    for way in tuned_ways(study):
        if way.regime == "scratch":
            weights = load_tensors(folder / way.folder)
            parts = {tuple(name.split(".")[:2]) for name in weights if name.startswith("e")}
            assert parts == {("embedders", "03")}
            assert not [name for name in weights if name.startswith("builders")]
            shared = {name: sources[name] for name in weights if name in sources}
            assert moved_from(shared, weights) == set(shared)


def test_every_way_of_a_new_subject_is_scored_on_its_test_stimuli(new_subject):
    study, unit, folder = new_subject
    found = evaluate_unit(study, unit, folder).predictions
    assert set(found["subject"]) == {"03"}
    assert set(found["kind"]) == {"tuning"}
    ways = set(map(tuple, found[["model", "length"]].to_numpy()))
    expected = {(way.label, way.length) for way in tuned_ways(study)}
    assert ways == expected
    assert len(expected) == 8
    assert len(read_json(folder / "model.json")["ways"]) == 8
