"""The benchmark of adhd compares counts before times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurodecode.benchmarks.adhd import counting
from neurodecode.benchmarks.adhd.claims import adhd_claims, at_most, size_note
from neurodecode.benchmarks.adhd.config import settings_of
from neurodecode.benchmarks.adhd.evaluation import evaluate_unit, timings
from neurodecode.benchmarks.adhd.measure import measure_unit
from neurodecode.benchmarks.adhd.person import draw_person
from neurodecode.benchmarks.adhd.programs import DENSE, NETWORKX, OURS, SPARSE, split_of
from neurodecode.benchmarks.adhd.sections import hours, small_section
from neurodecode.benchmarks.adhd.whole_subject import PARTS
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.benchmarks.ratios import ratios_over_repeats
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.connectome import VoxelGraph, three_cycle_map

FOLDER = Path(__file__).parents[3] / "configs" / "bench"
SUBJECT, COUNTING, SMALL = (
    f"{kind}-threads-1-repeat-2" for kind in ("subject", "counting", "small")
)


def config_of(*overrides, name="adhd_smoke"):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / f"{name}.yaml"), overrides))


@pytest.fixture(scope="module")
def subject():
    return measure_unit(config_of(), SUBJECT, [])


@pytest.fixture(scope="module")
def counted():
    return measure_unit(config_of(), COUNTING, [])


@pytest.fixture(scope="module")
def small():
    return measure_unit(config_of(), SMALL, [])


@pytest.fixture(scope="module")
def graph():
    upper = np.triu(np.random.default_rng(0).random((150, 150)) < 0.2, 1)
    return VoxelGraph.from_adjacency(upper | upper.T)


def test_the_person_has_the_same_courses_again_and_only_the_pass_band():
    brain = settings_of(config_of()).brain
    courses = draw_person(brain, seed=3)
    assert courses.shape[1] == 60
    assert courses.dtype == np.float32
    np.testing.assert_array_equal(courses, draw_person(brain, seed=3))
    hertz = np.fft.rfftfreq(60, brain.t_r)
    power = (np.abs(np.fft.rfft(courses, axis=1)) ** 2).sum(axis=0)
    assert power[hertz > 0.081].sum() < 1e-6 * power.sum()


def test_every_program_counts_the_same_integers_and_some_are_not_zero(counted, small):
    for found, peers in ((counted, {DENSE, SPARSE}), (small, {NETWORKX})):
        for each in found["graphs"]:
            assert set(each["differing"]) >= peers
            assert not any(each["differing"].values())
        assert found["graphs"][-1]["wedges"] > 0


@pytest.mark.parametrize("peers", [(DENSE, SPARSE), (NETWORKX,)])
def test_a_program_counts_the_voxels_that_it_says(graph, peers):
    expected = three_cycle_map(graph)
    assert expected.min() > 0
    programs, voxels, _ = counting.make_programs(graph, peers, 40, 1)
    for peer in peers:
        counts, seconds = programs[peer]()
        np.testing.assert_array_equal(counts, expected[voxels[peer]])
        assert seconds > 0
        assert len(counts) == (150 if peer == NETWORKX else 40)


def test_the_work_of_all_voxels_is_that_of_the_law(graph):
    _, voxels, scales = counting.make_programs(graph, (DENSE, SPARSE), 30, 1)
    matrix = graph.adjacency().astype(int)
    work = matrix @ matrix.sum(axis=1)
    assert scales[SPARSE] == pytest.approx(work.sum() / work[voxels[SPARSE]].sum())
    assert work.sum() == (matrix.sum(axis=1) ** 2).sum()  # the wedges of the other law
    assert scales[DENSE] == 3.0  # 15 blocks of 30 x 30 on and above the diagonal, 5 in a stripe
    assert scales[OURS] == 1.0


def test_a_wrong_count_is_found_out_and_gets_no_ratio(monkeypatch):
    monkeypatch.setattr(counting, "three_cycle_map", lambda graph, **_: three_cycle_map(graph) + 1)
    found = measure_unit(config_of(), COUNTING, [])
    result = evaluate_unit(config_of(), COUNTING, found)
    assert result.rows == []
    assert result.facts["gaps"]["counts"] == 64
    (claim, *_) = adhd_claims(64, pd.DataFrame({"threads": []}), [], config_of())
    assert (claim.key, claim.verdict) == ("B1", "fails")


def test_ratios_are_those_of_rounds_with_the_work_of_all_voxels(counted):
    graphs = [
        {**each, "seconds": {OURS: [2.0, 1.0], DENSE: [3.0, 6.0], SPARSE: [1.0, 1.0]},
         "scale": {OURS: 1.0, DENSE: 10.0, SPARSE: 4.0}} for each in counted["graphs"][:1]
    ]  # fmt: skip
    rows = evaluate_unit(config_of(), COUNTING, {**counted, "graphs": graphs}).rows
    assert {row.split: row.value for row in rows} == {
        split_of(DENSE, 0.004, 1): 37.5,
        split_of(SPARSE, 0.004, 1): 3.0,
    }


def test_networkx_is_extrapolated_by_pairs_of_neighbours(counted, small):
    graphs = [{**each, "seconds": {OURS: [1.0], NETWORKX: [2.0]}, "wedges": 10.0,
               "scale": {OURS: 1.0, NETWORKX: 1.0}} for each in small["graphs"][:1]]  # fmt: skip
    table = timings({**small, "graphs": graphs}).assign(threads=1)
    full = timings({**counted, "graphs": [{**counted["graphs"][0], "wedges": 100.0}]})
    rows = small_section(table, full, [], config_of()).blocks[1].rows
    assert {row[3]: row[-1] for row in rows} == {NETWORKX: "20 s", OURS: "measured above"}


def test_a_subject_is_the_sum_of_its_parts_within_the_memory_of_its_process(subject):
    found = evaluate_unit(config_of(), SUBJECT, subject)
    assert len(found.table) == 2
    np.testing.assert_allclose(found.table["seconds"], found.table[list(PARTS)].sum(axis=1))
    assert subject["density"] == pytest.approx(0.015, rel=0.01)
    assert 0.05 < subject["peak_memory_gb"] < 20


@pytest.mark.parametrize(
    ("values", "verdict"),
    [([3.0, 9.9], "holds"), ([9.0, 11.0], "not shown"), ([10.5, 11.0], "fails")],
)
def test_a_limit_is_judged_by_all_rounds(values, verdict):
    assert at_most("B2", "", pd.Series(values), 10.0, "s", "").verdict == verdict


def test_claims_cover_every_peer_and_density_and_name_what_is_absent(counted):
    config = config_of("targets.dense=0", "targets.sparse=1e9")
    found = evaluate_unit(config, COUNTING, counted)
    ratios = ratios_over_repeats([{"rows": [vars(r) for r in found.rows]}], repeats=1, seed=0)
    subjects = pd.DataFrame({"threads": [1], "seconds": [1.0], "peak_memory_gb": [4.0]})
    claims = adhd_claims(0, subjects, ratios, config, absent=[NETWORKX])
    verdicts = {claim.key: claim.verdict for claim in claims}
    assert len(verdicts) == 3 + 3 * 3
    assert verdicts["B2-threads-1"] == "holds"
    assert verdicts["B3-threads-1"] == "fails"
    assert verdicts["B4-0.07-threads-1"] == "holds"
    assert verdicts["B5-0.07-threads-1"] == "fails"
    assert verdicts["B6-0.07-threads-1"] == "not tested"
    assert "not installed" in claims[-1].note


def test_the_full_experiment_has_the_published_size():
    config = config_of(name="adhd")
    assert size_note(config) == ""
    assert "another" in size_note(config_of())
    bench = settings_of(config)
    assert (bench.brain.voxel_mm, bench.brain.n_volumes, bench.n_subjects) == (4, 172, 947)
    assert bench.counting.densities == (0.004, 0.015, 0.07)


@pytest.mark.parametrize(("seconds", "said"), [(9.87, "9.87 s"), (90, "1.5 min"), (9000, "2.5 h")])
def test_times_are_written_in_the_unit_that_suits(seconds, said):
    assert hours(seconds) == said
