"""The verdicts follow from the evidence, both ways, and a claim that fails is shown as failed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.mindbridge.claims import Evidence, bridge_claims
from neurodecode.mindbridge.models import LINEAR, MEAN, NEITHER, NO_CYCLE, SINGLE

KEYS = ["M1", "M2", "M2b", "M2c", "M3", "M3b", "M4", "M5", "M6", "M7"]
GAIN, LOSS = (0.08, 0.05, 0.11, 0.001), (-0.08, -0.11, -0.05, 0.001)
UNSURE, LUCKY = (0.02, -0.03, 0.07, 0.4), (0.08, 0.05, 0.11, 0.2)
BRANCHES = [(GAIN, "holds"), (LOSS, "fails"), (UNSURE, "not shown"), (LUCKY, "not shown")]


def table(rows):
    """Return comparisons; a row is (difference, ci_low, ci_high, p)."""
    columns = ["difference", "ci_low", "ci_high", "p"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return found.rename_axis("model").reset_index()


def group_row(value=0.4, low=0.3, high=0.5, chance=0.1, p=0.01):
    content = {"value": value, "ci_low": low, "ci_high": high, "chance": chance, "p_value": p}
    return pd.Series(content, dtype=object)


def hits(accuracy, **labels):
    """Return hits of 40 stimuli around an accuracy, each of two subjects and two seeds."""
    rng = np.random.default_rng(0)
    rows = [
        {"stimulus": f"{i}", "subject": subject, "seed": seed, "chance": 0.1,
         "hit": accuracy + 0.05 * rng.standard_normal()}
        for i in range(40) for subject in ("03", "04") for seed in (1, 2)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**labels)


def tuned(at_few, at_many=None):
    """Return hits of ways of tuning, by name, with 50 stimuli and with 500."""
    many = {} if at_many is None else at_many
    tables = [hits(value, model=name, length=50) for name, value in at_few.items()]
    tables += [hits(value, model=name, length=500) for name, value in many.items()]
    return pd.concat(tables, ignore_index=True)


def claims_of(main="bridge", **evidence):
    content = {
        "kind": "simulated", "group": {main: group_row()}, "comparisons": pd.DataFrame(),
        "synthesis": pd.DataFrame(), "tuning": pd.DataFrame(), "n_voxels": (100, 100), **evidence,
    }  # fmt: skip
    return {claim.key: claim for claim in bridge_claims(Evidence(**content), main)}


def test_what_was_not_run_is_not_tested():
    found = claims_of()
    assert list(found) == KEYS
    assert {claim.verdict for claim in found.values()} == {"not tested"}


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(-0.04, 0.02, "holds"), (0.01, 0.09, "holds"), (-0.06, 0.04, "not shown"),
     (-0.12, -0.06, "fails")],
)  # fmt: skip
def test_m1_one_model_may_lose_five_points_to_single_ones(low, high, verdict):
    row = ((low + high) / 2, low, high, 0.5)
    found = claims_of(comparisons=table({SINGLE: row}))["M1"]
    assert found.verdict == verdict
    assert found.figure == f"{row[0]:+.3f} [{low:+.3f}, {high:+.3f}]"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (group_row(), "holds"),
        (group_row(low=0.05), "not shown"),
        (group_row(p=0.3), "not shown"),
        (group_row(value=0.04, low=0.02, high=0.08, p=0.99), "fails"),
    ],
)
def test_m2_unequal_sizes_must_be_decoded_above_chance(row, verdict):
    assert claims_of(group={"bridge": row}, n_voxels=(100, 300))["M2"].verdict == verdict
    assert claims_of(group={"bridge": row}, n_voxels=(100, 100))["M2"].verdict == "not tested"


@pytest.mark.parametrize(
    ("key", "name"), [("M2b", MEAN), ("M2c", LINEAR), ("M3", NEITHER), ("M3b", NO_CYCLE)]
)
@pytest.mark.parametrize(("row", "verdict"), BRANCHES)
def test_ablations_are_paired_with_the_whole(key, name, row, verdict):
    found = claims_of(comparisons=table({name: row}))
    assert found[key].verdict == verdict
    assert {found[other].verdict for other in KEYS if other != key} == {"not tested"}


@pytest.mark.parametrize(
    ("accuracy", "verdict"), [(0.3, "holds"), (0.1, "not shown"), (0.02, "fails")]
)
def test_m4_synthesised_signals_must_decode_above_chance(accuracy, verdict):
    found = claims_of(synthesis=hits(accuracy, source="01"))["M4"]
    assert found.verdict == verdict
    assert "2 ordered pairs, interval over 40 stimuli" in found.note


@pytest.mark.parametrize(("key", "other"), [("M5", "reset, no cycle"), ("M7", "scratch")])
@pytest.mark.parametrize(
    ("few", "verdict"), [((0.4, 0.2), "holds"), ((0.2, 0.4), "fails"), ((0.3, 0.3), "not shown")]
)
def test_new_subjects_are_compared_at_the_fewest_stimuli(key, other, few, verdict):
    reset, rest = few
    tuning = tuned({"reset": reset, other: rest}, {"reset": rest, other: reset})
    found = claims_of(tuning=tuning)[key]
    assert found.verdict == verdict
    assert "50 stimuli" in found.note
    assert "over 2 seeds" in found.note


def test_a_gain_that_the_seeds_disagree_on_is_not_shown():
    wins = {"reset": 0.9, "scratch": 0.0}, {"reset": 0.0, "scratch": 0.0}
    loses = {"reset": 0.0, "scratch": 0.4}, {"reset": 0.0, "scratch": 0.0}
    each = [tuned(*wins), tuned(*loses)]
    tuning = pd.concat(
        [found[found["seed"] == seed] for found, seed in zip(each, (1, 2), strict=True)]
    )
    assert claims_of(tuning=tuning)["M7"].verdict == "not shown"


@pytest.mark.parametrize(("most", "verdict"), [(0.3, "holds"), (0.1, "not shown"), (0.02, "fails")])
def test_m6_reset_tuning_is_judged_at_the_most_stimuli(most, verdict):
    found = claims_of(tuning=tuned({"reset": 0.1}, {"reset": most}))["M6"]
    assert found.verdict == verdict
    assert found.note == "500 stimuli of 2 new subjects"


def test_tuning_without_the_way_that_a_claim_is_about_tests_nothing():
    found = claims_of(tuning=tuned({"full": 0.4, "scratch": 0.2}))
    assert {found[key].verdict for key in ("M5", "M6", "M7")} == {"not tested"}


def test_evidence_is_named_for_what_it_is():
    assert {claim.evidence for claim in claims_of(kind="real").values()} == {"real"}
