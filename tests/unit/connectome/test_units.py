"""Every shipped experiment is valid; names that load no library are those of the libraries."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from neurodecode.config import read_yaml, validate
from neurodecode.connectome import BASELINES, SCALINGS
from neurodecode.connectome import config_scans as scans
from neurodecode.connectome import config_search as search
from neurodecode.connectome.config import FIRST_ID, ADHDConfig
from neurodecode.connectome.decoders import BASELINE_NAMES, GRAPH_FEATURES
from neurodecode.connectome.group_mask import RECIPES
from neurodecode.connectome.subject_maps import FEATURES
from neurodecode.connectome.units import unit_of
from neurodecode.datasets.catalog import find_card
from neurodecode.datasets.resting import RESTING
from neurodecode.datasets.simulate.resting import simulate_resting
from neurodecode.datasets.simulate.resting_people import draw_people
from neurodecode.datasets.simulate.resting_settings import RestingSettings
from neurodecode.faults import ConfigFault
from neurodecode.workflow.plan import _subjects

FOLDER = Path(__file__).parents[3] / "configs" / "adhd"
EXPERIMENTS = sorted(FOLDER.glob("*.yaml"))
SUBJECTS = [f"{k:02d}" for k in range(60)]


def config_of(**sections):
    tree = {"description": "", "data": {"dataset": "simulated-resting"}, **sections}
    return validate(ADHDConfig, tree)


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_every_shipped_experiment_is_valid_and_planned(path):
    config = validate(ADHDConfig, read_yaml(path))
    stores, units = config.stores(SUBJECTS), config.units(SUBJECTS)
    assert [s for people in stores.values() for s in people] == SUBJECTS
    assert {tuple(read) for read in units.values()} == {tuple(stores)}
    trained = [
        (unit.protocol, decoder.name)
        for unit in (unit_of(config, name) for name in units)
        for decoder in unit.decoders
    ]
    assert trained == [(p, m) for p in config.protocols for m in config.models]
    assert config.data.dataset in RESTING


def test_the_schema_for_editors_is_that_of_the_model():
    shipped = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(ADHDConfig.model_json_schema())), (
        "run: neurodecode schema adhd > configs/adhd/schema.json"
    )


def test_names_of_settings_are_those_of_what_they_set():
    assert scans.FEATURES == FEATURES
    assert set(GRAPH_FEATURES.values()) == set(FEATURES)
    assert search.RECIPES == RECIPES
    assert tuple(SCALINGS) == search.SCALINGS
    assert set(BASELINE_NAMES) == set(BASELINES)


def test_options_and_people_of_the_simulation_are_those_of_the_simulator():
    options = scans.RestingSimulation().model_dump()
    known = {name: parameter.default
             for name, parameter in inspect.signature(simulate_resting).parameters.items()
             if name not in ("folder", "random_state")}  # fmt: skip
    assert options == known
    people = draw_people(RestingSettings(**options, random_state=0))
    config = config_of()
    assert config.simulated_subjects() == list(people["subject"])
    assert config.simulated_subjects()[0] == f"{FIRST_ID:07d}"


def test_people_share_stores_and_a_study_without_known_people_has_one():
    config = config_of(data={"dataset": "simulated-resting", "people_per_store": 25})
    assert [len(people) for people in config.stores(SUBJECTS).values()] == [25, 25, 10]
    assert config.stores([]) == {"people-1": []}  # so that fetch can say what is missing


def test_people_are_those_of_the_study_s_own_table_where_it_is_here(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_DATA", str(tmp_path))
    config = config_of(data={"dataset": "dev-movie"})
    assert config.listed_subjects("dev-movie") == []
    (tmp_path / "dev-movie").mkdir()
    table = "participant,age,child_adult\npixar001,5,child\npixar155,30,adult\n"
    (tmp_path / "dev-movie" / "participants.csv").write_text(table)
    assert config.listed_subjects("dev-movie") == ["pixar001", "pixar155"]
    plan_of = config_of(data={"dataset": "dev-movie", "subjects": ["pixar155"]})
    assert _subjects(plan_of, find_card("dev-movie")) == ["pixar155"]
    wrong = config_of(data={"dataset": "dev-movie", "subjects": ["pixar15"]})
    with pytest.raises(ConfigFault, match="unknown subject of dev-movie 'pixar15'"):
        _subjects(wrong, find_card("dev-movie"))


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"models": ["weight"]}, "the models need weight, which maps.features does not name"),
        ({"models": ["degree"], "maps": {"thetas": []}}, "give maps.thetas or maps.densities"),
        ({"models": ["site", "site"]}, "'site' stands twice"),
        ({"protocols": ["stratify"]}, "did you mean 'stratified'"),
        ({"maps": {"features": ["degrees"]}}, "did you mean 'degree'"),
        ({"search": {"masks": [{"recipe": "t-test"}]}}, "did you mean 't_test'"),
    ],
)
def test_settings_that_do_not_fit_are_answered(sections, words):
    with pytest.raises(ConfigFault) as fault:
        config_of(**sections)
    assert words in str(fault.value)
