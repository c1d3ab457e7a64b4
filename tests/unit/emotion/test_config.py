"""The settings of the emotion pipeline: names are checked, a change reruns what reads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neurodecode.config import validate
from neurodecode.emotion.config import ACROSS, EmotionConfig
from neurodecode.emotion.config_training import NEVER
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS
from neurodecode.faults import ConfigFault

DATA = {"description": "", "data": {"dataset": "simulated-rated"}}
IN_NAMES = {"jobs", "protocols"}
"""They name the units: another protocol is another job, whatever rule reads it."""


def config_of(**sections):
    return validate(EmotionConfig, {**DATA, **sections})


def test_every_setting_reruns_a_rule_that_reads_it():
    keys = {key.partition(".")[0] for keys in EmotionConfig.used_by.values() for key in keys}
    assert keys | IN_NAMES == set(EmotionConfig.model_fields)


def test_a_rule_names_settings_that_exist():
    content = config_of().model_dump()
    for keys in EmotionConfig.used_by.values():
        for key in keys:
            section, _, name = key.partition(".")
            assert not name or name in content[section]


def test_what_changes_a_trained_model_is_read_by_train_or_before_or_is_in_its_name():
    rules = EmotionConfig.used_by
    read = {key.partition(".")[0] for rule in ("fetch", "prepare", "train") for key in rules[rule]}
    assert set(EmotionConfig.model_fields) - read - IN_NAMES == {"description", "evaluation"}


def test_the_published_settings_are_the_defaults():
    config = config_of()
    within, sources, calibration = config.within, config.sources, config.calibration
    assert (config.window_samples, config.sigma, config.split.n_pieces) == (128, 0.5, 10)
    assert (within.batch_size, within.n_batches, within.n_valid) == (256, None, 2000)
    assert (within.trainer.max_epochs, within.trainer.patience) == (50, NEVER)
    assert (within.optimiser.learning_rate, within.optimiser.steps) == (1e-3, ((30, 0.5),))
    assert (sources.batch_size, sources.consensus, sources.dropout) == (120, True, 0.2)
    assert (sources.optimiser.learning_rate, sources.optimiser.steps) == (1e-2, ((50, 0.2),))
    assert sources.trainer.max_epochs == 100
    assert (calibration.batch_size, calibration.stride_seconds) == (100, 0.25)
    assert (calibration.optimiser.learning_rate, calibration.optimiser.steps) == (1e-3, ())
    assert (calibration.trainer.max_epochs, calibration.freeze) == (400, ("temporal",))
    assert (config.split.calibration_seconds, config.split.sources) == (10.0, "all")
    assert config.evaluation.n_crops == 1000
    assert config.network.momentum == 0.99


def test_an_honest_protocol_comes_first_by_default():
    config = config_of()
    assert config.leaks(config.protocols[0]) is None
    assert "every clip is in training and test" in config.leaks("time_blocks")


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"models": ["HiSTM G0"]}, "unknown decoder 'HiSTM G0', did you mean 'HiSTN G0'"),
        ({"models": ["HiSTN G0, smoothd"]}, "did you mean 'smoothed'"),
        ({"models": ["DE+SVM, one-hot"]}, "unknown form of DE.SVM 'one-hot'"),
        ({"models_across": ["EEGnett"]}, "did you mean 'EEGNet'"),
        ({"models": []}, "models"),
        ({"models": ["flat", "flat"]}, "'flat' stands twice"),
        ({"labels": ["valence", "valence"]}, "'valence' stands twice"),
        ({"labels": []}, "labels"),
        ({"protocols": ["leave_clip_out"]}, "did you mean 'leave_clips_out'"),
        ({"protocols": ["time_blocks"] * 2}, "'time_blocks' stands twice"),
        ({"window_seconds": 61}, "window_seconds 61 is longer than signals.seconds 60"),
        ({"window_seconds": 0}, "window_seconds"),
        ({"split": {"n_folds": 2}}, "split.n_folds"),
        ({"split": {"n_pieces": 2}}, "split.n_pieces"),
        ({"split": {"valid_subjects": 0}}, "split.valid_subjects"),
        ({"split": {"missing": "ignore"}}, "split.missing"),
        ({"split": {"sources": "others"}}, "split.sources"),
        ({"split": {"max_folds": 0}}, "split.max_folds"),
        ({"split": {"max_fold": 1}}, "did you mean 'split.max_folds'"),
        ({"sigma": 0}, "sigma"),
        ({"signals": {"baseline": False, "scaling": "baseline"}}, "needs baseline=true"),
        ({"signals": {"scaling": "maxabs"}}, "signals.scaling"),
        ({"network": {"n_regions": 3, "hierarchy": "x.yaml"}}, "hierarchy or n_regions, not both"),
        ({"network": {"momentum": 1}}, "network.momentum"),
        ({"within": {"batch_size": 1}}, "within.batch_size"),
        ({"within": {"optimiser": {"steps": [[30, 0.5], [20, 0.1]]}}}, "rising epochs"),
        ({"sources": {"dropout": 1}}, "sources.dropout"),
        ({"calibration": {"stride_seconds": 0}}, "calibration.stride_seconds"),
        ({"jobs": "label"}, "jobs"),
        ({"evaluation": {"n_optimal": 1}}, "evaluation.n_optimal"),
        ({"data": {"dataset": "DREAMER", "simulation": {"n_clips": 1}}}, "n_clips"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_in_one_line(sections, words):
    with pytest.raises(ConfigFault, match=words) as caught:
        config_of(**sections)
    assert "\n" not in str(caught.value)


def test_simulated_viewers_are_numbered_and_others_are_the_data_sets():
    simulated = {"dataset": "simulated-rated", "simulation": {"n_subjects": 3}}
    assert config_of(data=simulated).simulated_subjects() == ["01", "02", "03"]
    assert config_of(data={**simulated, "path": "/x"}).simulated_subjects() == []
    assert config_of(data={"dataset": "DREAMER"}).simulated_subjects() == []


def test_lengths_reach_the_protocols_in_samples():
    split = config_of(split={"calibration_seconds": 2.5}).split
    settings = split.settings(sampling_rate=200.0, window_samples=50, seed=3)
    assert (settings.calibration_samples, settings.window_samples, settings.seed) == (500, 50, 3)


@pytest.mark.parametrize("protocol", list(RATED_PROTOCOLS))
def test_protocols_across_people_are_those_that_must_not_share_the_tested_subject(protocol):
    assert ("subject" in RATED_PROTOCOLS[protocol].units) == (protocol in ACROSS)


def test_settings_are_read_without_loading_torch():
    program = "import sys, neurodecode.emotion.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
