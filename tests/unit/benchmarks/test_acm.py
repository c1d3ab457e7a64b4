"""A benchmark compares scores before times, and estimates only what it says it estimates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodecode.benchmarks.acm.claims import bench_claims
from neurodecode.benchmarks.acm.evaluation import evaluate_unit, largest_gap, peer_seconds
from neurodecode.benchmarks.acm.extrapolation import whole_search_seconds
from neurodecode.benchmarks.acm.results import headline
from neurodecode.benchmarks.config import BenchConfig
from neurodecode.config import apply_overrides, read_yaml, validate
from neurodecode.datasets.simulate.band_limited_noise import (
    SFREQ,
    draw_noise,
    simulate_band_limited_noise,
)
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.report.figures import curves_figure

FOLDER = Path(__file__).parents[3] / "configs" / "bench"


def config_of(*overrides):
    return validate(BenchConfig, apply_overrides(read_yaml(FOLDER / "smoke.yaml"), overrides))


def measured(shared=0.8, peer=0.8, seconds=2.0):
    """Orders 1 and 3 at two lags, two settings: 8 candidates."""
    row = {"lag": 2, "C": 1.0, "kernel": "rbf", "peer": peer, "exact": 0.8, "shared": shared}
    candidates = [{**row, "order": p, "seconds": seconds} for p in (1, 3)]
    ours = [
        {"mode": m, "lags": [lag], "seconds": 0.25} for m in ("exact", "shared") for lag in (1, 2)
    ]
    return {"ours": ours, "candidates": candidates}


def test_a_power_law_of_the_order_is_found_exactly():
    sampled = {(p, 4): [p**2.0] for p in (1, 2, 5, 10)}
    found = whole_search_seconds(sampled, range(1, 11), n_lags=10, n_settings=6)
    assert found == pytest.approx(385 * 60)


def test_samples_of_one_order_are_averaged():
    sampled = {(1, 1): [1.0, 3.0], (1, 2): [5.0]}
    assert whole_search_seconds(sampled, [1], n_lags=2, n_settings=3) == pytest.approx(18)


def test_an_order_between_two_samples_lies_on_the_power_law_through_both():
    sampled = {(1, 1): [1.0], (4, 1): [16.0]}
    assert whole_search_seconds(sampled, [2], n_lags=1, n_settings=1) == pytest.approx(4)


@pytest.mark.parametrize("orders", [[1, 2], [2, 5], []])
def test_nothing_is_extrapolated_beyond_the_sampled_orders(orders):
    sampled = {(2, 1): [1.0], (4, 1): [16.0]} if orders else {}
    with pytest.raises(DataFault, match=r"benchmark\.sampled"):
        whole_search_seconds(sampled, orders or [1], n_lags=1, n_settings=1)


def test_a_ratio_is_the_estimate_of_the_peer_over_the_sum_of_our_parts():
    result = evaluate_unit(config_of(), "workers-2-repeat-1", measured())
    # 2 orders x 2 lags x 2 settings x 2 s against 0.5 s
    assert [(row.model, row.value, row.chance) for row in result.rows] == [
        ("exact", pytest.approx(32), 1.0),
        ("shared", pytest.approx(32), 1.0),
    ]


def test_a_mode_whose_scores_differ_gets_no_ratio():
    result = evaluate_unit(config_of(), "workers-2-repeat-1", measured(shared=0.802))
    assert [row.model for row in result.rows] == ["exact"]
    assert result.facts["gaps"]["shared"] == pytest.approx(0.002)


def test_without_a_candidate_that_both_can_score_there_is_no_ratio():
    config = config_of()
    table = evaluate_unit(config, "workers-2-repeat-1", measured()).table.assign(peer=np.nan)
    assert np.isnan(largest_gap(table, "exact"))
    with pytest.raises(DataFault, match="could be timed at none"):
        peer_seconds(table, config.benchmark)


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(31, 35, "holds"), (20, 29, "fails"), (28, 33, "not shown")]
)
def test_a_claim_is_judged_by_the_range_of_the_repeats(low, high, verdict):
    from dataclasses import replace

    config = config_of()
    (exact, _) = evaluate_unit(config, "workers-2-repeat-1", measured()).rows
    row = replace(exact, value=(low + high) / 2, ci_low=low, ci_high=high)
    claims = {c.key: c for c in bench_claims({"exact": 0.0, "shared": 0.5}, [row], config)}
    assert claims["exact-2"].verdict == verdict
    assert "claimed for 22 channels" in claims["exact-2"].note
    assert claims["scores-exact"].verdict == "holds"
    assert claims["scores-shared"].verdict == "fails"
    assert claims["shared-2"].verdict == "not tested"


def test_the_headline_of_unequal_scores_is_no_ratio():
    said = headline([], {"exact": 0.004, "shared": np.nan}, config_of()).sentence
    assert "times are not compared" in said
    assert "as fast" not in said


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("benchmark.sampled=[[1, 2]]", "smallest and largest order must be sampled"),
        ("benchmark.sampled=[[1, 9], [3, 1]]", "must be one of orders and lags"),
        ("benchmark.cost.trials=[900]", "more than data.simulation.n_trials"),
        ("benchmark.method=speach", "unknown benchmark.method .speach., did you mean .speech."),
    ],
)
def test_settings_that_cannot_be_measured_are_refused(override, said):
    with pytest.raises(ConfigFault, match=said):
        config_of(override)


def test_each_repeat_and_curve_is_a_job_of_its_own():
    config = config_of("workers=[1, 2]", "repeats=2", "benchmark.cost.trials=[20]")
    assert config.units([]) == {
        "workers-1-repeat-1": ["main"],
        "workers-2-repeat-1": ["main"],
        "workers-1-repeat-2": ["main"],
        "workers-2-repeat-2": ["main"],
        "cost-channels": ["wide"],
        "cost-trials": ["main"],
    }


def test_the_full_experiment_is_the_one_of_the_paper():
    config = validate(BenchConfig, read_yaml(FOLDER / "acm.yaml"))
    assert config.benchmark.n_candidates == 600
    assert config.benchmark.arrays(config.data.simulation)["main"] == (288, 22, 1001)


def test_simulated_noise_is_the_same_each_time_and_stays_in_its_band(tmp_path):
    X, y = draw_noise(12, 5, 500, random_state=1)
    again, _ = draw_noise(12, 5, 500, random_state=1)
    np.testing.assert_array_equal(X, again)
    assert sorted(y.tolist()) == ["strong"] * 6 + ["weak"] * 6
    power = (np.abs(np.fft.rfft(X * np.hanning(500))) ** 2).mean(axis=(0, 1))
    hz = np.fft.rfftfreq(500, 1 / SFREQ)
    assert power[(hz > 5) & (hz < 45)].sum() > 0.99 * power.sum()
    files = simulate_band_limited_noise(tmp_path, arrays={"a": (12, 5, 500)}, random_state=1)
    np.testing.assert_array_equal(np.load(files[0]), X)


def test_curves_are_spoken_too():
    import pandas as pd

    table = pd.DataFrame({"value": [8, 8, 16], "peer": [1.0, 3.0, 9.0], "ours": [0.1, 0.1, 0.2]})
    figure = curves_figure(table, ("peer", "ours"), xlabel="channels", ylabel="s", name="c")
    assert "peer: 8 channels 2, 16 channels 9" in figure.alt
    assert figure.svg.startswith("<svg")
