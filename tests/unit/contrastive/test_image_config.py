"""The settings of the image pipeline: names are checked, and a change reruns what reads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from neurodecode.artefacts import slug
from neurodecode.config import validate
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.config_evaluation import (
    GrowingWindows,
    SlidingWindows,
    window_name,
)
from neurodecode.contrastive.image.decoders import SHUFFLED, parse_decoder
from neurodecode.faults import ConfigFault
from neurodecode.stimuli.generation.generator import default_generator
from neurodecode.stimuli.pictures.encoder import default_picture_encoder

DATA = {"description": "", "data": {"dataset": "simulated-viewing"}}
IN_NAMES = {"decoders", "seeds"}
"""They name the units: another decoder or seed is another job, whatever rule reads it."""


def config_of(**sections):
    return validate(ImageConfig, {**DATA, **sections})


def test_every_setting_reruns_a_rule_that_reads_it():
    keys = {key.partition(".")[0] for keys in ImageConfig.used_by.values() for key in keys}
    assert keys == set(ImageConfig.model_fields)


def test_a_rule_names_settings_that_exist():
    content = config_of().model_dump()
    for keys in ImageConfig.used_by.values():
        for key in keys:
            section, _, name = key.partition(".")
            assert not name or name in content[section]


def test_what_changes_a_trained_model_is_read_by_train_or_before_or_is_in_its_name():
    read = {key for rule in ("fetch", "prepare", "train") for key in ImageConfig.used_by[rule]}
    read |= {key.partition(".")[0] for key in read}
    assert set(ImageConfig.model_fields) - read - IN_NAMES == {
        "description", "evaluation", "references",
    }  # fmt: skip


def test_what_is_only_asked_of_trained_generators_trains_nothing_again():
    read = set(ImageConfig.used_by["train"])
    generation = {key.partition(".")[2] for key in read if key.startswith("generation.")}
    assert generation == {"generator", "options", "clip_weights", "window_clip_weight"}
    assert "generation" in ImageConfig.used_by["evaluate"]


def test_the_published_settings_are_the_defaults():
    config = config_of()
    signals, training = config.signals, config.training
    assert (signals.sfreq, signals.tmin, signals.tmax, signals.baseline) == (120, -0.5, 1.0, 0.5)
    assert (signals.n_samples, signals.clamp, signals.lag) == (181, 20, 0)
    assert (training.batch_size, training.learning_rate) == (128, 3e-4)
    assert (training.symmetric, training.normalise_estimates) == (False, False)  # appendix B
    assert (training.temperature, training.learn_temperature) == (1, False)
    assert (config.brain.n_virtual_channels, config.brain.hidden, config.brain.n_blocks) == (
        270, 320, 2,
    )  # fmt: skip
    assert (config.head.width, config.head.aggregation) == (2048, "affine")
    assert (config.trainer.patience, config.split.protocol, config.split.valid) == (
        10, "zero_shot", 0.2,
    )  # fmt: skip
    assert config.evaluation.top_k == (1, 5)
    assert config.generation.clip_weights == (0, 0.25, 0.5, 0.75)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"decoders": ["contrastve"]}, "unknown objective 'contrastve', did you mean 'contrast"),
        ({"decoders": ["ridge, hogg"]}, "unknown target 'hogg', did you mean 'hog'"),
        ({"decoders": ["ridge, pictures shufled"]}, "did you mean 'pictures shuffled'"),
        ({"time": {"decoders": ["ridge, vgg91"]}}, "did you mean 'vgg19'"),
        ({"embedding": {"targt": "hog"}}, "did you mean 'embedding.target'"),
        ({"embedding": {"target": "dinov3"}}, "did you mean 'dinov2'"),
        ({"embedding": {"target": "pictures shuffled"}}, "unknown target"),
        ({"embedding": {"options": {"hogs": {"size": 3}}}}, "did you mean 'hog'"),
        ({"split": {"protocol": "zero_shoot"}}, "did you mean 'zero_shot'"),
        ({"generation": {"generator": "draw"}}, "did you mean 'drawn'"),
        ({"generation": {"identification": ["pixel"]}}, "did you mean 'pixels'"),
        ({"generation": {"generator": "drawn", "windows": [[0.5, 0.2]]}}, "ends before it begins"),
        ({"generation": {"generator": "drawn", "windows": [[0.5, 1.2]]}}, "lies outside"),
        ({"time": {"sliding": {"stop": 1.5}}}, r"lies outside signals.tmin=-0.5 to tmax=1"),
        ({"time": {"sliding": {"start": -0.7}}}, "window -0.7 to -0.6 s lies outside"),
        ({"time": {"growing": {"start": -0.1, "first": -0.1}}}, "ends before it begins"),
        ({"time": {"sliding": {"length": 3.0}}}, "no sliding window fits"),
        ({"time": {"growing": {"first": 1.1}}}, "no growing window fits"),
        ({"evaluation": {"headline_k": 3}}, "headline_k must be one of top_k"),
        ({"signals": {"lag": 0.1}}, "signals.lag"),
        ({"brain": {"kernel": 4}}, "even number of taps"),
        ({"decoders": []}, "decoders"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(sections, words):
    with pytest.raises(ConfigFault, match=words) as caught:
        config_of(**sections)
    assert "\n" not in str(caught.value)


def test_what_default_means_is_written_into_the_settings_of_a_run():
    config = config_of(generation={"generator": "default", "identification": ["default", "hog"]})
    assert config.embedding.target == default_picture_encoder()
    assert config.generation.generator == default_generator()
    assert config.generation.identification == (default_picture_encoder(), "hog")
    assert "default" not in config.embedding.model_dump_json()
    assert config_of().embedding.target == default_picture_encoder()
    assert config_of().generation.identification[0] == default_picture_encoder()


def test_published_sliding_windows_begin_every_25_ms():
    spans = SlidingWindows().spans()
    assert spans[0] == (-0.1, 0.0)
    assert spans[1] == (-0.075, 0.025)
    assert spans[-1] == (0.9, 1.0)
    assert len(spans) == 41


@pytest.mark.parametrize(
    ("stop", "n"), [(0.08, 0), (0.099, 0), (0.1, 1), (0.149, 1), (0.15, 2), (0.2, 3)]
)
def test_no_sliding_window_ends_after_the_stop(stop, n):
    spans = SlidingWindows(start=0.0, length=0.1, step=0.05, stop=stop).spans()
    assert len(spans) == n
    assert all(end <= stop + 1e-9 for _, end in spans)


def test_growing_windows_begin_together_and_end_ever_later():
    spans = GrowingWindows(start=-0.1, first=0.0, stop=0.1, step=0.05).spans()
    assert spans == [(-0.1, 0.0), (-0.1, 0.05), (-0.1, 0.1)]
    assert GrowingWindows(first=0.01, stop=0.0).spans() == []


def test_windows_have_names_of_their_own():
    spans = SlidingWindows(start=-0.5).spans()
    assert len({window_name("sliding", span) for span in spans}) == len(spans)


def test_simulated_participants_are_numbered_and_others_are_the_data_sets():
    simulated = {"dataset": "simulated-viewing", "simulation": {"n_participants": 3}}
    assert config_of(data=simulated).simulated_subjects() == ["01", "02", "03"]
    assert config_of(data={"dataset": "THINGS-MEG"}).simulated_subjects() == []
    assert config_of(data={"dataset": "local", "path": "/x"}).simulated_subjects() == []


@pytest.mark.parametrize(
    ("name", "objective", "target", "shuffled"),
    [
        ("contrastive", "contrastive", "default", False),
        ("ridge, hog", "ridge", "hog", False),
        ("joint,latent", "joint", "latent", False),
        (SHUFFLED, "contrastive", "default", True),
    ],
)
def test_a_decoders_name_says_objective_and_target(name, objective, target, shuffled):
    found = parse_decoder(name)
    assert (found.objective, found.target, found.shuffled) == (objective, target, shuffled)


def test_a_decoder_is_described_in_words():
    assert "the experiment's target" in parse_decoder("ridge").description
    assert parse_decoder("ridge, hog").description.endswith("target: hog")
    assert "must land at chance" in parse_decoder(SHUFFLED).description
    assert slug("contrastive, clip_vision") == "contrastive-clip-vision"


def test_settings_are_read_without_loading_torch():
    program = "import sys, neurodecode.contrastive.image.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
