"""An experiment is checked before anything runs, and its resolved file reads back the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from neurodecode.config import apply_overrides, parse_yaml, read_yaml, to_yaml, validate
from neurodecode.faults import ConfigFault
from neurodecode.riemann.config import ACMConfig

FOLDER = Path(__file__).parents[3] / "configs" / "acm"
FILES = sorted(FOLDER.glob("*.yaml"))
TREE = {"description": "test", "data": {"dataset": "Toy"}}


def fault_of(*overrides):
    with pytest.raises(ConfigFault) as caught:
        validate(ACMConfig, apply_overrides(TREE, overrides))
    return caught.value.what


def test_an_unknown_key_is_answered_with_the_nearest():
    assert fault_of("modle.order=2") == "unknown key 'modle', did you mean 'model'?"


def test_an_unknown_nested_key_is_answered_with_its_dotted_name():
    expected = "unknown key 'model.ordr', did you mean 'model.order'?"
    assert fault_of("model.ordr=2") == expected
    expected = "unknown key 'data.simulation.lapse', did you mean 'data.simulation.lapses'?"
    assert fault_of("data.simulation.lapse=0") == expected


def test_a_misspelt_key_is_told_before_a_wrong_value():
    assert fault_of("model.order=x", "modle.order=2").startswith("unknown key 'modle'")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model.order=0", "key 'model.order': Input should be greater than or equal to 1, got 0"),
        ("model.order=two", "key 'model.order': Input should be a valid integer"),
        ("model.estimator=scn", "key 'model.estimator': Input should be 'scm', 'oas'"),
        ("signals.bands=[[35, 8]]", "a band needs 0 < low < high, got [35.0, 8.0]"),
        ("signals.resample=60", "band [8, 35] Hz reaches above half of resample=60"),
        ("signals.tmax=-1", "the window needs tmin < tmax, got 0 to -1"),
        ("data.subjects=[]", "give at least one subject, or 'all'"),
        ("decoders=[TS+SVN]", "unknown decoder 'TS+SVN', did you mean 'TS+SVM'?"),
        ("evaluation.protocols=[cross_sesion]", "Input should be 'within_session'"),
    ],
)
def test_a_wrong_value_is_named_with_its_key(override, words):
    message = fault_of(override)
    assert words in message
    assert f"key '{override.split('.')[0].split('=')[0]}" in message
    assert "got {" not in message


def test_a_missing_key_is_named():
    with pytest.raises(ConfigFault, match=r"key 'data\.dataset' is missing \[mine\.yaml\]"):
        validate(ACMConfig, {"description": "", "data": {}}, source="mine.yaml")


def test_overrides_set_nested_keys_and_leave_the_tree_alone():
    tree = {"model": {"order": 4, "lag": 2}}
    changed = apply_overrides(tree, ["model.order=6", "signals.tmax=1e0", "data.subjects=[01, 2]"])
    assert changed == {
        "model": {"order": 6, "lag": 2},
        "signals": {"tmax": 1.0},
        "data": {"subjects": ["01", 2]},
    }
    assert tree == {"model": {"order": 4, "lag": 2}}


@pytest.mark.parametrize("override", ["model.order", "=3", "  =3"])
def test_an_override_without_key_or_value_is_refused(override):
    with pytest.raises(ConfigFault, match=r"write key.sub=value"):
        apply_overrides({}, [override])


def test_an_override_below_a_value_is_refused():
    with pytest.raises(ConfigFault, match=r"'seed' in 'seed.x' is a value"):
        apply_overrides({"seed": 1}, ["seed.x=1"])


@pytest.mark.parametrize(
    ("text", "labels"),
    [("1", ("1",)), ("01", ("01",)), ("[1, 2]", ("1", "2")), ("all", "all"), ('["03"]', ("03",))],
)
def test_subjects_are_labels_however_they_are_written(text, labels):
    config = validate(ACMConfig, apply_overrides(TREE, [f"data.subjects={text}"]))
    assert config.data.subjects == labels


def test_a_configuration_cannot_be_changed():
    config = validate(ACMConfig, TREE)
    with pytest.raises(ValidationError, match="frozen"):
        config.model.order = 2
    with pytest.raises(ValidationError, match="frozen"):
        config.seed = 1


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_resolved_file_of_a_shipped_experiment_reads_back_the_same(path):
    config = validate(ACMConfig, read_yaml(path), source=str(path))
    assert validate(ACMConfig, parse_yaml(to_yaml(config))) == config


def test_the_shipped_schema_is_that_of_the_model():
    shipped = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(ACMConfig.model_json_schema())), (
        "run: neurodecode schema acm > configs/acm/schema.json"
    )
