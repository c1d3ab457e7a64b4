"""The verdicts follow from the scores, both ways, and a claim that fails is shown as failed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.evaluation.group_scores import group_rows
from neurodecode.evaluation.metric_row import metric_frame
from neurodecode.spikes.claims import Evidence, spike_claims
from neurodecode.spikes.scores import Scores

MAIN, GLM = "state+past", "Poisson GLM"
KEYS = ["N1", "N1b", "N1c", "N2", "N2b", "N3", "N4", "N5", "N5", "N5", "N5", "N6", "N7"]
N = 8
WIDE = 0.2
"""Spread over subjects that leaves a small difference open."""


def scored(model, value, *, metric="F1", spread=0.01, chance=0.2, seed=0):
    """Return the rows of eight subjects around a value, which their mean is."""
    noise = np.random.default_rng([seed, len(model)]).standard_normal(N)
    return pd.DataFrame({
        "metric": metric, "model": model, "level": "subject", "split": "blocked_time",
        "subject": [f"{k:02d}" for k in range(N)], "value": value + spread * (noise - noise.mean()),
        "chance": chance, "ceiling": np.nan, "ci_low": np.nan, "ci_high": np.nan, "n": 9,
        "unit": "block", "seed": 42,
    })  # fmt: skip


def wired(*, sessions=1, **leads):
    """Return scores of attention, and of rivals with attention's lead over each."""
    rows = []
    for name, (value, lead) in {"attention": (0.7, 0.0), "gradient": (0.2, 0.5), **leads}.items():
        rows += [
            {"subject": f"{k}", "session": "a", "estimate": name, "metric": metric,
             "value": value + shift, "ci_low": value + shift - 0.1, "ci_high": value + shift + 0.1,
             "n": 10, "lead": lead + shift, "lead_low": lead + shift - 0.1,
             "lead_high": lead + shift + 0.1}
            for metric in ("auc", "direction")
            for k, shift in enumerate(np.linspace(0, -0.3 * (sessions - 1), sessions))
        ]  # fmt: skip
    return pd.DataFrame(rows)


def few(gain, *, variable="speed", metric="r", share=0.1, spread=0.01, n_seeds=6):
    rng = np.random.default_rng(0)
    return pd.DataFrame([
        {"way": way, "share": share, "seed": seed, "subject": "01", "variable": variable,
         "metric": f"{variable} {metric}",
         "value": 0.4 + (gain + spread * rng.standard_normal()) * (way == "pretrained")}
        for seed in range(n_seeds) for way in ("pretrained", "scratch")
    ])  # fmt: skip


def curve(exponent):
    sizes = np.array([256, 1024, 4096])
    return pd.DataFrame({"n_units": sizes, "seconds": 1e-3 * sizes**exponent})


@pytest.fixture
def claims(experiment):
    """Return a maker of claims on constructed evidence."""

    def make(*tables, wiring=None, wiring_section=None, cost=None, few_shot=None, models=(MAIN,),
             kind="simulated", **sections):  # fmt: skip
        rows = pd.concat(tables or (scored(MAIN, 0.5, metric="none"),), ignore_index=True)
        group = metric_frame(group_rows(rows, n_resamples=200, seed=0, unit="subject"))
        tuned = pd.DataFrame() if few_shot is None else few_shot
        scores = Scores(pd.concat([group, rows], ignore_index=True), tuned, pd.DataFrame())
        config = experiment(models=models, wiring=wiring_section or {}, **sections)
        evidence = Evidence(kind, config, scores,
                            pd.DataFrame() if wiring is None else wiring,
                            pd.DataFrame() if cost is None else cost)  # fmt: skip
        return spike_claims(evidence)

    return make


def only(claims, key, word=""):
    found = [claim for claim in claims if claim.key == key and word in claim.text]
    assert len(found) == 1
    return found[0]


def test_what_was_not_run_is_not_tested(claims):
    found = claims()
    assert [claim.key for claim in found] == KEYS
    assert {c.verdict for c in found if c.key != "N7"} == {"not tested"}
    assert found[-1].verdict == "not shown"
    assert {claim.evidence for claim in claims(kind="real") if claim.key != "N6"} == {"real"}


@pytest.mark.parametrize(
    ("value", "spread", "verdict"),
    [(0.3, 0.01, "holds"), (0.1, 0.01, "fails"), (0.21, WIDE, "not shown")],
)
def test_n1_spikes_are_predicted_above_constant_rates(claims, value, spread, verdict):
    found = claims(
        scored(MAIN, value, spread=spread),
        scored(MAIN, value - 0.2, metric="bits per spike", chance=0.0, spread=spread),
    )
    assert only(found, "N1").verdict == verdict
    assert only(found, "N1b").verdict == verdict
    assert only(found, "N1").figure.startswith(f"{value:.3f} [")


