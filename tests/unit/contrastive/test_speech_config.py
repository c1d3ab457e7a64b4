"""The settings of the speech pipeline: names are checked, and a change reruns what reads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig, StimulusSection
from neurodecode.contrastive.speech.decoders import DECODERS
from neurodecode.faults import ConfigFault
from neurodecode.stimuli.encoder import ENCODERS

DATA = {"description": "", "data": {"dataset": "simulated-listening"}}
IN_NAMES = {"decoders", "seeds"}
"""They name the units: another decoder or seed is another job, whatever rule reads it."""


def config_of(**sections):
    return validate(SpeechConfig, {**DATA, **sections})


def test_every_setting_reruns_a_rule_that_reads_it():
    keys = {key.partition(".")[0] for keys in SpeechConfig.used_by.values() for key in keys}
    assert keys == set(SpeechConfig.model_fields)


def test_a_rule_names_settings_that_exist():
    content = config_of().model_dump()
    for keys in SpeechConfig.used_by.values():
        assert set(keys) <= set(content)


def test_what_changes_a_trained_model_is_read_by_train_or_before_or_is_in_its_name():
    read = {key for rule in ("fetch", "prepare", "train") for key in SpeechConfig.used_by[rule]}
    assert set(SpeechConfig.model_fields) - read - IN_NAMES == {
        "description", "curve", "evaluation", "references",
    }  # fmt: skip


def test_the_published_settings_are_the_defaults():
    config = config_of()
    assert (config.signals.sfreq, config.signals.clamp, config.signals.scaler_windows) == (
        120,
        20,
        200,
    )
    assert (config.split.test, config.split.valid, config.split.min_duration) == (0.2, 0.1, 6)
    assert (config.training.batch_size, config.training.group_size) == (256, 128)
    assert (config.training.learning_rate, config.training.temperature) == (3e-4, 1)
    assert (config.brain.n_virtual_channels, config.brain.hidden) == (270, 320)
    assert config.evaluation.headline_k == 10
    assert config.stimulus.scaler_windows == 8000


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"decoders": ["contrastive, Mell"]}, "unknown decoder .*did you mean 'contrastive, Mel'"),
        ({"stimulus": {"n_mel": 3}}, "did you mean 'stimulus.n_mels'"),
        ({"curve": {"numbers": [1, 2], "tested": 3}}, "2 participants cannot hold the tested=3"),
        ({"ridge": {"tmin": 0.5, "tmax": 0.1}}, "lags need tmin <= tmax"),
        (
            {"adaptation": {"minutes": [1]}, "decoders": ["no participant layer"]},
            "adaptation fits a participant's own layer, 'no participant layer' has none",
        ),
        (
            {"adaptation": {"minutes": [1]}, "decoders": ["ridge, Mel"]},
            "'ridge, Mel' has none",
        ),
        (
            {"adaptation": {"minutes": [1]}, "brain": {"participants": "none"}},
            "'contrastive' has none",
        ),
        ({"training": {"group_size": 1}}, "training.group_size"),
        ({"brain": {"kernel": 4}}, "even number of taps"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(sections, words):
    with pytest.raises(ConfigFault, match=words) as caught:
        config_of(**sections)
    assert "\n" not in str(caught.value)


def test_a_participant_embedding_can_be_adapted():
    assert config_of(adaptation={"minutes": [1]}, decoders=["participant embedding"])


def test_options_of_an_encoder_go_to_it_alone():
    section = StimulusSection(
        n_mels=40, options={"wav2vec2": {"layers": "article"}, "mel": {"hop": 64}}
    )
    assert section.options_of("mel") == {"n_mels": 40, "hop": 64}
    assert section.options_of("wav2vec2") == {"layers": "article"}
    assert section.options_of("envelope") == {}


def test_every_decoder_names_a_target_and_settings_that_exist():
    config = config_of()
    for decoder in DECODERS.values():
        assert decoder.target in {"default", "deep_mel", *ENCODERS}
        assert set(decoder.brain) <= set(type(config.brain).model_fields)
        assert set(decoder.signals) <= set(type(config.signals).model_fields)
        validate(type(config.brain), {**config.brain.model_dump(), **decoder.brain})
        validate(type(config.signals), {**config.signals.model_dump(), **decoder.signals})


def test_simulated_participants_are_numbered_and_others_are_the_data_sets():
    config = config_of(data={"dataset": "simulated-listening", "simulation": {"n_participants": 3}})
    assert config.simulated_subjects() == ["01", "02", "03"]
    assert config_of(data={"dataset": "Brennan2019"}).simulated_subjects() == []
    assert config_of(data={"dataset": "local", "path": "/x"}).simulated_subjects() == []


def test_settings_are_read_without_loading_torch():
    program = "import sys, neurodecode.contrastive.speech.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
