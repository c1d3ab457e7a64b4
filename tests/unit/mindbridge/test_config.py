"""The settings of the mindbridge pipeline: names are checked, a change reruns what reads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neurodecode.config import validate
from neurodecode.evaluation.stimulus_splits import split_stimuli
from neurodecode.faults import ConfigFault
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.stimuli.generation.generator import default_generator
from neurodecode.stimuli.pictures.encoder import default_picture_encoder

DATA = {"description": "", "data": {"dataset": "simulated-responses"}}
IN_NAMES = {"models", "seeds"}
"""They name the units: another model or seed is another job, whatever rule reads it."""
RUNS = {"protocol": "leave_runs_out", "test": 0.25}


def config_of(**sections):
    return validate(MindBridgeConfig, {**DATA, **sections})


def test_every_setting_reruns_a_rule_that_reads_it():
    keys = {key.partition(".")[0] for keys in MindBridgeConfig.used_by.values() for key in keys}
    assert keys == set(MindBridgeConfig.model_fields)


def test_a_rule_names_settings_that_exist():
    content = config_of().model_dump()
    for keys in MindBridgeConfig.used_by.values():
        for key in keys:
            section, _, name = key.partition(".")
            assert not name or name in content[section]


def test_what_changes_a_trained_model_is_read_by_train_or_before_or_is_in_its_name():
    rules = MindBridgeConfig.used_by
    read = {key.partition(".")[0] for rule in ("fetch", "prepare", "train") for key in rules[rule]}
    assert set(MindBridgeConfig.model_fields) - read - IN_NAMES == {
        "description", "evaluation", "redraw", "references",
    }  # fmt: skip


def test_the_published_settings_are_the_defaults():
    config = config_of()
    bridge, losses, optimiser = config.bridge, config.losses, config.optimiser
    assert (bridge.pooled_size, bridge.aggregation, bridge.width) == (8192, "max", 2048)
    assert (bridge.n_blocks, bridge.adapter_size, bridge.builders) == (4, 128, True)
    assert (bridge.embedder_dropout, bridge.translator_dropout) == (0.5, 0.15)
    assert (losses.temperature, losses.mse, losses.soft_clip) == (0.005, 1e4, 1)
    assert (losses.reconstruction, losses.cycle) == (1, 1)
    assert (optimiser.learning_rate, optimiser.weight_decay) == (1.5e-4, 1e-2)
    assert (optimiser.decay, optimiser.warmup_epochs) == ("released", 2)
    assert (config.batches.batch_size, config.batches.mode) == (50, "min_size")
    assert (config.trainer.max_epochs, config.trainer.gradient_clip_val) == (600, 1)
    assert (config.tuning.max_epochs, config.tuning.learning_rate) == (200, 1.5e-4)
    assert (config.evaluation.set_size, config.evaluation.n_sets) == (300, 30)
    assert (config.seeds, config.split.protocol, config.split.folds) == ((42,), "shared_test", None)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"models": ["brigde"]}, "unknown model 'brigde', did you mean 'bridge'"),
        ({"models": ["no cicle"]}, "did you mean 'no cycle'"),
        ({"models": []}, "models"),
        ({"seeds": []}, "seeds"),
        ({"split": {"protocol": "shared_tests"}}, "did you mean 'shared_test'"),
        ({"split": {"valid": 0}}, "split.valid"),
        ({"split": {"test": 1}}, "split.test"),
        ({"split": {**RUNS, "folds": 1}}, "split.folds"),
        ({"split": {**RUNS, "folds": 5}}, "folds is 5, with test 0.25 there are 4"),
        ({"split": {**RUNS, "test": 0.9, "folds": "all"}}, "folds is all, with test 0.9 there are"),
        ({"split": {**RUNS, "folds": "every"}}, "split.folds"),
        ({"split": {**RUNS, "folds": "all", "fold": 2}}, "give fold, which is one, or folds"),
        ({"split": {"folds": "all"}}, "folds are of protocol leave_runs_out, not of shared_test"),
        ({"target": {"image": "hogg"}}, "unknown target 'hogg', did you mean 'hog'"),
        ({"target": {"text": "clip_tex"}}, "did you mean 'clip_text'"),
        ({"target": {"imag": "hog"}}, "did you mean 'target.image'"),
        ({"bridge": {"aggregation": "median"}}, "bridge.aggregation"),
        ({"bridge": {"embedder_dropout": 1}}, "bridge.embedder_dropout"),
        ({"losses": {"temperature": 0}}, "losses.temperature"),
        ({"optimiser": {"decay": "norms"}}, "optimiser.decay"),
        ({"batches": {"batch_size": 1}}, "batches.batch_size"),
        ({"batches": {"repetition": "first"}}, "batches.repetition"),
        ({"tuning": {"regimes": ["rest"]}}, "tuning.regimes"),
        ({"tuning": {"held_out": 0}}, "tuning.held_out"),
        ({"ridge": {"alphas": []}}, "ridge.alphas"),
        ({"pca": {"n_components": 0}}, "pca.n_components"),
        ({"evaluation": {"set_size": 1}}, "evaluation.set_size"),
        ({"redraw": {"generator": "draw"}}, "did you mean 'drawn'"),
        ({"redraw": {"choice": "best"}}, "redraw.choice"),
        ({"redraw": {"identification": ["pixel"]}}, "did you mean 'pixels'"),
        ({"redraw": {"generator": "drawn"}}, r"needs target\.text: latent"),
        (
            {"redraw": {"generator": "unclip"}, "models": ["ridge"]},
            "a network as the first of models",
        ),
        (
            {"redraw": {"generator": "drawn", "candidates": 2},
             "target": {"image": "category", "text": "latent"}},
            "redraw.choice: prediction needs an encoder",
        ),
        ({"data": {"dataset": "NSD", "simulation": {"n_voxels": []}}}, "n_voxels"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_in_one_line(sections, words):
    with pytest.raises(ConfigFault, match=words) as caught:
        config_of(**sections)
    assert "\n" not in str(caught.value)


def test_what_default_means_is_written_into_the_settings_of_a_run():
    config = config_of(redraw={"generator": "default", "identification": ["default", "hog"]},
                       target={"text": "latent"})  # fmt: skip
    assert config.target.image == default_picture_encoder()
    assert config.redraw.generator == default_generator()
    assert config.redraw.identification == (default_picture_encoder(), "hog")
    assert "default" not in config.target.model_dump_json()


def test_candidates_chosen_by_the_truth_need_no_encoder_of_the_target():
    redraw = {"generator": "drawn", "candidates": 2, "choice": "truth"}
    config = config_of(redraw=redraw, target={"image": "category", "text": "latent"})
    assert config.redraw.choice == "truth"


def test_simulated_subjects_are_numbered_and_others_are_the_data_sets():
    simulated = {"dataset": "simulated-responses", "simulation": {"n_subjects": 3}}
    assert config_of(data=simulated).simulated_subjects() == ["01", "02", "03"]
    assert config_of(data={"dataset": "NSD"}).simulated_subjects() == []
    assert config_of(data={"dataset": "local", "path": "/x"}).simulated_subjects() == []


def test_folds_are_those_that_the_split_knows(run_table):
    assert config_of(split=RUNS).split.trained_folds == ()
    assert config_of(split={**RUNS, "folds": 3}).split.trained_folds == (0, 1, 2)
    folds = config_of(split={**RUNS, "folds": "all"}).split.trained_folds
    assert folds == (0, 1, 2, 3)
    for fold in folds:
        split_stimuli(run_table, **RUNS, fold=fold)
    with pytest.raises(ConfigFault, match="give 0 to 3"):
        split_stimuli(run_table, **RUNS, fold=4)


def test_settings_are_read_without_loading_torch():
    program = "import sys, neurodecode.mindbridge.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
