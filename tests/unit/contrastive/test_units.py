"""Every job has a name that is safe as a file's and says what it trains."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from neurodecode.artefacts import slug
from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig
from neurodecode.contrastive.speech.decoders import BY_SLUG, DECODERS, SHUFFLED
from neurodecode.contrastive.speech.units import unit_of

DATA = {"description": "", "data": {"dataset": "simulated-listening"}}
SUBJECTS = ["A2002", "A2003", "A2004", "A2010"]


def config_of(**sections):
    return validate(SpeechConfig, {**DATA, **sections})


@pytest.fixture(scope="module")
def everything():
    return config_of(
        decoders=list(DECODERS), seeds=[2036, 2037], curve={"numbers": [1, 2, 3], "tested": 1},
        adaptation={"minutes": [1, 5], "held_out": 2},
    )  # fmt: skip


def test_every_decoder_has_a_name_of_its_own_as_a_file():
    assert len(BY_SLUG) == len(DECODERS)
    assert slug("contrastive, wav2vec 2.0") == "contrastive-wav2vec-2-0"
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in BY_SLUG)


def test_every_name_is_safe_as_a_file_and_parses_back(everything):
    units = everything.units(SUBJECTS)
    for name, read in units.items():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]*", name)
        assert read == SUBJECTS
        unit = unit_of(everything, name, read)
        assert unit.name == name
        assert name.startswith(f"{slug(unit.model)}.seed-{unit.seed}")
        known = DECODERS[unit.model]
        target = everything.stimulus.target if known.target == "default" else known.target
        assert unit.decoder == replace(known, target=target)
    parsed = [unit_of(everything, name, SUBJECTS) for name in units]
    assert len({(u.kind, u.model, u.seed, u.participants, u.held_out) for u in parsed}) == len(
        units
    )


def test_controls_and_linear_decoders_are_trained_once_others_with_each_seed(everything):
    trained = [unit_of(everything, name, SUBJECTS) for name in everything.units(SUBJECTS)]
    for name, decoder in DECODERS.items():
        seeds = [u.seed for u in trained if u.kind == "decoder" and u.model == name]
        once = decoder.shuffled or decoder.objective == "ridge"
        assert seeds == ([2036] if once else [2036, 2037])


def test_the_curve_trains_the_first_participants_on_the_first_decoder(everything):
    units = [unit_of(everything, name, SUBJECTS) for name in everything.units(SUBJECTS)]
    curve = [u for u in units if u.kind == "curve"]
    assert [u.participants for u in curve] == [tuple(SUBJECTS[:k]) for k in (1, 2, 3)]
    alone = config_of(curve={"numbers": [1], "tested": 2})
    names = [name for name in alone.units(SUBJECTS) if "only-" in name]
    assert [unit_of(alone, n, SUBJECTS).participants for n in names] == [("A2002",), ("A2003",)]
    assert {(u.model, u.seed, u.held_out) for u in curve} == {("contrastive", 2036, "")}


def test_a_held_out_participant_is_not_trained_on(everything):
    units = [unit_of(everything, name, SUBJECTS) for name in everything.units(SUBJECTS)]
    adapted = [u for u in units if u.kind == "adaptation"]
    assert [u.held_out for u in adapted] == ["A2004", "A2010"]
    assert all(u.held_out not in u.participants for u in adapted)
    assert all(len(u.participants) == 3 for u in adapted)


def test_another_first_decoder_or_seed_is_another_job():
    sections = {"curve": {"numbers": [1], "tested": 1}, "adaptation": {"minutes": [1]}}
    names = [
        set(config_of(decoders=decoders, seeds=seeds, **sections).units(SUBJECTS))
        for decoders in (["contrastive", "ReLU"], ["ReLU", "contrastive"])
        for seeds in ([1, 2], [2, 1])
    ]
    extra = [{n for n in found if "only-" in n or "without-" in n} for found in names]
    assert all(len(found) == 2 for found in extra)
    assert len(set().union(*extra)) == 8


def test_a_single_participant_has_neither_curve_nor_adaptation():
    config = config_of(curve={"numbers": [1], "tested": 1}, adaptation={"minutes": [1]})
    assert list(config.units(["01"])) == ["contrastive.seed-2036"]


def test_a_participant_may_be_called_anything_that_bids_allows():
    for label in ("01", "participantsX", "without", "a-b", "x.y"):
        unit = unit_of(config_of(), f"contrastive.seed-1.without-{label}", [label, "zz"])
        assert (unit.held_out, unit.participants) == (label, ("zz",))


def test_the_control_is_one_of_the_decoders():
    assert DECODERS[SHUFFLED].shuffled
    assert sum(decoder.shuffled for decoder in DECODERS.values()) == 1
