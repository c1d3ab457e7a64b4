"""Every job has a name that is safe as a file's and says what it trains."""

from __future__ import annotations

import re

import pytest

from neurodecode.artefacts import slug
from neurodecode.config import validate
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.mindbridge.models import BRIDGE, SHUFFLED, VARIANTS
from neurodecode.mindbridge.units import unit_of

SUBJECTS = ["01", "02", "S-3"]
FOLDS = {"protocol": "leave_runs_out", "test": 0.5, "folds": "all"}


def config_of(**sections):
    tree = {"description": "", "data": {"dataset": "simulated-responses"}, **sections}
    return validate(MindBridgeConfig, tree)


def units_of(config, subjects=SUBJECTS):
    return [unit_of(name, subjects) for name in config.units(subjects)]


@pytest.fixture(params=[{}, FOLDS], ids=["one fold", "folds"])
def everything(request):
    return config_of(models=list(VARIANTS), seeds=[7, 8], split=request.param,
                     tuning={"lengths": [5], "held_out": 2})  # fmt: skip


def test_every_name_is_safe_as_a_file_and_parses_back(everything):
    names = everything.units(SUBJECTS)
    found = units_of(everything)
    assert [unit.name for unit in found] == list(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) for name in names)
    assert all(read == SUBJECTS for read in names.values())
    keys = {(u.kind, u.model, u.seed, u.fold, u.subjects, u.new) for u in found}
    assert len(keys) == len(found)
    assert {unit.fold for unit in found} == set(everything.split.trained_folds or (None,))


def test_controls_and_linear_models_are_trained_once_others_with_each_seed():
    config = config_of(models=["bridge", "ridge", "PCA", "no cycle", SHUFFLED], seeds=[7, 8])
    seeds = {}
    for unit in units_of(config):
        seeds.setdefault(unit.model, []).append(unit.seed)
    assert seeds == {"bridge": [7, 8], "ridge": [7], "PCA": [7], "no cycle": [7, 8], SHUFFLED: [7]}


def test_a_single_subject_model_is_one_job_per_subject_and_others_train_on_everybody(everything):
    for unit in units_of(everything):
        if unit.model == "single":
            assert len(unit.subjects) == 1
        elif unit.kind == "model":
            assert unit.subjects == tuple(SUBJECTS)
    alone = [unit.subjects[0] for unit in units_of(everything) if unit.model == "single"]
    assert set(alone) == set(SUBJECTS)


def test_a_new_subject_is_left_out_of_the_bridge_it_is_added_to(everything):
    tuned = [unit for unit in units_of(everything) if unit.kind == "tuning"]
    assert {unit.new for unit in tuned} == {"02", "S-3"}
    for unit in tuned:
        assert unit.model == BRIDGE
        assert set(unit.subjects) == set(SUBJECTS) - {unit.new}


def test_nobody_is_new_without_lengths_or_without_others():
    assert all(unit.kind == "model" for unit in units_of(config_of()))
    alone = config_of(tuning={"lengths": [5]})
    assert all(unit.kind == "model" for unit in units_of(alone, ["01"]))


def test_each_fold_is_a_job_of_its_own():
    config = config_of(models=["single", "ridge"], split={**FOLDS, "test": 0.25})
    units = units_of(config, ["1"])
    assert [unit.name for unit in units][:2] == [
        "single.seed-42.fold-0.only-1", "single.seed-42.fold-1.only-1",
    ]  # fmt: skip
    assert [unit.fold for unit in units] == [0, 1, 2, 3] * 2


def test_names_of_models_stay_apart_as_files():
    assert len({slug(name) for name in VARIANTS}) == len(VARIANTS)
