"""Models are named by what they read, and a wrong name is answered with the right one."""

from __future__ import annotations

from itertools import combinations

import pytest

from neurodecode.faults import ConfigFault
from neurodecode.spikes.variants import (
    GLM,
    NETWORKS,
    PARTS,
    RIVALS,
    SHARED,
    STATE,
    decoder_slug,
    generator_of,
)

SETS = [parts for n in range(len(PARTS) + 1) for parts in combinations(PARTS, n)]
VALID = [parts for parts in SETS
         if "contrastive" not in parts or {"stimulus", "behaviour"} & set(parts)]  # fmt: skip
NAMES = ["+".join([STATE, *parts]) for parts in VALID]


@pytest.mark.parametrize("parts", VALID, ids=lambda parts: "+".join(parts) or STATE)
@pytest.mark.parametrize("ending", ["", SHARED])
def test_a_name_says_what_is_read_and_whether_the_body_is_shared(parts, ending):
    found = generator_of("+".join([STATE, *parts]) + ending)
    assert found.parts == parts
    assert found.shared == bool(ending)
    assert found.network
    assert [part for part in PARTS if found.has(part)] == list(parts)
    assert ("one body for all sessions" in found.description) == bool(ending)


def test_the_regression_is_no_network_and_reads_the_past():
    found = generator_of(GLM)
    assert not found.network
    assert found.has("past")
    assert "regression" in found.description


def test_names_stay_apart_as_folders():
    every = [GLM, *NAMES, *(name + SHARED for name in NAMES)]
    assert len({generator_of(name).slug for name in every}) == len(every)
    decoders = [*NETWORKS, *RIVALS]
    assert len({decoder_slug(name) for name in decoders}) == len(decoders)
    for slug in (*(generator_of(name).slug for name in every), *map(decoder_slug, decoders)):
        assert not set(slug) & set(" ,+/")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stat+past", "did you mean 'state"),
        ("Poisson GLN", "did you mean 'Poisson GLM'"),
        ("state+pst", "unknown part of 'state.pst' 'pst', did you mean 'past'"),
        ("state+stimulus+past", r"write 'state\+past\+stimulus'"),
        ("state+past+past", r"write 'state\+past'"),
        ("state+past+contrastive", "aligns spikes with something else.*add stimulus or behaviour"),
        ("state+past, shared bodies", "unknown part"),
        ("", "unknown generative model"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(name, words):
    with pytest.raises(ConfigFault, match=words):
        generator_of(name)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("Laso", "Lasso"), ("joint, behavior shuffled", "joint, behaviour shuffled"),
     ("biGRU", "bi-GRU"), ("Bayes", "Bayesian")],
)  # fmt: skip
def test_a_wrong_decoder_is_answered_with_the_nearest(name, nearest):
    with pytest.raises(ConfigFault, match=f"unknown behaviour decoder.*did you mean '{nearest}'"):
        decoder_slug(name)
