"""The verdicts follow from the comparisons, and a claim that fails is shown as failed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.riemann.claims import OTHERS, SHUFFLED_TIME, TAKENS, acm_claims
from neurodecode.riemann.config import DECODER_NAMES, SHUFFLED_LABELS

GAIN = (0.08, 0.05, 0.11, 0.001)
LOSS = (-0.08, -0.11, -0.05, 0.001)
UNSURE = (0.02, -0.03, 0.07, 0.4)


def table(**rows):
    """Return a comparison table; a row is (difference, ci_low, ci_high, p)."""
    named = {name.replace("_", "+"): row for name, row in rows.items()}
    columns = ["difference", "ci_low", "ci_high", "p"]
    found = pd.DataFrame.from_dict(named, orient="index", columns=columns)
    return found.rename_axis("model").reset_index()


def verdicts(within=None, **others):
    tables = {"within_session": within, **others} if within is not None else others
    return {claim.key: claim.verdict for claim in acm_claims(tables, "simulated")}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (GAIN, "holds"),
        (LOSS, "fails"),
        (UNSURE, "not shown"),
        ((0.08, 0.05, 0.11, 0.2), "not shown"),
        ((0.08, 0.05, 0.11, np.nan), "holds"),
    ],
)
def test_a1_compares_with_the_same_classifier(row, verdict):
    assert verdicts(table(TS_SVM=row, MDM=LOSS))["A1"] == verdict


def test_a2_holds_only_against_every_other():
    assert verdicts(table(TS_SVM=GAIN, MDM=GAIN))["A2"] == "holds"
    assert verdicts(table(TS_SVM=GAIN, MDM=UNSURE))["A2"] == "not shown"
    assert verdicts(table(TS_SVM=GAIN, MDM=LOSS))["A2"] == "fails"
    surer = (0.03, 0.01, 0.05, 0.01)
    assert verdicts(table(TS_SVM=surer, MDM=(0.09, -0.01, 0.2, 0.3)))["A2"] == "not shown"


def test_the_strongest_other_is_named_with_its_figure():
    within = table(TS_SVM=GAIN, MDM=(0.05, 0.01, 0.09, 0.01))
    claim = next(c for c in acm_claims({"within_session": within}, "real") if c.key == "A2")
    assert (claim.figure, claim.note) == (
        "+0.050 [+0.010, +0.090]",
        "against MDM, the strongest of 2",
    )
    assert claim.evidence == "real"


def test_a_control_is_no_rival():
    controls = {SHUFFLED_TIME: LOSS, SHUFFLED_LABELS: LOSS}
    assert verdicts(table(TS_SVM=GAIN, **controls))["A2"] == "holds"
    assert set(OTHERS) < set(DECODER_NAMES)


def test_a3_is_about_sessions_and_a1_takes_them_where_nothing_else_was_run():
    across = verdicts(cross_session=table(TS_SVM=GAIN))
    assert (across["A1"], across["A2"], across["A3"]) == ("holds", "not tested", "holds")
    assert verdicts(table(TS_SVM=GAIN))["A3"] == "not tested"


def test_what_was_not_run_is_not_tested():
    assert set(verdicts().values()) == {"not tested"}
    assert verdicts(pd.DataFrame({"model": []}))["A1"] == "not tested"


@pytest.mark.parametrize(
    ("gain", "lost", "verdict"),
    [
        (GAIN, GAIN, "holds"),  # all of the gain is lost
        (GAIN, (0.01, -0.01, 0.03, 0.5), "fails"),  # the gain remains when shuffled
        (GAIN, (0.06, -0.01, 0.13, 0.2), "not shown"),
        (GAIN, (0.2, 0.15, 0.25, 0.001), "fails"),  # shuffling broke more than the gain
        (UNSURE, GAIN, "not shown"),  # no gain to explain
        (LOSS, GAIN, "not shown"),
    ],
)
def test_a5_holds_when_the_gain_vanishes_with_time_order(gain, lost, verdict):
    within = table(TS_SVM=gain, **{SHUFFLED_TIME: lost})
    assert verdicts(within)["A5"] == verdict


def test_a5_needs_the_control():
    assert verdicts(table(TS_SVM=GAIN))["A5"] == "not tested"


@pytest.mark.parametrize(
    ("row", "seconds", "verdict"),
    [
        ((0.01, -0.01, 0.03, 0.4), (10.0, 1.0), "holds"),
        ((0.01, -0.01, 0.03, 0.4), (1.0, 10.0), "fails"),  # close, but not cheaper
        ((0.09, 0.06, 0.12, 0.01), (10.0, 1.0), "fails"),
        ((0.04, 0.01, 0.07, 0.01), (10.0, 1.0), "not shown"),
    ],
)
def test_a4_needs_a_small_gap_and_a_lower_cost(row, seconds, verdict):
    within = table(**{TAKENS.replace("+", "_"): row})
    cost = {"ACM+TS+SVM, grid": seconds[0], TAKENS: seconds[1]}
    claims = acm_claims({"within_session": within}, "real", seconds=cost)
    assert {c.key: c.verdict for c in claims}["A4"] == verdict


def test_minimum_distance_has_its_own_row():
    claims = acm_claims({}, "real", mdm=table(MDM=GAIN))
    assert {c.key: c.verdict for c in claims}["A1, MDM"] == "holds"


def shrinkage_verdicts(plain, shrunk):
    tables = {"within_session": table(TS_SVM=plain)}
    claims = acm_claims(tables, "real", shrunk=shrunk)
    found = {c.key: c.verdict for c in claims}
    return found["A6"], found["A6, repair"]


@pytest.mark.parametrize(
    ("plain", "verdict"), [(LOSS, "holds"), (GAIN, "fails"), (UNSURE, "not shown")]
)
def test_a6_holds_when_it_loses_without_shrinkage(plain, verdict):
    assert shrinkage_verdicts(plain, table())[0] == verdict


@pytest.mark.parametrize(
    ("gain", "standard", "verdict"),
    [
        (GAIN, UNSURE, "holds"),  # it gains, and no loss of 0.05 is left
        (GAIN, (-0.12, -0.2, -0.06, 0.01), "fails"),  # it gains, and still loses by more
        (GAIN, (-0.04, -0.09, 0.01, 0.1), "not shown"),
        (LOSS, GAIN, "fails"),
        (UNSURE, GAIN, "not shown"),
    ],
)
def test_a6_is_repaired_by_a_gain_that_leaves_no_loss(gain, standard, verdict):
    shrunk = table(ACM_TS_SVM=gain, **{"TS_SVM, OAS": standard})
    assert shrinkage_verdicts(LOSS, shrunk)[1] == verdict


def test_a6_needs_decoders_with_and_without_shrinkage():
    assert verdicts(table(TS_SVM=LOSS))["A6"] == "not tested"
    assert verdicts(table(TS_SVM=LOSS))["A6, repair"] == "not tested"
