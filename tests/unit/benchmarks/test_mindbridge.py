"""The benchmark of mindbridge compares losses and gradients before times."""

from __future__ import annotations

from pathlib import Path

import pytest

from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.mindbridge import step
from neurodecode.benchmarks.mindbridge.claims import bridge_step_claims, size_note
from neurodecode.benchmarks.mindbridge.evaluation import evaluate_unit
from neurodecode.benchmarks.mindbridge.measure import measure_unit
from neurodecode.benchmarks.mindbridge.programs import OURS, PEER
from neurodecode.config import apply_overrides, read_yaml, validate

FOLDER = Path(__file__).parents[3] / "configs" / "bench"
UNIT = "step-threads-1-repeat-2"


def config_of(*overrides, name="mindbridge_smoke"):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / f"{name}.yaml"), overrides))


@pytest.fixture(scope="module")
def measured():
    return measure_unit(config_of(), UNIT, [])


def test_both_programs_have_the_same_loss_and_gradients(measured):
    assert measured["losses"][OURS] == pytest.approx(measured["losses"][PEER], rel=1e-5)
    assert measured["gradient_gap"] < 1e-4


def test_a_program_without_one_term_would_be_found_out(monkeypatch):
    whole = step.bridge_terms

    def without_cycle(model, rows, *, pair):
        return whole(model, rows, pair=None)

    monkeypatch.setattr(step, "bridge_terms", without_cycle)
    found = measure_unit(config_of(), UNIT, [])
    assert found["gradient_gap"] > 1e-3
    assert evaluate_unit(config_of(), UNIT, found).rows == []


def test_the_ratio_is_that_of_paired_steps(measured):
    seconds = {OURS: [1.0, 2.0, 4.0], PEER: [2.0, 6.0, 4.0]}
    (row,) = evaluate_unit(config_of(), UNIT, {**measured, "seconds": seconds}).rows
    assert (row.value, row.split, row.session) == (2.0, "threads-1", "repeat-2")


def test_memory_is_four_times_the_weights_and_the_limit_is_judged(measured):
    memory = measured["memory"]
    assert memory["gradients"] + memory["optimiser"] == pytest.approx(3 * memory["weights"])
    config = config_of("targets.memory_gb=0.001")
    claims = bridge_step_claims({"loss": 0.0, "gradient": 0.0}, [], memory, config)
    assert {c.key: c.verdict for c in claims}["T2"] == "fails"


def test_the_full_experiment_has_the_published_size():
    assert size_note(config_of(name="mindbridge")) == ""
    assert "another" in size_note(config_of())
