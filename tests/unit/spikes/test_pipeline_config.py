"""The settings of the spikes pipeline: what cannot be is refused, a change reruns what reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from neurodecode.config import parse_yaml, read_yaml, to_yaml, validate
from neurodecode.faults import ConfigFault
from neurodecode.spikes.config import SpikesConfig

FOLDER = Path(__file__).parents[3] / "configs" / "spikes"
IN_NAMES = {"models", "decoders", "jobs"}
"""They name the units: another model is another job."""
FRAMES = {"window": 0.2}


def test_every_setting_reruns_a_rule_that_reads_it(experiment):
    read = {key.partition(".")[0] for keys in SpikesConfig.used_by.values() for key in keys}
    assert read | IN_NAMES == set(SpikesConfig.model_fields)
    content = experiment().model_dump()
    for keys in SpikesConfig.used_by.values():
        for key in keys:
            section, _, name = key.partition(".")
            assert not name or name in content[section]


def test_what_changes_a_trained_model_is_read_by_train_or_before_or_is_in_its_name():
    rules = SpikesConfig.used_by
    read = {key.partition(".")[0] for rule in ("fetch", "prepare", "train") for key in rules[rule]}
    later = {"description", "evaluation", "wiring"}
    assert set(SpikesConfig.model_fields) - read - IN_NAMES == later


def test_the_published_settings_are_the_defaults():
    config = validate(SpikesConfig, {"description": "", "data": {"dataset": "V1AL"}})
    network, training = config.network, config.training
    assert (network.width, network.n_heads, network.n_state_layers) == (256, 8, 6)
    assert (network.n_past_layers, network.n_frame_layers, network.n_behaviour_layers) == (6, 6, 4)
    assert (training.batch_size, training.trainer.max_epochs) == (160, 250)
    assert (training.optimiser.learning_rate, training.optimiser.weight_decay) == (1e-4, 1.0)
    assert (config.evaluation.sampling.top_p, config.evaluation.sampling.temperature) == (0.95, 1)
    assert config.protocol == "blocked_time"  # honest, where the released one leaks


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"models": ["state+pst"]}, "did you mean 'past'"),
        ({"models": ["state", "state"]}, "'state' stands twice"),
        ({"models": []}, "models"),
        ({"decoders": ["Laso"]}, "did you mean 'Lasso'"),
        ({"decoders": ["MLP", "MLP"]}, "'MLP' stands twice"),
        ({"protocol": "blocked_times"}, "did you mean 'blocked_time'"),
        ({"models": ["state+stimulus"]}, "a model reads the stimulus: say how under 'stimulus'"),
        ({"models": ["state+behaviour"]}, "a model reads behaviour: name it under 'inputs'"),
        ({"decoders": ["MLP"], "targets": []}, "name it under 'targets'"),
        ({"few_shot": {"n_seeds": 1}, "targets": []}, "name it under 'targets'"),
        ({"inputs": ["speed"], "decoder_model": "state+behaviour"},
         "'speed' cannot be read and decoded by one network"),
        ({"decoder_model": "Poisson GLM"}, "'Poisson GLM' is no network of one session"),
        ({"few_shot": {"model": "state, shared body"}}, "is no network of one session"),
        ({"few_shot": {"shares": [0.0]}}, "shares lie above 0"),
        ({"few_shot": {"training": {"trainer": {"max_epochs": 9, "patience": 3}}}},
         "would stop by behaviour beyond the share"),
        ({"wiring": {"model": "state+pst"}}, "unknown model of wiring.*did you mean 'state.past'"),
        ({"wiring": {"model": "Poisson GLM"}}, "has no such attention to read"),
        ({"models": ["state"], "wiring": {"model": "state"}}, "has no such attention to read"),
        ({"wiring": {"rivals": ["Pearsons"]}}, "wiring.rivals"),
        ({"split": {"folds": [5]}}, "fold 5: there are 0 to 4"),
        ({"split": {"n_fold": 5}}, "did you mean 'split.n_folds'"),
        ({"step_seconds": 0.03}, "step_seconds must be whole bins of 0.02 s"),
        ({"crop": {"event": "valve", "after": 0}}, "crop.after"),
        ({"windows": {"current": 0.055}}, "whole number of bins"),
        ({"network": {"corrections": "realeased"}}, "corrected, released"),
        ({"data": {"dataset": "local", "simulation": {"n_units": 9}}}, "'local' is not simulated"),
        ({"data": {"dataset": "simulated-spiking", "simulation": {"n_unit": 9}}},
         "unknown option of the simulator 'n_unit', did you mean 'n_units'"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_in_one_line(experiment, sections, words):
    with pytest.raises(ConfigFault, match=words) as caught:
        experiment(**sections)
    assert "\n" not in str(caught.value)


def test_a_model_that_does_not_read_something_has_no_layers_for_it(experiment):
    config = experiment(
        models=["state", "state+past+stimulus+behaviour+contrastive"], stimulus=FRAMES,
        inputs=["phi"],
    )  # fmt: skip
    bare = config.network_of("state", 5)
    full = config.network_of(config.models[1], 5, decoded={"speed": None, "side": 3})
    assert (bare.n_past_layers, bare.frames, bare.inputs, bare.contrastive) == (0, None, {}, None)
    assert full.n_past_layers == 1
    assert full.frames == config.stimulus
    assert list(full.inputs) == ["phi"]
    assert {name: one.n_classes for name, one in full.targets.items()} == {"speed": None, "side": 3}
    assert full.contrastive.features == ("spikes", "frames", "phi")


def test_simulated_subjects_are_numbered_and_others_are_the_data_sets(experiment):
    data = {"dataset": "simulated-spiking", "simulation": {"n_subjects": 3}}
    assert experiment(data=data).simulated_subjects() == ["01", "02", "03"]
    assert experiment(data={**data, "path": "/x"}).simulated_subjects() == []
    assert experiment(data={"dataset": "V1AL"}).simulated_subjects() == []


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_resolved_file_of_a_shipped_experiment_reads_back_the_same(path):
    config = validate(SpikesConfig, read_yaml(path), source=str(path))
    assert validate(SpikesConfig, parse_yaml(to_yaml(config))) == config


def test_the_shipped_schema_is_that_of_the_model():
    shipped = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert shipped == json.loads(json.dumps(SpikesConfig.model_json_schema())), (
        "run: neurodecode schema spikes > configs/spikes/schema.json"
    )


def test_settings_are_read_without_loading_torch():
    program = "import sys, neurodecode.spikes.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
