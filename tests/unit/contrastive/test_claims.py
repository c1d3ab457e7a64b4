"""The verdicts follow from the comparisons, and a claim that fails is shown as failed."""

from __future__ import annotations

import pandas as pd
import pytest

from neurodecode.contrastive.speech.claims import speech_claims

MAIN = "contrastive, Deep Mel"
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
    return pd.Series({**content, "metric": "top-10 accuracy"}, dtype=object)


def curve_of(amounts, low=0.1, high=0.2):
    gain = {"difference": (low + high) / 2, "ci_low": low, "ci_high": high}
    rows = [{"amount": a, "subject": s, "value": 0.1, "gain": gain} for a in amounts for s in "xy"]
    return pd.DataFrame(rows)


def claims_of(rows=None, *, kind="eeg", mel=None, group=None, curve=None, features=None, main=MAIN):
    found = speech_claims(
        table(rows or {}),
        None if mel is None else table(mel),
        {main: group if group is not None else group_row()},
        pd.DataFrame() if curve is None else curve,
        pd.DataFrame() if features is None else features,
        main=main,
        kind=kind,
        evidence="simulated",
    )
    return {claim.key: claim for claim in found}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (group_row(), "holds"),
        (group_row(p=0.2), "not shown"),
        (group_row(p=None), "not shown"),
        (group_row(low=0.05), "not shown"),
        (group_row(low=None, high=None), "not shown"),
        (group_row(value=0.04, low=0.02, high=0.08, p=0.99), "fails"),
    ],
)
def test_s1_and_s3_compare_with_chance(row, verdict):
    found = claims_of(group=row)
    assert found["S1"].verdict == found["S3"].verdict == verdict
    assert "chance 0.100" in found["S1"].figure


def test_s2_is_half_answered_by_eeg_and_not_at_all_by_meg():
    assert claims_of()["S2"].verdict == "not shown"
    assert "above chance: holds" in claims_of()["S2"].note
    at_chance = group_row(value=0.04, low=0.02, high=0.08, p=0.99)
    assert claims_of(group=at_chance)["S2"].verdict == "fails"
    assert claims_of(kind="meg")["S2"].verdict == "not tested"


@pytest.mark.parametrize(
    ("key", "model"),
    [
        ("S4", "regression, Mel"),
        ("S4b", "ridge, Mel"),
        ("S4b", "ridge"),
        ("S5", "contrastive, Mel"),
        ("S8", "no participant layer"),
        ("S8b", "no clamping"),
    ],
)
@pytest.mark.parametrize(("row", "verdict"), BRANCHES)
def test_a_comparison_decides(key, model, row, verdict):
    found = claims_of({model: row})[key]
    assert found.verdict == verdict
    assert found.figure == f"{row[0]:+.3f} [{row[1]:+.3f}, {row[2]:+.3f}]"
    assert found.evidence == "simulated"


@pytest.mark.parametrize(("row", "verdict"), BRANCHES)
def test_s4_prefers_the_comparison_in_which_only_the_objective_differs(row, verdict):
    found = claims_of({"regression, Mel": GAIN}, mel={"regression, Mel": row})["S4"]
    assert found.verdict == verdict
    assert "both on Mel" in found.note
    assert "targets differ too" in claims_of({"regression, Mel": row})["S4"].note


@pytest.mark.parametrize(
    ("row", "verdict"), [(LOSS, "holds"), (GAIN, "fails"), (UNSURE, "not shown")]
)
def test_s5_is_turned_when_mel_is_the_main_decoder(row, verdict):
    found = claims_of(mel={MAIN: row}, main="contrastive, Mel")["S5"]
    assert found.verdict == verdict
    assert found.figure == f"{-row[0]:+.3f} [{-row[2]:+.3f}, {-row[1]:+.3f}]"
    assert found.note == f"{MAIN} minus contrastive, Mel"


@pytest.mark.parametrize(
    ("amounts", "low", "high", "together", "more"),
    [
        ((1, 4), 0.1, 0.2, "holds", "holds"),
        ((1, 4), -0.2, -0.1, "fails", "fails"),
        ((1, 4), -0.1, 0.2, "not shown", "not shown"),
        ((2, 4), 0.1, 0.2, "not tested", "holds"),
        ((1,), 0.1, 0.2, "not tested", "not tested"),
    ],
)
def test_s6_and_s7_compare_the_most_with_the_fewest_participants(
    amounts, low, high, together, more
):
    found = claims_of(curve=curve_of(amounts, low, high))
    assert (found["S6"].verdict, found["S7"].verdict) == (together, more)


@pytest.mark.parametrize(
    ("low", "p", "verdict"),
    [(0.1, 0.001, "holds"), (0.1, 0.03, "not shown"), (-0.1, 0.001, "not shown")],
)
def test_s9_needs_an_interval_above_zero_and_a_p_times_the_number_of_sets(low, p, verdict):
    features = pd.DataFrame(
        {"features": ["length", "frequency"], "r": [0.1, 0.3], "ci_low": [0.0, low],
         "ci_high": [0.2, 0.4], "p": [0.5, p]}
    )  # fmt: skip
    found = claims_of(features=features)["S9"]
    assert found.verdict == verdict
    assert found.figure.startswith("frequency: r 0.300")


def test_what_was_not_run_is_not_tested():
    found = claims_of()
    assert list(found) == ["S1", "S2", "S3", "S4", "S4b", "S5", "S6", "S7", "S8", "S8b", "S9"]
    others = {claim.verdict for key, claim in found.items() if key not in ("S1", "S2", "S3")}
    assert others == {"not tested"}
