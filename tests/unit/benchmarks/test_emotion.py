"""The benchmark of emotion compares outputs and gradients before times."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.emotion import plain
from neurodecode.benchmarks.emotion.claims import histn_claims, size_note
from neurodecode.benchmarks.emotion.evaluation import evaluate_unit
from neurodecode.benchmarks.emotion.measure import measure_unit
from neurodecode.benchmarks.emotion.plain import PlainHiSTN
from neurodecode.benchmarks.emotion.programs import OURS, PLAIN, RIVAL
from neurodecode.benchmarks.emotion.results import headline, throughput_section
from neurodecode.benchmarks.ratios import ratios_over_repeats
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.emotion import HiSTN

FOLDER = Path(__file__).parents[3] / "configs" / "bench"
UNIT = "step-threads-1-repeat-2"


def config_of(*overrides, name="emotion_smoke"):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / f"{name}.yaml"), overrides))


@pytest.fixture(scope="module")
def measured():
    return measure_unit(config_of(), UNIT, [])


def test_both_forms_have_the_same_outputs_and_gradients(measured):
    assert measured["gaps"]["outputs"] < 1e-5
    assert measured["gaps"]["gradient"] < 1e-4


@pytest.mark.parametrize("graph", ["G1", "G2"])
def test_the_plain_form_is_the_network_in_double_precision(graph):
    torch.manual_seed(0)
    ours, peer = HiSTN(graph).double().eval(), PlainHiSTN(graph).double().eval()
    peer.load_state_dict(ours.state_dict())
    windows = torch.randn(4, 14, 128, dtype=torch.float64)
    torch.testing.assert_close(ours(windows), peer(windows), rtol=0, atol=1e-12)


def test_a_form_that_computes_something_else_is_found_out(monkeypatch):
    monkeypatch.setattr(plain, "avg_pool1d", lambda signals, _: signals[..., ::2])
    found = measure_unit(config_of(), UNIT, [])
    assert found["gaps"]["outputs"] > 1e-3
    assert evaluate_unit(config_of(), UNIT, found).rows == []


def test_ratios_say_how_many_times_as_fast_ours_is(measured):
    speeds = {row["network"]: row for row in measured["throughput"] if row["phase"] == "training"}
    known = [speeds[OURS] | {"ratio": 1.0}, speeds[PLAIN] | {"ratio": 0.25},
             speeds[RIVAL] | {"ratio": 0.5}]  # fmt: skip
    rows = evaluate_unit(config_of(), UNIT, {**measured, "throughput": known}).rows
    assert {row.split: row.value for row in rows} == {
        "training, plain, threads: 1": 4.0,
        "training, EEGNet, threads: 1": 2.0,
    }
    assert {row.session for row in rows} == {"repeat-2"}


def test_claims_are_judged_by_the_smallest_and_the_largest_ratio(measured):
    config = config_of("repeats=1", "targets.eegnet_training=1e9", "targets.plain_training=0")
    found = evaluate_unit(config, UNIT, measured)
    facts = [{"rows": [vars(row) for row in found.rows]}]
    ratios = ratios_over_repeats(facts, repeats=1, seed=0)
    claims = {c.key: c.verdict for c in histn_claims(measured["gaps"], ratios, config)}
    assert claims["outputs"] == claims["gradient"] == "holds"
    assert claims["eegnet_training-threads-1"] == "fails"
    assert claims["plain_training-threads-1"] == "holds"
    assert set(claims) > {"plain_inference-threads-1", "eegnet_inference-threads-1"}
    assert headline(ratios, measured["gaps"], config).metric == "times as fast as EEGNet"
    table = throughput_section(found.table, ratios, config).blocks[1]
    assert [row[2] for row in table.rows] == [OURS, PLAIN, RIVAL] * 2
    assert all(float(row[6]) > 0 for row in table.rows)


def test_results_that_differ_are_the_headline(measured):
    assert headline([], {"outputs": 0.5, "gradient": 0.1}, config_of()).value == 0.5


def test_the_full_experiment_has_the_published_size():
    assert size_note(config_of(name="emotion")) == ""
    assert "another" in size_note(config_of())
