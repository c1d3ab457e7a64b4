"""The verdicts follow from the evidence, both ways, and a claim that fails is shown as failed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.config import validate
from neurodecode.contrastive.image.claims import Evidence, image_claims
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.contrasts import Contrast, Course
from neurodecode.contrastive.image.decoders import SHUFFLED

MAIN, LINEAR = "contrastive", "ridge"
GAIN, LOSS = (0.08, 0.05, 0.11, 0.001), (-0.08, -0.11, -0.05, 0.001)
UNSURE, LUCKY = (0.02, -0.03, 0.07, 0.4), (0.08, 0.05, 0.11, 0.2)
BRANCHES = [(GAIN, "holds"), (LOSS, "fails"), (UNSURE, "not shown"), (LUCKY, "not shown")]
KEYS = ["I1", "I1b", "I2", "I2b", "I3", "I4", "I4b", "I5", "I5b", "I6", "I7"]
SPANS = [(round(-0.2 + 0.1 * i, 1), round(-0.1 + 0.1 * i, 1)) for i in range(12)]
WINDOWS = [[0.05, 0.25], [0.25, 0.5]]


def config_of(target="vgg19", **sections):
    generation = {"generator": "drawn", "identification": ["vgg19", "pixels"], "windows": WINDOWS}
    tree = {"description": "", "data": {"dataset": "simulated-viewing"},
            "embedding": {"target": target}, "generation": generation, **sections}  # fmt: skip
    return validate(ImageConfig, tree)


def table(rows):
    """Return comparisons; a row is (difference, ci_low, ci_high, p)."""
    columns = ["difference", "ci_low", "ci_high", "p"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return found.rename_axis("model").reset_index()


def group_row(value=0.4, low=0.3, high=0.5, chance=0.1, p=0.01):
    content = {"value": value, "ci_low": low, "ci_high": high, "chance": chance, "p_value": p}
    return pd.Series({**content, "metric": "top-5 accuracy"}, dtype=object)


def two_way(low=0.6, high=0.8, metric="vgg19 two-way"):
    return pd.DataFrame([{"metric": metric, "level": "group", "value": (low + high) / 2,
                          "ci_low": low, "ci_high": high, "chance": 0.5}])  # fmt: skip


def course_of(ranks, seed=0):
    """Return ranks of 40 pictures around ``ranks(start, stop)``."""
    noise = 0.02 * np.random.default_rng(seed).standard_normal((40, len(SPANS)))
    columns = pd.MultiIndex.from_tuples(SPANS, names=["start", "stop"])
    return Course(pd.DataFrame(noise + [ranks(*span) for span in SPANS], columns=columns), "image")


def course_table(p_of, model=LINEAR):
    rows = [("sliding", model, start, stop, p_of(start, stop)) for start, stop in SPANS]
    return pd.DataFrame(rows, columns=["kind", "model", "start", "stop", "p_cluster"])


def pictures_of(high=0.8, pixels=0.6, correlation=0.2):
    """Return scores of 40 redrawn pictures around these means."""
    rng = np.random.default_rng(1)
    means = {"vgg19 two-way": high, "pixels two-way": pixels, "PixCorr": correlation}
    columns = {name: mean + 0.02 * rng.standard_normal(40) for name, mean in means.items()}
    return pd.DataFrame({"image": [f"{i}" for i in range(40)], **columns})


def latency_of(p95):
    return pd.DataFrame({"stage": ["network", "total"], "median_ms": [1.0, 2.0],
                         "p95_ms": [1.0, p95]})  # fmt: skip


def claims_of(config=None, **evidence):
    content = {
        "kind": "simulated", "group": {}, "comparisons": pd.DataFrame(), "factor": None,
        "linear": None, "courses": {}, "course_table": pd.DataFrame(), "offset": 0.5,
        "redrawn": {}, "redrawn_rows": pd.DataFrame(), "latency": None, "same_as_offline": None,
        "interval_s": 1.5, **evidence,
    }  # fmt: skip
    return {claim.key: claim for claim in image_claims(Evidence(**content), config or config_of())}


def test_what_was_not_run_is_not_tested():
    found = claims_of()
    assert list(found) == KEYS
    assert {claim.verdict for claim in found.values()} == {"not tested"}


@pytest.mark.parametrize(("row", "verdict"), BRANCHES)
def test_i1_compares_the_network_with_the_linear_decoder(row, verdict):
    factor = Contrast(2.0, 1.5, 2.5, 8, "participant")
    found = claims_of(comparisons=table({LINEAR: row}), linear=LINEAR, factor=factor)["I1"]
    assert found.verdict == verdict
    assert found.figure == f"{row[0]:+.3f} [{row[1]:+.3f}, {row[2]:+.3f}]"
    assert "same target" in found.note


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(5.0, 9.0, "holds"), (7.5, 9.0, "holds"), (1.5, 3.0, "fails"), (0.5, 8.0, "not shown")],
)
def test_i1b_asks_whether_the_interval_reaches_seven(low, high, verdict):
    factor = Contrast((low + high) / 2, low, high, 8, "participant")
    found = claims_of(comparisons=table({LINEAR: GAIN}), linear=LINEAR, factor=factor)["I1b"]
    assert found.verdict == verdict
    assert found.figure == f"x {factor.estimate:.2f} [{low:.2f}, {high:.2f}]"


def test_i1_is_not_tested_without_a_linear_decoder_of_the_same_target():
    assert claims_of(comparisons=table({"ridge, hog": GAIN}))["I1"].verdict == "not tested"


@pytest.mark.parametrize(
    ("high_late", "low_early", "late", "first"),
    [
        (0.3, 0.3, "holds", "holds"),
        (0.6, 0.6, "fails", "fails"),
        (0.45, 0.45, "not shown", "not shown"),
    ],
)
def test_i2_high_level_leads_late_and_low_level_early(high_late, low_early, late, first):
    found = claims_of(
        courses={
            "ridge": course_of(lambda start, _: high_late if start >= 0.5 else 0.45, 1),
            "ridge, hog": course_of(lambda start, _: low_early if start < 0.25 else 0.45, 2),
        },
        course_table=course_table(lambda *_: 1.0),
    )
    assert (found["I2"].verdict, found["I2b"].verdict) == (late, first)
    assert "40 images" in found["I2"].note


@pytest.mark.parametrize(
    ("row", "rows", "verdict"),
    [
        (group_row(), two_way(), "holds"),
        (group_row(), two_way(0.45, 0.6), "not shown"),
        (group_row(p=0.3), two_way(), "not shown"),
        (group_row(value=0.04, low=0.02, high=0.08, p=0.99), two_way(), "fails"),
    ],
)
def test_i3_needs_retrieval_and_two_way_identification_above_chance(row, rows, verdict):
    full = {"generation.full": pictures_of()}
    found = claims_of(group={MAIN: row}, redrawn=full, redrawn_rows=rows)["I3"]
    assert found.verdict == verdict
    assert claims_of(group={MAIN: group_row()})["I3"].note == "retrieval alone: nothing redrawn"


def test_i3_is_not_shown_by_the_control_or_by_low_level_targets():
    config = config_of(target="hog")
    for group in ({SHUFFLED: group_row()}, {MAIN: group_row(), "ridge, pixels": group_row()}):
        assert claims_of(config, group=group)["I3"].verdict == "not tested"
    found = claims_of(group={SHUFFLED: group_row(p=0.9), MAIN: group_row()})["I3"]
    assert found.verdict == "holds"


@pytest.mark.parametrize(
    ("high", "pixels", "verdict"),
    [(0.8, 0.6, "holds"), (0.6, 0.8, "fails"), (0.7, 0.7, "not shown")],
)
def test_i4_compares_features_with_pixels_of_the_same_pictures(high, pixels, verdict):
    found = claims_of(redrawn={"generation.full": pictures_of(high, pixels)})["I4"]
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [(0.3, 0.1, "holds"), (0.1, 0.3, "fails"), (0.2, 0.2, "not shown")],
)
def test_i4b_compares_the_first_part_of_the_window_with_the_last(first, last, verdict):
    redrawn = {"generation.50_250": pictures_of(correlation=first),
               "generation.250_500": pictures_of(correlation=last).iloc[::-1]}  # fmt: skip
    found = claims_of(redrawn=redrawn)["I4b"]
    assert found.verdict == verdict
    assert "0.05 to 0.25 s minus from 0.25 to 0.5 s" in found.note
    one = config_of(generation={"generator": "drawn", "windows": WINDOWS[:1]})
    assert claims_of(one, redrawn=redrawn)["I4b"].verdict == "not tested"


@pytest.mark.parametrize(
    ("p_of", "verdict"),
    [
        (lambda start, _: 0.01 if start >= 0.1 else 1.0, "holds"),
        (lambda *_: 1.0, "not shown"),
        (lambda *_: 0.01, "fails"),  # above chance before anything was seen
        (lambda _, stop: 0.01 if stop <= 0 else 1.0, "fails"),
    ],
)
def test_i5_needs_chance_before_the_onset_and_a_cluster_after_it(p_of, verdict):
    courses = {LINEAR: course_of(lambda *_: 0.5)}
    found = claims_of(courses=courses, course_table=course_table(p_of))["I5"]
    assert found.verdict == verdict
    if verdict == "holds":
        assert found.figure == "0 of 2 windows before, from the window that ends at 0.2 s"


def test_i5_is_not_tested_without_a_window_before_the_onset():
    after = course_table(lambda *_: 0.01).query("start >= 0")
    found = claims_of(courses={LINEAR: course_of(lambda *_: 0.4)}, course_table=after)
    assert found["I5"].verdict == "not tested"


@pytest.mark.parametrize(("after", "verdict"),
                         [(0.3, "holds"), (0.49, "fails"), (0.4, "not shown")])  # fmt: skip
def test_i5b_compares_ranks_after_the_offset_with_those_before_it(after, verdict):
    courses = {LINEAR: course_of(lambda _, stop: after if stop >= 0.65 else 0.4)}
    table_ = course_table(lambda *_: 1.0)
    assert claims_of(courses=courses, course_table=table_)["I5b"].verdict == verdict
    unknown = claims_of(courses=courses, course_table=table_, offset=float("nan"))["I5b"]
    assert unknown.verdict == "not tested"


@pytest.mark.parametrize(
    ("row", "group", "rows", "verdict"),
    [
        ((0.0, -0.03, 0.03, 0.9), group_row(), two_way(), "holds"),
        ((0.0, -0.03, 0.03, 0.9), group_row(), two_way(0.4, 0.6), "not shown"),
        ((0.0, -0.03, 0.03, 0.9), group_row(p=0.5), two_way(), "not shown"),
        ((0.03, -0.03, 0.09, 0.3), group_row(), two_way(), "not shown"),
        ((0.2, 0.1, 0.3, 0.001), group_row(), two_way(), "fails"),
    ],
)
def test_i6_lets_the_joint_decoder_lose_no_more_than_the_margin(row, group, rows, verdict):
    found = claims_of(
        comparisons=table({"joint": row}), group={"joint": group},
        redrawn={"generation.full": pictures_of()}, redrawn_rows=rows,
    )["I6"]  # fmt: skip
    assert found.verdict == verdict
    assert found.figure.startswith(f"retrieval {-row[0]:+.3f} [{-row[2]:+.3f}, {-row[1]:+.3f}]")


def test_i6_is_not_tested_where_nothing_is_redrawn():
    found = claims_of(comparisons=table({"joint": GAIN}), group={"joint": group_row()})["I6"]
    assert found.verdict == "not tested"
    assert "nothing redrawn" in found.note


@pytest.mark.parametrize(
    ("p95", "same", "verdict"),
    [(20.0, 1.0, "holds"), (1600.0, 1.0, "fails"), (20.0, 0.9, "fails")],
)
def test_i7_must_be_faster_than_pictures_come_and_decide_as_offline(p95, same, verdict):
    found = claims_of(latency=latency_of(p95), same_as_offline=same)["I7"]
    assert found.verdict == verdict


def test_evidence_is_named_in_every_claim():
    assert {claim.evidence for claim in claims_of(kind="real").values()} == {"real"}
