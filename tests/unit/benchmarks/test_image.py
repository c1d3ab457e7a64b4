"""The benchmark of image compares results before times, with peers that compute the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from threadpoolctl import threadpool_info

from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.image import ridge
from neurodecode.benchmarks.image.claims import image_claims, size_note
from neurodecode.benchmarks.image.evaluation import evaluate_unit
from neurodecode.benchmarks.image.measure import measure_unit
from neurodecode.benchmarks.image.programs import (
    KERNEL,
    LOOP,
    OURS,
    RANKERS,
    RIDGES,
    SKLEARN,
    SORTED,
    SVD,
    split_of,
)
from neurodecode.benchmarks.image.results import largest
from neurodecode.benchmarks.image.retrieval import draw
from neurodecode.benchmarks.machine import limited
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.faults import ConfigFault
from neurodecode.signals.store import write_store

FOLDER = Path(__file__).parents[3] / "configs" / "bench"
RIDGE, RETRIEVAL = "ridge-threads-1-repeat-1", "retrieval-threads-1-repeat-2"


def config_of(*overrides, name="image_smoke"):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / f"{name}.yaml"), overrides))


@pytest.fixture(scope="module")
def array(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores") / "main"
    signals = np.random.default_rng(0).normal(3, 5, (60, 4, 50))
    write_store(folder, signals, pd.DataFrame({"label": ["a"] * 60}), {"channels": []})
    return folder


@pytest.fixture(scope="module")
def ridges(array):
    return measure_unit(config_of(), RIDGE, [array])


@pytest.fixture(scope="module")
def retrieval():
    return measure_unit(config_of(), RETRIEVAL, [])


def test_every_program_chooses_the_same_penalty_inside_the_grid(ridges, array):
    assert set(ridges["alphas"]) == {OURS, *RIDGES}
    for alpha in ridges["alphas"].values():
        assert alpha == pytest.approx(ridges["alphas"][OURS], rel=1e-5)
    assert max(ridges["gaps"].values()) < 1e-8
    for score in ridges["scores"].values():
        assert score == pytest.approx(ridges["scores"][OURS], abs=1e-4)
    x, _ = ridge.draw(array, 6, seed=config_of().seed + 1)
    scale = float(np.square(x - x.mean(axis=0)).sum() / len(x))
    assert 1.01e-3 * scale < ridges["alphas"][OURS] < 0.99e4 * scale


def test_in_single_precision_windows_and_targets_are_single(array, monkeypatch):
    seen, fit = [], ridge.DualRidgeCV.fit
    monkeypatch.setattr(
        ridge.DualRidgeCV,
        "fit",
        lambda self, x, y: seen.append((x.dtype, y.dtype)) or fit(self, x, y),
    )
    sizes = config_of("benchmark.ridge.precision=float32").benchmark.ridge
    found = ridge.time_ridges(array, sizes, seed=0, turn=0)
    assert {str(kind) for pair in seen for kind in pair} == {"float32"}
    assert found["gaps"][SKLEARN] < 1e-4


def test_targets_are_half_signal(array):
    x, y = ridge.draw(array, 6, seed=3)
    assert (x.shape, y.shape, y.dtype) == ((60, 200), (60, 6), np.float32)
    assert float(np.square(y).mean()) == pytest.approx(2.0, abs=0.3)


def test_every_program_ranks_alike(retrieval):
    assert set(retrieval["ranks"]) == {OURS, *RANKERS}
    for found in retrieval["ranks"].values():
        assert found == retrieval["ranks"][OURS]
    ranks = np.array(retrieval["ranks"][OURS])
    assert ranks.min() == 1
    assert ranks.max() > 1  # so that a program that always says 1 would be found out


def test_ranks_are_those_of_cosines_in_double_precision(retrieval):
    config = config_of()
    queries, candidates, true = draw(config.benchmark.retrieval, seed=config.seed + 2)
    normed = candidates.astype(float)
    normed /= np.linalg.norm(normed, axis=1, keepdims=True)
    scores = queries.astype(float) @ normed.T
    expected = 1 + (scores > scores[np.arange(len(true)), true][:, None]).sum(axis=1)
    assert retrieval["ranks"][OURS] == expected.tolist()


def test_another_program_begins_in_each_repeat(array):
    sizes = config_of().benchmark.ridge
    firsts = [
        next(iter(ridge.time_ridges(array, sizes, seed=0, turn=t)["seconds"])) for t in (0, 1)
    ]
    assert firsts == [OURS, SKLEARN]


def test_a_ratio_is_that_of_the_seconds(ridges, retrieval):
    seconds = {OURS: 2.0, SKLEARN: 8.0, KERNEL: 3.0, SVD: 1.0}
    result = evaluate_unit(config_of(), RIDGE, {**ridges, "seconds": seconds})
    assert {row.split: row.value for row in result.rows} == {
        split_of(SKLEARN, 1): 4.0, split_of(KERNEL, 1): 1.5, split_of(SVD, 1): 0.5,
    }  # fmt: skip
    result = evaluate_unit(
        config_of(), RETRIEVAL, {**retrieval, "seconds": {OURS: 1.0, LOOP: 3.0, SORTED: 2.0}}
    )
    assert {row.split: row.value for row in result.rows} == {
        split_of(LOOP, 1): 3.0, split_of(SORTED, 1): 2.0,
    }  # fmt: skip
    assert {row.session for row in result.rows} == {"repeat-2"}


def test_a_peer_whose_results_differ_gets_no_ratio(ridges, retrieval):
    other = {
        "alphas": {**ridges["alphas"], SKLEARN: 7.0},
        "gaps": {**ridges["gaps"], KERNEL: 0.01},
    }
    result = evaluate_unit(config_of(), RIDGE, {**ridges, **other})
    assert [row.split for row in result.rows] == [split_of(SVD, 1)]
    assert result.facts["gaps"][SKLEARN] is None
    ranks = {**retrieval["ranks"], LOOP: [rank + 2 for rank in retrieval["ranks"][LOOP]]}
    result = evaluate_unit(config_of(), RETRIEVAL, {**retrieval, "ranks": ranks})
    assert [row.split for row in result.rows] == [split_of(SORTED, 1)]
    assert result.facts["gaps"][LOOP] == 2.0


def test_a_difference_that_could_not_be_taken_is_not_equality():
    assert largest([1e-6, None]) is None
    assert largest([1e-6, 2e-6]) == 2e-6


def test_each_claim_is_judged_by_its_own_figure(ridges):
    config = config_of()
    (row, *_) = evaluate_unit(config, RIDGE, ridges).rows
    rows = [
        replace(row, split=split_of(SKLEARN, 1), value=6.0, ci_low=5.5, ci_high=7.0),
        replace(row, split=split_of(LOOP, 1), value=2.0, ci_low=1.5, ci_high=2.5),
    ]
    claims = image_claims({"ridge": 1e-5, "ranks": 2.0}, rows, config)
    assert {claim.key: claim.verdict for claim in claims} == {
        "ridge": "holds",
        "ranks": "fails",
        "R1-threads-1": "holds",
        "R2-threads-1": "not tested",
        "R3-threads-1": "not shown",
    }
    assert image_claims({"ridge": None, "ranks": 0.0}, [], config)[0].verdict == "fails"


def test_the_full_experiment_has_the_size_that_is_claimed():
    config = config_of(name="image")
    bench, array = config.benchmark, config.data.simulation
    assert array.n_channels * array.n_samples == 5000
    assert (array.n_trials, bench.ridge.n_targets, bench.ridge.n_alphas) == (2000, 256, 12)
    sizes = bench.retrieval
    assert (sizes.n_queries, sizes.n_candidates, sizes.n_features) == (2400, 6059, 768)
    assert size_note(config) == ""
    assert "another" in size_note(config_of())


def test_each_repeat_and_number_of_threads_is_a_job():
    config = config_of("workers=[1, 2]", "repeats=1")
    assert config.units([]) == {
        "ridge-threads-1-repeat-1": ["main"],
        "ridge-threads-2-repeat-1": ["main"],
        "retrieval-threads-1-repeat-1": [],
        "retrieval-threads-2-repeat-1": [],
    }


def test_threads_are_those_asked_for_and_are_given_back():
    before = torch.get_num_threads()
    with limited(1):
        assert torch.get_num_threads() == 1
        blas = [entry for entry in threadpool_info() if entry["user_api"] == "blas"]
        assert {entry["num_threads"] for entry in blas} <= {1}
    assert torch.get_num_threads() == before


def test_too_few_windows_for_the_folds_are_refused():
    with pytest.raises(ConfigFault, match=r"data\.simulation\.n_trials must be 6 or more"):
        config_of("data.simulation.n_trials=5")
