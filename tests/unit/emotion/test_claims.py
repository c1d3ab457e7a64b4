"""The verdicts follow from the scores, both ways, and a claim that fails is shown as failed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.emotion.claims import MARGIN, Evidence, emotion_claims
from neurodecode.emotion.evaluation import CROPS, WINDOWS
from neurodecode.emotion.scores import F1, SEQ2HR, Scores

KEYS = ["E1", "E2", "E3", "E4", "E5", "E5b", "E5c", "E6", "E7"]
MAIN, ONE_HOT, FLAT = "HiSTN G0", "HiSTN G0, one-hot", "flat"
CLIPS, BLOCKS, CALIBRATED = "leave_clips_out", "time_blocks", "calibrated"
N = 12
WIDE = 0.2
"""Spread over subjects that leaves any small difference open."""


def scored(protocol, model, value, *, metric=F1, kind=WINDOWS, spread=0.01, seed=0, chance=0.2):
    """Return the rows of twelve subjects around a value, which their mean is."""
    rng = np.random.default_rng([seed, len(model), len(protocol)])
    noise = rng.standard_normal(N)
    values = value + spread * (noise - noise.mean())
    return pd.DataFrame({
        "label": "valence", "protocol": protocol, "metric": metric, "kind": kind, "model": model,
        "level": "subject", "subject": [f"{k:02d}" for k in range(N)], "value": values,
        "chance": chance,
    })  # fmt: skip


def claims_of(*tables, main=MAIN, order=None, kind="simulated"):
    tables = tables or (scored("zero_shot", MAIN, 0.5),)
    rows = pd.concat(tables, ignore_index=True)
    evidence = Evidence(
        kind=kind, scores=Scores(rows, pd.DataFrame()), main=main, honest=CLIPS,
        n_parameters=1265, order=order or {},
    )  # fmt: skip
    return {claim.key: claim for claim in emotion_claims(evidence)}


def answered(claims):
    return {key for key, claim in claims.items() if claim.verdict != "not tested"}


def test_what_was_not_run_is_not_tested():
    found = claims_of()
    assert list(found) == KEYS
    assert answered(found) == set()


def test_a_single_subject_has_no_interval_and_tests_nothing():
    tables = [
        scored(protocol, model, 0.5, metric=metric, kind=kind).head(1)
        for protocol in (CLIPS, BLOCKS, CALIBRATED) for model in (MAIN, ONE_HOT, FLAT, "DE+SVM")
        for metric in (F1, SEQ2HR) for kind in (WINDOWS, CROPS)
    ]  # fmt: skip
    found = claims_of(*tables, order={MAIN: [0.9], ONE_HOT: [0.5]})
    assert answered(found) == set()
    assert all("single subject" in claim.note for claim in found.values())


def test_evidence_is_named_for_what_it_is():
    assert {claim.evidence for claim in claims_of(kind="real").values()} == {"real"}


@pytest.mark.parametrize(
    ("rivals", "spread", "verdict", "worst"),
    [
        ({"EEGNet": 0.5, "DE+SVM": 0.3}, 0.01, "holds", "EEGNet"),
        ({"EEGNet": 0.3, "DE+SVM": 0.6}, 0.01, "fails", "DE+SVM"),
        ({"EEGNet": 0.5}, WIDE, "not shown", "EEGNet"),
        ({"MSBAM": 0.5, "TS+LR": 0.52}, 0.01, "holds", "TS+LR"),
    ],
)
def test_e1_a_small_network_may_lose_to_no_other_family(rivals, spread, verdict, worst):
    main = scored(CLIPS, MAIN, 0.5)
    others = [scored(CLIPS, name, value, spread=spread, seed=1) for name, value in rivals.items()]
    found = claims_of(main, *others)["E1"]
    assert found.verdict == verdict
    assert f"({worst})" in found.note
    assert "1265 parameters" in found.note
    assert found.figure.startswith(f"{0.5 - max(rivals.values()):+.3f} [")


def test_e1_counts_no_control_no_other_target_and_no_relative():
    relatives = ("DE+SVM, ratings shuffled", "EEGNet, one-hot", "HiSTN G1", FLAT)
    found = claims_of(scored(CLIPS, MAIN, 0.5), *(scored(CLIPS, n, 0.9) for n in relatives))
    assert found["E1"].verdict == "not tested"


@pytest.mark.parametrize(
    ("key", "protocol", "level"), [("E2", BLOCKS, 0.95), ("E3", CALIBRATED, 0.78)]
)
@pytest.mark.parametrize(
    ("above", "spread", "verdict"),
    [(0.03, 0.01, "holds"), (-0.03, 0.01, "fails"), (0.005, WIDE, "not shown")],
)
def test_published_levels_are_compared_with_balanced_crops(
    key, protocol, level, above, spread, verdict
):
    crops = scored(protocol, MAIN, level + above, kind=CROPS, spread=spread)
    found = claims_of(crops, scored(protocol, MAIN, 0.1))
    assert found[key].verdict == verdict
    assert found[key].figure.startswith(f"{level + above:.3f} [")
    assert answered(claims_of(scored(protocol, MAIN, 0.99))) == set()


@pytest.mark.parametrize(
    ("flat", "spread", "verdict"),
    [(0.4, 0.01, "holds"), (0.6, 0.01, "fails"), (0.5, WIDE, "not shown")],
)
def test_e4_the_hierarchy_is_paired_with_the_flat_network(flat, spread, verdict):
    rows = scored(CLIPS, MAIN, 0.5), scored(CLIPS, FLAT, flat, spread=spread, seed=1)
    found = claims_of(*rows)
    assert found["E4"].verdict == verdict
    assert answered(found) == {"E4"}


@pytest.mark.parametrize(
    ("key", "protocol", "gain"), [("E5", BLOCKS, 0.5), ("E5b", CALIBRATED, 0.3)]
)
@pytest.mark.parametrize(
    ("beyond", "spread", "verdict"),
    [(0.1, 0.01, "holds"), (-0.1, 0.01, "fails"), (0.02, WIDE, "not shown")],
)  # fmt: skip
def test_smoothing_must_raise_the_hit_rate_by_the_published_share(
    key, protocol, gain, beyond, spread, verdict
):
    smoothed = 0.4 * (1 + gain) + beyond
    found = claims_of(
        scored(protocol, MAIN, smoothed, metric=SEQ2HR, spread=spread),
        scored(protocol, ONE_HOT, 0.4, metric=SEQ2HR, seed=1),
    )
    assert found[key].verdict == verdict
    assert f"{100 * (smoothed / 0.4 - 1):+.0f} %" in found[key].figure
    assert answered(found) == {key}


def test_e5_a_hit_rate_of_nothing_has_no_relative_gain():
    found = claims_of(
        scored(BLOCKS, MAIN, 0.3, metric=SEQ2HR),
        scored(BLOCKS, ONE_HOT, 0.0, metric=SEQ2HR, spread=0.0),
    )["E5"]
    assert (found.verdict, found.figure) == ("holds", "0.300 against 0.000")


@pytest.mark.parametrize(
    ("one_hot", "spread", "verdict"),
    [(0.5, 0.01, "holds"), (0.5 + MARGIN - 0.02, 0.01, "holds"), (0.6, 0.01, "fails"),
     (0.55, WIDE, "not shown")],
)  # fmt: skip
def test_e5c_smoothing_may_cost_five_points_of_f1(one_hot, spread, verdict):
    rows = scored(BLOCKS, MAIN, 0.5), scored(BLOCKS, ONE_HOT, one_hot, spread=spread, seed=1)
    assert claims_of(*rows)["E5c"].verdict == verdict


@pytest.mark.parametrize(
    ("smoothed", "spread", "verdict"),
    [(0.9, 0.01, "holds"), (0.3, 0.01, "fails"), (0.6, WIDE, "not shown")],
)
def test_e6_levels_must_be_better_ordered_than_by_one_hot_ratings(smoothed, spread, verdict):
    noise = np.random.default_rng(0).standard_normal(N)
    order = {MAIN: smoothed + spread * (noise - noise.mean()), ONE_HOT: np.full(N, 0.6)}
    found = claims_of(order=order)
    assert found["E6"].verdict == verdict
    assert answered(found) == {"E6"}
    assert claims_of(order={MAIN: order[MAIN]})["E6"].verdict == "not tested"


@pytest.mark.parametrize(
    ("honest", "spread", "verdict"),
    [(0.3, 0.01, "holds"), (0.1, 0.01, "fails"), (0.21, WIDE, "not shown")],
)
def test_e7_what_is_left_without_the_leak_must_be_above_chance(honest, spread, verdict):
    found = claims_of(
        scored(CLIPS, MAIN, honest, spread=spread), scored(BLOCKS, MAIN, 0.9, seed=1)
    )["E7"]
    assert found.verdict == verdict
    assert found.figure == f"{honest:.3f} of 0.900, chance 0.200"
    assert f"lost: {0.9 - honest:.3f} [" in found.note
    assert claims_of(scored(BLOCKS, MAIN, 0.9))["E7"].verdict == "not tested"


def test_the_main_model_of_a_run_is_paired_with_its_own_one_hot_form():
    rows = [scored(BLOCKS, "HiSTN-D", 0.5), scored(BLOCKS, "HiSTN-D, one-hot", 0.5, seed=1)]
    assert answered(claims_of(*rows, main="HiSTN-D")) == {"E5c"}
    assert "E5c" not in answered(claims_of(*rows, scored(BLOCKS, MAIN, 0.5)))
