"""Every job has a name that is safe as a file's and says what it trains."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from neurodecode.config import read_yaml, validate
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.decoders import SHUFFLED
from neurodecode.contrastive.image.units import unit_of
from neurodecode.faults import DataFault

SUBJECTS = ["01", "02"]
REPOSITORY = Path(__file__).parents[3]


def config_of(**sections):
    tree = {"description": "", "data": {"dataset": "simulated-viewing"}, **sections}
    return validate(ImageConfig, tree)


@pytest.fixture(scope="module")
def everything():
    return config_of(
        decoders=["contrastive", "ridge, hog", "joint, clip_vision", SHUFFLED],
        seeds=[7, 8],
        time={"decoders": ["ridge", "ridge, hog"], "sliding": {"start": -0.1, "stop": 0.1},
              "growing": {"stop": 0.05}},
        generation={"generator": "drawn", "windows": [[0.0, 0.2], [0.2, 0.4]]},
    )  # fmt: skip


def test_every_name_is_safe_as_a_file_and_parses_back(everything):
    units = everything.units(SUBJECTS)
    found = [unit_of(everything, name) for name in units]
    assert [unit.name for unit in found] == list(units)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) for name in units)
    assert all(read == SUBJECTS for read in units.values())
    assert len({(u.kind, u.models, u.seed, u.span) for u in found}) == len(found)


def test_controls_and_linear_decoders_are_trained_once_others_with_each_seed(everything):
    units = [unit_of(everything, name) for name in everything.units(SUBJECTS)]
    seeds = {}
    for unit in units:
        if unit.kind == "decoder":
            seeds.setdefault(unit.models[0], []).append(unit.seed)
    assert seeds == {
        "contrastive": [7, 8], "ridge, hog": [7], "joint, clip_vision": [7, 8], SHUFFLED: [7],
    }  # fmt: skip


def test_every_window_is_one_job_with_all_decoders_of_the_time_course(everything):
    units = [unit_of(everything, name) for name in everything.units(SUBJECTS)]
    sliding = [unit for unit in units if unit.kind == "sliding"]
    assert [unit.span for unit in sliding] == everything.time.sliding.spans()
    assert {unit.models for unit in sliding} == {("ridge", "ridge, hog")}
    assert [u.span for u in units if u.kind == "growing"] == [
        (-0.1, 0),
        (-0.1, 0.025),
        (-0.1, 0.05),
    ]


def test_generation_is_a_job_for_the_whole_window_and_one_for_each_part(everything):
    units = [unit_of(everything, name) for name in everything.units(SUBJECTS)]
    assert [(u.name, u.span) for u in units if u.kind == "generation"] == [
        ("generation.full", None), ("generation.0_200", (0.0, 0.2)),
        ("generation.200_400", (0.2, 0.4)),
    ]  # fmt: skip


def test_nothing_is_generated_without_a_generator():
    names = config_of(generation={"windows": [[0.0, 0.2]]}).units(SUBJECTS)
    assert list(names) == ["contrastive.seed-1", "ridge.seed-1"]


def test_another_seed_is_another_job_for_networks_alone():
    one, other = (set(config_of(seeds=[s]).units(SUBJECTS)) for s in (1, 2))
    assert one == {"contrastive.seed-1", "ridge.seed-1"}
    assert other == {"contrastive.seed-2", "ridge.seed-2"}


@pytest.mark.parametrize("path", sorted((REPOSITORY / "configs" / "image").glob("*.yaml")))
def test_every_shipped_experiment_is_valid_and_its_jobs_parse_back(path):
    config = validate(ImageConfig, read_yaml(path))
    names = list(config.units(SUBJECTS))
    assert [unit_of(config, name).name for name in names] == names


def test_a_decoder_without_target_takes_the_experiments(seen):
    assert seen.decoder("ridge").target == "hog"
    assert seen.decoder("ridge, pixels").target == "pixels"
    assert seen.decoder(SHUFFLED) == replace(seen.decoder("contrastive"), shuffled=True)


def test_participants_keep_their_numbers_whichever_are_opened(seen):
    assert seen.recordings(["02"]).participants == seen.recordings().participants == ("01", "02")
    assert set(seen.recordings(["02"]).windows()["participant"]) == {"02"}


def test_an_encoder_without_picture_files_is_told_what_works(seen):
    bare = replace(seen, pictures=None)
    with pytest.raises(DataFault, match=r"'hog' needs picture files.*identity or category"):
        bare.bank("hog")
    assert bare.bank("category").n_features == 12
