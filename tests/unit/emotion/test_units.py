"""Decoders are named by their parts, and every job by what it trains and whom it tests."""

from __future__ import annotations

import re

import pytest

from neurodecode.config import validate
from neurodecode.emotion import NETWORKS
from neurodecode.emotion.classical import CLASSICAL as BUILDERS
from neurodecode.emotion.config import ACROSS, EmotionConfig
from neurodecode.emotion.decoders import CLASSICAL, KINDS, SHUFFLED, decoder_of
from neurodecode.emotion.units import unit_of
from neurodecode.evaluation.rated_splits import RATED_PROTOCOLS
from neurodecode.faults import ConfigFault

SUBJECTS = ["01", "02", "S-3"]
EVERY = [
    *NETWORKS, *(f"{name}, {kind}" for name in NETWORKS for kind in KINDS), *CLASSICAL,
    *(f"{name}, {SHUFFLED}" for name in (*NETWORKS, *CLASSICAL)),
]  # fmt: skip


def config_of(**sections):
    tree = {"description": "", "data": {"dataset": "simulated-rated"}, **sections}
    return validate(EmotionConfig, tree)


def units_of(config, subjects=SUBJECTS):
    return [unit_of(config, name) for name in config.units(subjects)]


@pytest.mark.parametrize(
    ("name", "family", "target", "shuffled"),
    [
        ("HiSTN G0", "HiSTN G0", "smoothed", False),
        ("HiSTN-D, one-hot", "HiSTN-D", "one-hot", False),
        ("EEGNet , mixture", "EEGNet", "mixture", False),
        ("flat, regression, ratings shuffled", "flat", "regression", True),
        ("flat, ratings shuffled, gaussian", "flat", "gaussian", True),
        ("TS+LR, ratings shuffled", "TS+LR", "smoothed", True),
    ],
)
def test_a_name_says_family_target_and_control(name, family, target, shuffled):
    found = decoder_of(name)
    assert (found.name, found.family, found.target, found.shuffled) == (
        name, family, target, shuffled,
    )  # fmt: skip
    assert found.classical == (family in CLASSICAL)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("HiSTM G0", "did you mean 'HiSTN G0'"),
        ("flat, onehot", "unknown form of flat 'onehot', did you mean 'one-hot'"),
        ("TS+LR, smoothed", "unknown form of TS.LR 'smoothed'"),
        ("flat, one-hot, mixture", "names 2 targets"),
        ("flat, ratings shufled", "did you mean 'ratings shuffled'"),
    ],
)
def test_a_wrong_part_of_a_name_is_answered_with_the_nearest(name, words):
    with pytest.raises(ConfigFault, match=words):
        decoder_of(name)


def test_every_named_classical_decoder_can_be_built():
    assert set(CLASSICAL) == set(BUILDERS)


def test_names_of_decoders_stay_apart_as_files_and_describe_what_they_are():
    assert len({decoder_of(name).slug for name in EVERY}) == len(EVERY)
    for name in EVERY:
        decoder = decoder_of(name)
        assert ("control" in decoder.description) == decoder.shuffled
        assert (decoder.n_parameters is None) == decoder.classical
    assert decoder_of("HiSTN G0, one-hot").n_parameters == 1265


@pytest.mark.parametrize("jobs", ["model", "subject"])
def test_every_name_is_safe_as_a_file_and_parses_back(jobs):
    config = config_of(models=EVERY, models_across=["HiSTN G0", "MSBAM"], jobs=jobs,
                       protocols=list(RATED_PROTOCOLS))  # fmt: skip
    names = config.units(SUBJECTS)
    found = units_of(config)
    assert [unit.name for unit in found] == list(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) for name in names)
    trained = [(u.protocol, u.subject, d.name) for u in found for d in u.decoders]
    assert len(set(trained)) == len(trained)
    expected = {
        (protocol, subject, model)
        for protocol in RATED_PROTOCOLS for subject in SUBJECTS
        for model in config.models_of(protocol)
    }  # fmt: skip
    assert set(trained) == expected


def test_a_job_is_a_model_and_a_subject_or_all_models_of_a_subject():
    models = ["flat", "DE+SVM"]
    alone = units_of(config_of(models=models, protocols=["time_blocks"], jobs="model"))
    together = units_of(config_of(models=models, protocols=["time_blocks"], jobs="subject"))
    assert [unit.name for unit in alone[:2]] == [
        "time_blocks.flat.sub-01", "time_blocks.de-svm.sub-01",
    ]  # fmt: skip
    assert [len(unit.decoders) for unit in alone] == [1] * 6
    assert [unit.name for unit in together] == [f"time_blocks.sub-{s}" for s in SUBJECTS]
    assert [len(unit.decoders) for unit in together] == [2] * 3


def test_a_job_reads_its_subject_alone_unless_it_is_trained_on_others():
    config = config_of(protocols=list(RATED_PROTOCOLS), jobs="subject")
    for name, read in config.units(SUBJECTS).items():
        unit = unit_of(config, name)
        assert read == (SUBJECTS if unit.protocol in ACROSS else [unit.subject])
        assert unit.across == (unit.protocol in ACROSS)


def test_models_across_people_may_be_others_or_the_same():
    config = config_of(models=["flat"], models_across=["EEGNet"])
    assert config.models_of("zero_shot") == ("EEGNet",)
    assert config.models_of("time_blocks") == ("flat",)
    assert config_of(models=["flat"]).models_of("zero_shot") == ("flat",)


@pytest.mark.parametrize(
    ("protocol", "sources", "needed"),
    [("calibrated", "all", 3), ("calibrated", "none", 2), ("zero_shot", "none", 3),
     ("zero_shot_unseen_clips", "all", 3), ("leave_clips_out", "all", 1)],
)  # fmt: skip
def test_too_few_people_for_a_protocol_are_counted_and_what_works_is_said(
    protocol, sources, needed
):
    config = config_of(protocols=[protocol], split={"sources": sources})
    people = [f"{k}" for k in range(needed)]
    assert config.units(people)
    if needed > 1:
        words = rf"{protocol} needs {needed} subjects.*protocols=\[leave_clips_out\]"
        with pytest.raises(ConfigFault, match=words):
            config.units(people[1:])