@pytest.mark.parametrize(
    ("rival", "spread", "verdict"),
    [(0.2, 0.01, "holds"), (0.4, 0.01, "fails"), (0.3, WIDE, "not shown")],
)
def test_n1c_the_network_is_paired_with_the_regression(claims, rival, spread, verdict):
    found = claims(scored(MAIN, 0.3), scored(GLM, rival, spread=spread), models=(MAIN, GLM))
    claim = only(found, "N1c")
    assert claim.verdict == verdict
    assert "over 8 subjects" in claim.note


@pytest.mark.parametrize(("sessions", "verdict"), [(1, "holds"), (2, "not shown"), (4, "fails")])
def test_n2_wiring_is_judged_over_all_sessions_not_by_the_first(claims, sessions, verdict):
    table = wired(sessions=sessions, Pearson=(0.5, 0.2))
    found = claims(wiring=table, wiring_section={"model": MAIN, "rivals": ["Pearson"]})
    for key in ("N2", "N2b", "N2c"):
        assert only(found, key).verdict == verdict
    assert "10 units that drive others" in only(found, "N2").note


@pytest.mark.parametrize(
    ("gain", "n_seeds", "verdict"),
    [(0.2, 6, "holds"), (-0.2, 6, "fails"), (0.0, 6, "not shown"), (0.2, 2, "not shown")],
)
def test_n3_pretraining_is_judged_over_seeds(claims, gain, n_seeds, verdict):
    claim = only(claims(few_shot=few(gain, n_seeds=n_seeds, spread=0.05)), "N3")
    assert claim.verdict == verdict
    assert claim.note == f"speed r, over {n_seeds} seeds"


def test_n3_variables_and_shares_are_judged_apart(claims):
    table = pd.concat([few(0.3), few(-0.3, variable="odour", metric="balanced accuracy"),
                       few(0.3, share=1.0)])  # fmt: skip
    found = [claim for claim in claims(few_shot=table) if claim.key == "N3"]
    assert [claim.verdict for claim in found] == ["holds", "fails", "holds"]
    assert [claim.note.split(",")[0] for claim in found] == [
        "speed r", "odour balanced accuracy", "speed r",
    ]  # fmt: skip


@pytest.mark.parametrize("metric", ["r", "balanced accuracy"])
@pytest.mark.parametrize(
    ("alone", "spread", "verdict"),
    [(0.4, 0.01, "holds"), (0.8, 0.01, "fails"), (0.6, WIDE, "not shown")],
)
def test_n4_joint_training_is_paired_with_behaviour_alone(claims, metric, alone, spread, verdict):
    name = f"speed {metric}"
    found = claims(
        scored("joint", 0.6, metric=name),
        scored("behaviour alone", alone, metric=name, spread=spread),
    )
    assert only(found, "N4").verdict == verdict


@pytest.mark.parametrize(
    ("lesser", "spread", "verdict"),
    [(0.2, 0.01, "holds"), (0.4, 0.01, "fails"), (0.3, WIDE, "not shown")],
)
def test_n5_a_part_is_judged_by_models_that_differ_in_it_alone(claims, lesser, spread, verdict):
    full, without = "state+past+stimulus", "state+past"
    found = claims(
        scored(full, 0.3),
        scored(without, lesser, spread=spread),
        models=(full, without),
        stimulus={"window": 0.2},
    )
    assert only(found, "N5", "stimulus").verdict == verdict
    assert full in only(found, "N5", "stimulus").note
    assert {only(found, "N5", word).verdict for word in ("past", "behaviour", "contrastive")} == {
        "not tested"
    }


@pytest.mark.parametrize(
    ("exponent", "verdict"), [(0.8, "holds"), (1.0, "holds"), (1.3, "fails"), (2.0, "fails")]
)
def test_n6_cost_is_linear_up_to_a_stated_exponent(claims, exponent, verdict):
    claim = only(claims(cost=curve(exponent)), "N6")
    assert claim.verdict == verdict
    assert claim.figure == f"exponent {exponent:.2f}"
    assert "256 to 4096 units" in claim.note


def test_n7_any_number_of_modalities_needs_three_that_were_trained(claims):
    models = ("state+past+stimulus", "state", "state+past")
    assert only(claims(models=models, stimulus={"window": 0.2}), "N7").verdict == "holds"
    assert only(claims(models=models[1:]), "N7").verdict == "not shown"
