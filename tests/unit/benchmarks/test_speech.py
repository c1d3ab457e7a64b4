"""The benchmark of speech compares results before times, with peers that compute the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.speech import step
from neurodecode.benchmarks.speech.claims import speech_claims
from neurodecode.benchmarks.speech.evaluation import evaluate_unit
from neurodecode.benchmarks.speech.measure import measure_unit
from neurodecode.benchmarks.speech.programs import FROM_FILE, OURS, PEER, PROGRAMS, READERS
from neurodecode.benchmarks.speech.retrieval import Drawn, dense_ranks, time_retrieval
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.faults import ConfigFault
from neurodecode.signals.store import write_store

FOLDER = Path(__file__).parents[3] / "configs" / "bench"


def config_of(*overrides, name="speech_smoke"):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / f"{name}.yaml"), overrides))


@pytest.fixture(scope="module")
def steps():
    return measure_unit(config_of(), "step-threads-1-repeat-1", [])


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    signals = np.random.default_rng(0).normal(3, 5, (2, 12, 300))
    table = pd.DataFrame({"label": ["a", "b"]})
    write_store(folder / "main", signals, table, {"channels": []})
    found = measure_unit(config_of(), "windows-repeat-1", [folder / "main"])
    return found, sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def retrieval():
    return measure_unit(config_of(), "retrieval", [])


def test_every_program_takes_the_same_first_steps(steps):
    assert set(steps["losses"]) == set(PROGRAMS)
    for found in steps["losses"].values():
        np.testing.assert_allclose(found, steps["losses"][PEER], atol=1e-5)
    first, second = steps["losses"][PEER]
    assert first != second


def test_all_steps_but_those_compared_are_timed(steps):
    rounds = config_of().benchmark.step.rounds
    assert {len(found) for found in steps["seconds"].values()} == {rounds}
    assert {len(found) for found in steps["cpu_seconds"].values()} == {rounds}


def test_timing_leaves_threads_and_random_state_as_they_were():
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    step.time_steps(config_of().benchmark.step, (12, 73), threads=2, seed=1)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


def test_the_gradients_of_every_program_are_the_same():
    sizes = config_of().benchmark.step
    torch.manual_seed(0)
    programs = step.make_programs(sizes, torch.rand(12, 2))
    batch = torch.randn(4, 12, 73), torch.tensor([0, 1, 1, 0])
    targets = torch.randn(4, sizes.n_features, 73)
    found = {}
    for name, program in programs.items():
        torch.manual_seed(5)
        estimates = program.network(batch[0], program.positions, batch[1])
        program.loss(estimates, targets).backward()
        found[name] = dict(program.network.named_parameters())
    for name, parameters in found.items():
        for key, parameter in parameters.items():
            expected = found[PEER][key].grad
            scale = max(float(expected.abs().max()), 1e-3)
            assert float((parameter.grad - expected).abs().max()) < 1e-4 * scale, (name, key)


def test_a_ratio_is_the_median_over_steps_in_turn(steps):
    seconds = {name: [1.0, 2.0, 4.0] for name in PROGRAMS} | {PEER: [2.0, 6.0, 4.0]}
    cpu = dict.fromkeys(PROGRAMS, [1.0] * 3)
    result = evaluate_unit(config_of(), "step-threads-1-repeat-1",
                           {**steps, "seconds": seconds, "cpu_seconds": cpu})  # fmt: skip
    assert {row.model: row.value for row in result.rows} == dict.fromkeys(PROGRAMS[:-1], 2.0)


def test_a_program_whose_loss_differs_gets_no_ratio(steps):
    losses = {**steps["losses"], OURS: [value + 1e-4 for value in steps["losses"][OURS]]}
    result = evaluate_unit(config_of(), "step-threads-1-repeat-1", {**steps, "losses": losses})
    assert OURS not in {row.model for row in result.rows}
    assert result.facts["gaps"][OURS] == pytest.approx(1e-4, rel=0.1)


def test_windows_equal_those_read_singly_through_mne(windows):
    found, _ = windows
    assert set(found["gaps"]) == set(READERS)
    assert max(found["gaps"].values()) < 1e-6
    assert min(found["seconds"].values()) > 0


def test_the_recordings_that_were_read_are_gone_afterwards(windows):
    assert windows[1] == ["main"]


def test_windows_that_differ_get_no_ratio(windows):
    measured = {**windows[0], "gaps": dict.fromkeys(READERS, 1e-3)}
    assert evaluate_unit(config_of(), "windows-repeat-1", measured).rows == []


def test_ranks_equal_those_of_a_dense_statement(retrieval):
    assert retrieval["checked"]["ours"] == retrieval["checked"]["dense"]
    assert len(retrieval["checked"]["dense"]) == config_of().benchmark.retrieval.n_checked
    assert 0.3 < retrieval["first_choices"] <= 1
    assert retrieval["peak_memory_gb"] > 0


def test_a_dense_rank_counts_the_scores_above_the_true_one():
    sizes = config_of().benchmark.retrieval
    drawn = Drawn(sizes, 3)
    estimates = torch.cat(list(drawn.estimates(5))).double().flatten(1)
    candidates = drawn.candidates(0, sizes.n_candidates).double().flatten(1)
    scores = estimates @ (candidates / candidates.norm(dim=1, keepdim=True)).T
    expected = [1 + int((row > row[i]).sum()) for i, row in enumerate(scores)]
    assert dense_ranks(drawn, 5).tolist() == expected


def test_estimates_are_the_same_whatever_their_batches():
    sizes = config_of().benchmark.retrieval
    whole = torch.cat(list(Drawn(sizes, 3).estimates()))
    single = Drawn(sizes.model_copy(update={"batch_size": 1}), 3)
    assert torch.equal(torch.cat(list(single.estimates())), whole)
    assert time_retrieval(sizes, threads=1, seed=3)["first_choices"] > 1 / sizes.n_candidates


def test_each_claim_is_judged_by_its_own_figure(steps):
    config = config_of()
    (ours, *_) = evaluate_unit(config, "step-threads-1-repeat-1", steps).rows
    rows = [
        replace(ours, split="threads-1", ci_low=1.4, ci_high=1.6, value=1.5),
        replace(ours, split=FROM_FILE, ci_low=0.9, ci_high=1.2, value=1.1),
    ]
    facts = {"n_checked": 9, "n_wrong": 1, "seconds": 5.0, "peak_memory_gb": 2.5}
    claims = {c.key: c for c in speech_claims({"loss": 1e-6, "windows": 1e-3}, rows, facts, config)}
    assert {key: claim.verdict for key, claim in claims.items()} == {
        "losses": "holds",
        "B1-threads-1": "holds",
        "windows": "fails",
        "B2": "not shown",
        "ranks": "fails",
        "B3": "fails",
    }
    assert "another" in claims["B3"].note


def test_the_full_experiment_has_the_published_size():
    config = config_of(name="speech")
    bench, step_of = config.benchmark, config.benchmark.step
    assert (config.data.simulation.n_channels, bench.signals.n_samples) == (208, 361)
    assert (step_of.n_participants, step_of.n_features, step_of.batch_size) == (27, 1024, 16)
    assert (bench.retrieval.n_queries, bench.retrieval.n_candidates) == (20_000, 1300)
    facts = {"n_checked": 1, "n_wrong": 0, "seconds": 1.0, "peak_memory_gb": 1.0}
    claims = speech_claims({"loss": 0.0, "windows": 0.0}, [], facts, config)
    assert {claim.note for claim in claims if claim.key == "B3"} == {""}


def test_each_repeat_is_a_job_and_retrieval_is_one():
    config = config_of("workers=[1, 2]", "repeats=1")
    assert config.units([]) == {
        "step-threads-1-repeat-1": [],
        "step-threads-2-repeat-1": [],
        "windows-repeat-1": ["main"],
        "retrieval": [],
    }


def test_a_recording_shorter_than_a_window_is_refused():
    with pytest.raises(ConfigFault, match="must exceed a window of 73"):
        config_of("data.simulation.n_samples=60")
